"""What was set, what is there and what is wanted: every way in which two of the three agree, at each kind of place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from sidecar.inject.three_way import merge

_NAMES = st.sampled_from("abc")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | _NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


def named(**values: Any) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


@given(_JSON, _JSON)
def test_where_the_wish_is_the_same_what_is_there_stays(was: Any, there: Any) -> None:
    assert merge(was, there, was) == there


@given(_JSON, _JSON)
def test_where_nobody_changed_anything_the_new_wish_is_met(was: Any, wanted: Any) -> None:
    assert merge(was, was, wanted) == wanted


@pytest.mark.parametrize(
    ("was", "there", "wanted", "expected"),
    [
        pytest.param("1", "mirror/1", "2", "mirror/1", id="a value that both changed is theirs"),
        pytest.param("1", UNSET, "2", UNSET, id="what they took away does not come back"),
        pytest.param({"a": 1, "b": 1}, {"a": 9, "b": 1}, {"a": 2, "b": 2}, {"a": 9, "b": 2}, id="field by field"),
        pytest.param(UNSET, {"theirs": 1}, {"ours": 2}, {"theirs": 1, "ours": 2}, id="both added a mapping"),
        pytest.param({"a": 1}, {"a": 1, "theirs": 2}, UNSET, {"theirs": 2}, id="ours goes, theirs stays"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 1, "c": 1}}, {"a": {"b": 2}}, {"a": {"b": 2, "c": 1}}, id="deep"),
        pytest.param(["--port", "1"], ["--port", "1", "-v"], ["--port", "2"], ["--port", "1", "-v"], id="texts are a whole"),
        pytest.param([{"p": 1}], [{"p": 1, "t": 1}], [{"p": 2}], [{"p": 2, "t": 1}], id="by place"),
        pytest.param([{"m": 1}], [{"m": 1}, {"m": 9}], [{"m": 1}, {"m": 2}], [{"m": 1}, {"m": 9}, {"m": 2}], id="as sets"),
        pytest.param([{"m": 1}, {"m": 2}], [{"m": 1}, {"m": 2}, {"m": 9}], [{"m": 2}], [{"m": 2}, {"m": 9}], id="one less"),
    ],
)  # fmt: skip
def test_what_nobody_touched_follows_the_wish_and_all_else_stays(
    was: Any, there: Any, wanted: Any, expected: Any
) -> None:
    assert merge(was, there, wanted) == expected


@pytest.mark.parametrize(
    ("was", "there", "wanted", "name", "expected"),
    [
        pytest.param({"a": 1}, {"a": 2}, "text", "", {"a": 2}, id="a mapping that is wanted as a text"),
        pytest.param("text", {"a": 2}, {"b": 1}, "", {"a": 2}, id="a text that became a mapping"),
        pytest.param("text", [{"a": 2}], [{"b": 1}, {"c": 1}], "", [{"a": 2}], id="a text that became a list"),
        pytest.param([{"b": 1}, {"c": 1}], [{"a": 2}], "text", "", [{"a": 2}], id="a list that is wanted as a text"),
        pytest.param({"a": 1, "b": 2}, {"a": 1}, {}, "", {}, id="an empty mapping is wanted"),
        pytest.param({"a": 1, "b": 2}, {"a": 1}, UNSET, "", UNSET, id="no mapping is wanted"),
        pytest.param([{"m": 1}, {"m": 2}], [{"m": 1}], [], "", [], id="an empty list is wanted"),
        pytest.param([{"m": 1}, {"m": 2}], [{"m": 1}], UNSET, "", UNSET, id="no list is wanted"),
        pytest.param(UNSET, [{"m": 9}], [{"m": 1}, {"m": 2}], "", [{"m": 9}, {"m": 1}, {"m": 2}], id="both made a list"),
        pytest.param(["x"], [{"m": 1}, {"m": 2}], [{"m": 1}], "", [{"m": 1}, {"m": 2}], id="texts before"),
        pytest.param([{"m": 1}], [{"m": 1}, "x"], [{"m": 2}], "", [{"m": 1}, "x"], id="texts now"),
        pytest.param([{"m": 1}], [{"m": 1}, {"m": 2}], ["x"], "", [{"m": 1}, {"m": 2}], id="texts wanted"),
        pytest.param([{"m": 1}, {"m": 2}], [{"m": 1}, {"m": 8}, {"m": 9}], [{"m": 1}, {"m": 2}, {"m": 3}], "",
                     [{"m": 1}, {"m": 8}, {"m": 9}, {"m": 3}], id="what they took out of a set stays out"),
        pytest.param(named(p=1), named(q=1), [{"name": "p", "value": 2}], "ports", named(q=2), id="ports go by place"),
        pytest.param([], named(a="theirs"), named(a="ours"), "env", named(a="theirs"), id="both added the same item"),
        pytest.param(named(a=1, b=1), named(a=1), named(a=2, b=2), "env", named(a=2), id="an item they took away stays away"),
        pytest.param({"env": named(a=1)}, {"env": named(t=9, a=1)}, {"env": named(a=2)}, "", {"env": named(t=9, a=2)},
                     id="named lists within mappings"),
    ],
)  # fmt: skip
def test_places_of_other_kinds_and_nothing_at_all(was: Any, there: Any, wanted: Any, name: str, expected: Any) -> None:
    assert merge(was, there, wanted, name) == expected


def test_items_of_named_lists_are_merged_by_name_in_the_order_that_is_there() -> None:
    there = [*named(theirs=9), *named(b="theirs", a=1)]

    assert merge(named(a=1, b=1), there, named(a=2, b=2, c=2), "env") == [
        *named(theirs=9), *named(b="theirs", a=2, c=2),
    ]  # fmt: skip


def test_an_item_that_is_no_longer_wanted_goes_even_if_others_changed_it_and_theirs_stays() -> None:
    there = named(ours="theirs", theirs=1)

    assert merge(named(ours=1), there, [], "containers") == named(theirs=1)
    assert merge(named(ours=1), named(ours="theirs"), UNSET, "volumes") is UNSET
    assert merge(named(ours=1), named(ours="theirs"), [], "volumes") == []

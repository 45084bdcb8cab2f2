"""From nested cells to columns."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.reading.flatten import DEPTH, Columns, bare, bytes_of, flattened
from sidecar.errors import DecodeError

CELLS = st.one_of(st.none(), st.booleans(), st.integers(0, 9), st.floats(0, 1), st.text(max_size=2))


def of(values: list[Any], name: str = "x", most: int = 100) -> Columns:
    columns = Columns(range(len(values)), most, "value")
    columns.add(name, values)
    return columns


def table(columns: Columns) -> dict[str, list[Any]]:
    return dict(zip(columns.names, columns.lists, strict=True))


def dotted(name: str, value: Any) -> dict[str, Any]:
    """The definition, of one row: an object's keys are added to its name."""
    if not isinstance(value, dict):
        return {name: value}
    return {full: cell for key, inner in value.items() for full, cell in dotted(f"{name}.{key}", inner).items()}


@settings(derandomize=True, deadline=None)
@given(
    st.recursive(CELLS, lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3), max_leaves=8)
    .map(lambda inner: {"k": inner})
)  # fmt: skip
def test_objects_get_dotted_names(value: dict[str, Any]) -> None:
    expected = dotted("x", value)
    if max(name.count(".") for name in expected) <= DEPTH:
        assert table(of([value, value])) == {name: [cell, cell] for name, cell in expected.items()}


def test_lists_are_spread_and_those_in_them_are_laid_flat() -> None:
    assert table(of([[1, 2], [3, 4]])) == {"x[0]": [1, 3], "x[1]": [2, 4]}
    assert table(of([[[1, 2], [3, 4]]])) == {"x[0]": [1], "x[1]": [2], "x[2]": [3], "x[3]": [4]}
    assert table(of([[1], [2]])) == {"x": [1, 2]}


def test_a_key_that_a_row_does_not_have_is_missing_there_and_nothing_is_lost() -> None:
    columns = of([{"a": 1}, {"b": 2}, None])

    assert table(columns) == {"x.a": [1, None, None], "x.b": [None, 2, None]}
    assert columns.lost() is None


@pytest.mark.parametrize(
    ("values", "read", "bad"),
    [
        ([1, 2, {"a": 1}], {"x": [1, 2, None]}, 2),
        ([1, [2], 3], {"x": [1, None, 3]}, 1),
        ([{"a": 1}, {"a": 2}, 3], {"x.a": [1, 2, None]}, 2),
        ([[1, 2], 7, [3, 4]], {"x[0]": [1, None, 3], "x[1]": [2, None, 4]}, 1),
        ([[1, 2], [3], [4, 5]], {"x[0]": [1, None, 4], "x[1]": [2, None, 5]}, 1),
        ([None, None, {"a": 1}], {"x.a": [None, None, 1]}, None),
    ],
)
def test_cells_are_what_most_are_and_the_others_are_lost(
    values: list[Any], read: dict[str, Any], bad: int | None
) -> None:
    columns = of(values)
    lost = columns.lost()

    assert table(columns) == read
    assert (lost and (lost.rows, lost.cells)) == (None if bad is None else (0, dict.fromkeys(range(len(read)), 1)))
    assert bad is None or f"of row {bad}:" in columns.first


def test_a_complaint_has_the_number_that_the_row_has_in_its_message_and_no_value() -> None:
    columns = Columns([3, 8], 10, "value")
    columns.add("x", ["secret", {"a": "secret"}])

    assert columns.first == "'x' of row 8: an object or a list"


def test_deeper_objects_than_are_read_are_unreadable() -> None:
    value: Any = 1
    for _ in range(DEPTH + 1):
        value = {"k": value}

    with pytest.raises(DecodeError, match="no value can be read") as caught:
        of([value]).lost()
    assert caught.value.reason == "type"


def test_of_a_name_that_is_spelled_in_two_ways_the_first_counts() -> None:
    assert table(of([{"a.b": 1, "a": {"b": 2, "c": 3}}], name="")) == {"a.b": [1], "a.c": [3]}


def test_an_inner_value_that_is_too_wide_is_lost_and_leaves_its_neighbours_their_room() -> None:
    columns = of([{"wide": list(range(5)), "y": 1, "z": 2}], name="", most=4)

    assert table(columns) == {"wide": [None], "y": [1], "z": [2]}
    assert columns.lost()
    assert "5 columns, for which there is no room" in columns.first


def test_rows_that_are_too_wide_are_refused() -> None:
    with pytest.raises(DecodeError) as caught:
        of([{str(at): at for at in range(5)}], name="", most=4)

    assert caught.value.reason == "too_large"


def test_objects_without_common_keys_are_not_filled_up() -> None:
    with pytest.raises(DecodeError) as caught:
        of([{f"k{at}": at} for at in range(1_000)], name="", most=10_000)

    assert caught.value.reason == "ragged"


def test_encoded_bytes_become_how_many_they_are() -> None:
    encoded = base64.b64encode(b"12345").decode()

    assert table(of([{"b64": encoded}, None])) == {"x.bytes": [5, None]}
    assert table(of([{"b64": encoded}], name="")) == {"value.bytes": [5]}


@given(st.binary(max_size=20), st.booleans())
def test_the_bytes_are_as_many_as_decoding_gives(data: bytes, padded: bool) -> None:
    encoded = base64.b64encode(data).decode()

    assert bytes_of(encoded if padded else encoded.rstrip("=")) == len(data)


def test_a_column_that_has_its_place_alone_stays_one() -> None:
    columns = Columns(range(3), 10, "value")
    columns.add_unnamed(0, [{"b64": "AAEC"}, {"a": 1}, 5])

    assert columns.lists == [[3, None, 5]]
    assert columns.cells == {0: 1}


@given(st.recursive(st.lists(CELLS, max_size=3), lambda inner: st.lists(inner, max_size=3), max_leaves=6))
def test_lists_in_lists_are_one_in_order(values: list[Any]) -> None:
    def leaves(value: Any) -> list[Any]:
        return [leaf for one in value for leaf in leaves(one)] if isinstance(value, list) else [value]

    found = flattened(values)

    assert found is None or found == leaves(values)


def test_lists_of_different_kinds_or_too_deep_are_none() -> None:
    assert flattened([1, [2]]) is None
    assert flattened([{"a": 1}]) is None
    assert flattened([[[[1]]]]) == [1]
    assert flattened([[[[[1]]]]]) is None


@pytest.mark.parametrize(
    ("row", "within"),
    [
        ({"features": [1, 2]}, [1, 2]),
        ({"features": {"a": 1}}, {"a": 1}),
        ({"features": {"values": [1, 2]}}, [1, 2]),
        ({"data": {"features": {"values": [1]}}}, [1]),
        ([{"label": "yes", "score": 0.75}, {"label": "no", "score": 0.25}], {"yes": 0.75, "no": 0.25}),
    ],
)
def test_a_row_is_taken_out_of_what_clients_wrap_around_it(row: Any, within: Any) -> None:
    assert bare(row) == within


@pytest.mark.parametrize(
    "row",
    [{"features": 3}, {"features": [1], "id": 2}, {"data": {"a": 1}}, {"a": [1]}, [{"label": "yes"}], [], 3, None],
)
def test_any_other_row_is_itself(row: Any) -> None:
    assert bare(row) is row

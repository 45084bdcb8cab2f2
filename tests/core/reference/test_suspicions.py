"""What is odd about columns, as the core tells it; tests/commands/test_profile_report.py has the whole way from a file."""

from __future__ import annotations

import shlex
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.profiles import frame, recounted_frames
from sidecar.core.binning.bins import Kind
from sidecar.core.reference.builder import Builder
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.column import Column
from sidecar.core.reference.suspicions import (
    FEW_ROWS,
    LEAST_ROWS,
    ColumnReport,
    findings_of,
    option_of,
    quoted,
    report_of,
    shown,
)
from sidecar.core.words.cell_texts import PLAIN, Reading, seems_local

NONE = Choices()
RNG = np.random.default_rng(1)
NORMAL = RNG.normal(size=200).tolist()


def report(values: list[Any], name: str = "c", choices: Choices = NONE, kind: Kind | None = None) -> ColumnReport:
    column = Column(kind)
    column.add(values, np.ones(len(values), bool))
    return report_of("input", name, column, len(values), choices)


def found(values: list[Any], name: str = "c") -> list[str]:
    said = report(values, name)
    return [one.what for one in (*([said.left_out] if said.left_out else []), *said.suspicions)]


def test_a_report_counts_rows_missing_and_distinct_values() -> None:
    numbers, names = report([1.5, None, 1.5, 2.5]), report(["a", None, "b", "a", ""])

    assert (numbers.kind, numbers.rows, numbers.missing, numbers.distinct) == ("numeric", 4, 1, 2)
    assert (names.kind, names.rows, names.missing, names.distinct) == ("categorical", 5, 2, 2)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (NORMAL, []),
        (list(range(200)), ["identifier"]),
        (list(range(LEAST_ROWS - 1)), []),
        (RNG.permutation(200).tolist(), ["identifier"]),
        ([f"user{at}@example.org" for at in range(200)], ["identifier"]),
        ([f"C{at:06}" for at in range(200)], ["identifier"]),
        ([None] * 200, ["empty"]),
        ([3.5] * 200, ["constant"]),
        (NORMAL[:80] + [None] * 120, ["mostly_missing"]),
        ([1.7e9 + at * 0.5 for at in RNG.permutation(200).tolist()], ["date_like"]),
        ([f"2026-01-{at % 25 + 1:02}" for at in range(200)], ["date_like"]),
    ],
    ids=["normal", "counter", "too few", "shuffled", "e-mail", "codes", "empty", "constant", "gaps", "epoch", "dates"],
)
def test_a_column_is_odd_for_its_values(values: list[Any], what: list[str]) -> None:
    assert found(values) == what


@pytest.mark.parametrize("name", ["customer_id", "customerId", "ID", "row", "order-key"])
def test_a_number_that_is_nearly_unique_is_an_identifier_if_it_is_called_one(name: str) -> None:
    values = np.random.default_rng(2).choice(10**6, 200, replace=False).tolist()

    assert found(values, name) == ["identifier"]
    assert found(values, "paid") == found(values, "android") == []


@pytest.mark.parametrize("name", ["Unnamed: 0", "__index_level_0__", "named"])
def test_an_index_is_left_out_whatever_it_holds(name: str) -> None:
    said = report([0.5], name, Choices(index=frozenset({"named"})))

    assert said.left_out
    assert said.left_out.what == "index"


def test_what_the_user_named_is_never_left_out() -> None:
    assert report(list(range(200))).left_out
    assert report(list(range(200)), choices=Choices(include=frozenset("c"))).left_out is None


@pytest.mark.parametrize("reading", [PLAIN, Reading(decimal=","), Reading(thousands="'", signs=True)])
def test_the_options_for_a_reading_say_all_of_it(reading: Reading) -> None:
    words = shlex.split(option_of("a b", reading))
    said = dict(zip(words[::2], words[1::2], strict=True))

    assert said.get("--decimal", "a b=.") == f"a b={reading.decimal}"
    assert said.get("--thousands", "a b=") == f"a b={reading.thousands}"
    assert said.get("--kind") == ("a b=numeric" if reading.signs else None)


def test_numbers_in_a_local_form_are_shown_without_their_digits_and_with_the_option_that_reads_them() -> None:
    texts = [f"{at}.123,{at % 90 + 10}" for at in range(1, 201)]
    local = seems_local(texts)
    left_out = report(texts).left_out

    assert local
    assert left_out
    assert (left_out.what, left_out.option) == ("number_like", option_of("c", local))
    assert "0.000,00" in left_out.text
    assert "123" not in left_out.text


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_quoted_name_is_one_word_for_a_shell(name: str) -> None:
    assert shlex.split(quoted(name)) == [name]


@given(st.lists(st.text(), max_size=3))
def test_what_is_shown_of_values_has_no_digit_but_zero(names: list[str]) -> None:
    assert not any(sign.isdecimal() and sign != "0" for sign in shown(names))


def test_a_finished_profile_tells_what_its_counts_say() -> None:
    rows = 1_200
    columns = {
        "fine": RNG.normal(size=rows).tolist(),
        "same": [2.5] * rows,
        "one": ["x"] * rows,
        "gap": [None] * (rows - 100) + RNG.normal(size=100).tolist(),
    }
    said = {one.name: one for one in findings_of(recounted_frames([frame(columns)]))}

    assert {name: [each.what for each in one.suspicions] for name, one in said.items()} == {
        "fine": [], "same": ["constant"], "one": ["constant"], "gap": ["mostly_missing"],
    }  # fmt: skip
    assert said["gap"].missing == rows - 100
    assert said["gap"].suspicions[0].option == "--exclude gap"


def test_few_rows_and_what_was_left_out_are_told_of_a_finished_profile() -> None:
    builder = Builder()
    builder.add(frame({"x": NORMAL, "key": list(range(200))}))
    said = {one.name: one for one in findings_of(builder.build())}

    assert len(NORMAL) < FEW_ROWS
    assert [one.what for one in said["x"].suspicions] == ["few_rows"]
    assert said["key"].left_out
    assert said["key"].left_out.option == "--include key"

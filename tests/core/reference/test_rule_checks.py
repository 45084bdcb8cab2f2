"""Which rows break which rule, in every form that values come in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.profiles import frame, profile_of
from sidecar.core.binning.rounding import BINARY
from sidecar.core.reference.constraints import RECENT_ROWS, Constraint, ValueType
from sidecar.core.reference.profile import SideProfile
from sidecar.core.reference.rule_checks import RuleChecks
from sidecar.core.words.cell_texts import Reading
from sidecar.core.words.cells import Coded, CodedCells, Columnar
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import Rule

NAN = float("nan")


def side_of(*constraints: Constraint, columns: dict[str, list[Any]] | None = None) -> SideProfile:
    side = profile_of(columns or {"x": [1.0, 2.0] * 50}).sides[Side.INPUT]
    return replace(side, constraints=constraints)


def broken(one: Constraint, values: list[Any], name: str = "x") -> dict[Rule, list[int]]:
    """The rows that break each rule, by rule; rules that all rows keep are left out."""
    checks = RuleChecks(Side.INPUT, side_of(one))
    found = checks.broken((name,), values, len(values))
    return {
        rule: np.flatnonzero(row).tolist() for (_, rule), row in zip(checks.asked, found.rows, strict=True) if row.any()
    }


def test_numbers_are_held_to_type_range_and_presence() -> None:
    one = Constraint("x", type=ValueType.INTEGER, min=0, max=10, max_missing=0.0)

    assert broken(one, [0, 10, 3.0, "4", True]) == {}
    assert broken(one, [-1, 11, 2.5, "abc", None, NAN, "", "NA", 1e400]) == {
        Rule.TYPE: [2, 3],
        Rule.RANGE: [0, 1, 8],
        Rule.MISSING: [4, 5, 6, 7],
    }


def test_names_are_held_to_type_domain_and_pattern() -> None:
    one = Constraint("x", type=ValueType.STRING, domain=("red", "blue"), pattern="[a-z]+", max_missing=0.0)

    assert broken(one, ["red", "blue"]) == {}
    assert broken(one, ["red", "green", "RED", 7, None, ""]) == {
        Rule.TYPE: [3],
        Rule.DOMAIN: [1, 2, 3],
        Rule.PATTERN: [2, 3],
        Rule.MISSING: [4, 5],
    }


def test_a_number_of_a_domain_may_be_written_in_two_ways_and_a_code_in_one() -> None:
    assert broken(Constraint("x", domain=("1", "02")), [1, 1.0, "1", "1.0", "02"]) == {}
    assert broken(Constraint("x", domain=("1", "02")), [2, "2", "01"]) == {Rule.DOMAIN: [0, 1, 2]}


def test_booleans_are_true_and_false_in_any_form() -> None:
    one = Constraint("x", type=ValueType.BOOLEAN, max_missing=0.0)

    assert broken(one, [True, False, 1, 0, "true", "FALSE", "1"]) == {}
    assert broken(one, ["yes", 2, None, "NA"]) == {Rule.TYPE: [0, 1], Rule.MISSING: [2, 3]}


def test_a_value_that_came_before_is_not_unique_until_it_is_forgotten() -> None:
    one = Constraint("x", unique=True)
    checks = RuleChecks(Side.INPUT, side_of(one))
    at = checks.asked.index((one, Rule.UNIQUE))

    def look(*values: Any) -> list[bool]:
        return [bool(row) for row in checks.broken(("x",), list(values), len(values)).rows[at]]

    assert look("a", "b", None, None, "a") == [False, False, False, False, True]
    assert look("b") == [True]
    assert look(*(f"n{number}" for number in range(RECENT_ROWS))) == [False] * RECENT_ROWS
    assert look("a", "n999") == [False, True]


def test_a_monotone_column_is_compared_with_the_value_before_across_messages() -> None:
    one = Constraint("x", monotone="rising")
    checks = RuleChecks(Side.INPUT, side_of(one))
    at = checks.asked.index((one, Rule.MONOTONE))

    def look(*values: Any) -> list[bool]:
        return [bool(row) for row in checks.broken(("x",), list(values), len(values)).rows[at]]

    assert look(1, 2, 2, None, 1e9, 3) == [False, False, False, False, False, True]
    assert look(4, 3) == [False, True]
    assert broken(Constraint("x", monotone="falling"), [3, 3, 4, 1]) == {Rule.MONOTONE: [2]}


def test_a_column_that_does_not_come_breaks_only_that_it_is_required() -> None:
    one = Constraint("x", min=0, max_missing=0.0)
    checks = RuleChecks(Side.INPUT, side_of(one))
    found = checks.broken(("y",), [1.0, 2.0], 2)

    assert {rule: bool(seen) for (_, rule), seen in zip(checks.asked, found.looked_at, strict=True)} == {
        Rule.RANGE: False,
        Rule.MISSING: False,
        Rule.REQUIRED: True,
    }
    assert broken(one, [1.0, 2.0], name="y") == {Rule.REQUIRED: [0, 1]}


def test_a_vector_is_there_as_a_tensor_or_as_columns() -> None:
    checks = RuleChecks(Side.INPUT, side_of(Constraint("e")))

    assert not checks.broken((), [], 1, vectors=["e"]).rows.any()
    assert not checks.broken(("e[0]", "e[1]"), [1.0, 2.0], 1).rows.any()
    assert checks.broken(("f[0]",), [1.0], 1).rows.all()


def test_texts_that_the_reference_reads_as_missing_or_as_local_numbers_are_read_so_here() -> None:
    side = side_of(Constraint("x", type=ValueType.NUMBER, max=2_000, max_missing=0.0))
    local = Reading(null=("-999",), decimal=",", thousands=".")
    read = replace(side, features=tuple(_with(one, local) for one in side.features))
    checks = RuleChecks(Side.INPUT, read)
    found = checks.broken(("x",), ["1.234,5", "-999", "oops"], 3)
    by_rule = {rule: row.tolist() for (_, rule), row in zip(checks.asked, found.rows, strict=True)}

    assert by_rule[Rule.TYPE] == [False, False, True]
    assert by_rule[Rule.RANGE] == [False, False, False]
    assert by_rule[Rule.MISSING] == [False, True, False]


def _with(feature: Any, reading: Reading) -> Any:
    return msgspec.structs.replace(feature, reading=reading)


@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
def test_a_value_at_the_limit_stays_within_it_in_the_sender_s_precision(precision: str) -> None:
    checks = RuleChecks(Side.INPUT, side_of(Constraint("x", min=-0.7, max=0.1)))
    sent = BINARY[precision].rounded(np.array([0.1, -0.7]))

    assert not checks.broken(("x",), sent, 2, (precision,)).rows.any()
    assert checks.broken(("x",), np.array([0.11, -0.72]), 2, (precision,)).rows[0].all()


def test_float32_that_nobody_declared_is_within_the_limit_too() -> None:
    assert broken(Constraint("x", max=0.1), [0.1, 0.10000000149011612]) == {}
    assert broken(Constraint("x", max=0.1), [0.1000001]) == {Rule.RANGE: [0]}


def test_every_form_of_a_column_gives_the_same() -> None:
    constraints = (Constraint("n", type=ValueType.NUMBER, min=0), Constraint("c", domain=("a", "b"), max_missing=0.1))
    side = side_of(*constraints, columns={"n": [1.0, 2.0] * 50, "c": ["a", "b"] * 50})
    numbers, names = [1.0, -1.0, None, 3.0], ["a", "x", None, "b"]
    forms = [
        ([value for pair in zip(numbers, names, strict=True) for value in pair], 2),
        (Columnar([numbers, names]), 2),
        (Columnar([np.array([1.0, -1.0, NAN, 3.0]), CodedCells(Coded.of(names))]), 2),
        (Columnar([CodedCells(Coded.of(["1.0", "-1.0", None, "3.0"])), names]), 2),
    ]
    found = [RuleChecks(Side.INPUT, side).broken(("n", "c"), values, 4).rows.tolist() for values, _ in forms]

    assert all(one == found[0] for one in found)
    assert sum(map(sum, found[0])) == 3


def test_a_whole_array_gives_the_same_as_its_columns() -> None:
    one, two = Constraint("a", min=0, type=ValueType.INTEGER), Constraint("b", max=1)
    side = side_of(one, two, columns={"a": [1.0, 2.0] * 50, "b": [0.5, 1.0] * 50})
    rows = np.array([[1.0, 0.5], [-1.0, 2.0], [1.5, NAN]])
    whole = RuleChecks(Side.INPUT, side).broken(("a", "b"), rows.ravel(), 3)
    cells = [None if np.isnan(value) else value for value in rows.ravel().tolist()]

    assert whole.rows.tolist() == RuleChecks(Side.INPUT, side).broken(("a", "b"), cells, 3).rows.tolist()
    assert whole.rows.sum() == 3


def test_columns_without_names_are_the_reference_s_in_order_and_a_lone_output_is_its_only_one() -> None:
    inputs = side_of(Constraint("b", min=0), columns={"a": [1.0, 2.0] * 50, "b": [0.5, 1.0] * 50})
    outputs = side_of(Constraint("score", min=0), columns={"score": [0.5, 1.0] * 50})

    assert RuleChecks(Side.INPUT, inputs).names(None, 2) == ("a", "b")
    assert RuleChecks(Side.INPUT, inputs, ("c", "d")).names(None, 2) == ("c", "d")
    assert RuleChecks(Side.OUTPUT, outputs).names(("predictions",), 1) == ("score",)


def test_a_frame_s_rows_are_looked_at_as_they_lie() -> None:
    made = frame({"x": [1.0, -5.0], "y": ["a", "b"]})
    checks = RuleChecks(Side.INPUT, side_of(Constraint("x", min=0)))

    assert checks.broken(made.names or (), made.values, made.rows).rows[0].tolist() == [False, True]


def test_names_that_clients_invent_do_not_fill_the_memory() -> None:
    checks = RuleChecks(Side.INPUT, side_of(Constraint("x", domain=("a",)), columns={"x": ["a", "b"] * 50}))
    for start in range(0, 20_000, 1_000):
        checks.broken(("x",), [f"n{at}" for at in range(start, start + 1_000)], 1_000)

    assert len(checks._names[0]._known) <= 4_096

"""Constraints that are derived hold of the rows they came from, and of other rows of the same kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.profiles import Columns, frame, profile_of
from sidecar.core.binning.bins import Kind
from sidecar.core.reference.builder import Builder
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.constraints import ALLOWED, Constraint, ValueType
from sidecar.core.reference.derive_constraints import derive_constraints
from sidecar.core.reference.profile import SideProfile
from sidecar.core.scores.constraint_comparison import RuleCounts
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import Rule, RuleState


def of(columns: Columns, choices: Choices | None = None) -> dict[str, Constraint]:
    """By column."""
    if choices is None:
        side = profile_of(columns).sides[Side.INPUT]
    else:
        builder = Builder(choices)
        builder.add(frame(columns))
        side = builder.build().sides[Side.INPUT]
    return {one.feature: one for one in derive_constraints(side)}


def rows(seed: int, count: int) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    return {
        "age": rng.integers(18, 91, count).tolist(),
        "income": rng.lognormal(8, 1.5, count).tolist(),
        "heat": rng.normal(0, 10, count).tolist(),
        "gaps": [None if rng.random() < 0.05 else float(rng.random()) for _ in range(count)],
        "plan": rng.choice(["free", "pro", "team"], count, p=[0.6, 0.35, 0.05]).tolist(),
        "zip": rng.choice(["01067", "80331", "10115"], count).tolist(),
        "active": (rng.random(count) < 0.3).tolist(),
    }


def test_types_are_those_of_the_columns_and_codes_have_none() -> None:
    found = of(rows(1, 2_000))

    assert {name: one.type for name, one in found.items()} == {
        "age": ValueType.INTEGER,
        "income": ValueType.NUMBER,
        "heat": ValueType.NUMBER,
        "gaps": ValueType.NUMBER,
        "plan": ValueType.STRING,
        "zip": None,
        "active": ValueType.BOOLEAN,
    }
    assert of({"n": ["1", "2"] * 50}, Choices(kinds={"n": Kind.CATEGORICAL}))["n"].type is None
    assert all(one.required for one in found.values())


def test_a_range_is_wider_by_half_at_each_end_and_does_not_cross_zero() -> None:
    found = of(
        {"age": [18, 90] * 50, "year": [1990, 2020] * 50, "loss": [-10.0, -1.5] * 50, "heat": [-10.0, 30.5] * 50}
    )

    assert {name: (one.min, one.max) for name, one in found.items()} == {
        "age": (0.0, 126.0),
        "year": (1975.0, 2035.0),
        "loss": (-14.25, 0.0),
        "heat": (-30.3, 50.8),
    }


@pytest.mark.parametrize(
    "numbers", [[0, 0], [7, 7], [-3.5, -3.5], [1e300, -1e300], [1e-12, 3e-12], [0.1, 0.30000000000000004]]
)
def test_the_reference_is_within_its_own_range_whatever_its_scale(numbers: list[float]) -> None:
    one = of({"x": numbers * 50})["x"]

    assert one.min is None or one.min <= min(numbers)
    assert one.max is None or one.max >= max(numbers)
    assert one.max is None or not (min(numbers) >= 0 and one.min is not None and one.min < 0)


def test_the_largest_rate_of_missing_values_has_room_for_chance() -> None:
    found = of(rows(1, 2_000))
    without = found["age"].max_missing
    some = found["gaps"].max_missing

    assert without is not None
    assert some is not None
    assert 0 < without < 0.006
    assert 0.05 < some < 0.08


def test_a_domain_is_derived_where_names_in_clear_cover_the_values_and_has_room_for_the_rest() -> None:
    names = ["a"] * 500 + ["b"] * 480 + [f"rare{at}" for at in range(20)]
    few = of({"x": names}, Choices(category_rows=20))["x"]
    many = of({"x": [f"n{at % 400}" for at in range(1_000)]}, Choices(category_rows=20, kinds={"x": Kind.CATEGORICAL}))[
        "x"
    ]

    assert few.domain == ("a", "b")
    assert 0.02 < few.allows(Rule.DOMAIN) < 0.06
    assert many.domain == ()
    assert of(rows(1, 2_000))["plan"].allows(Rule.DOMAIN) == ALLOWED


def test_labels_are_in_no_domain() -> None:
    side = profile_of({"x": ["a", "b"] * 50}).sides[Side.INPUT]
    labelled = tuple(msgspec.structs.replace(one, labelled=True) for one in side.features)

    (one,) = derive_constraints(replace(side, features=labelled))

    assert one.domain == ()
    assert one.type is None


def test_a_text_is_asked_as_a_column_and_not_by_what_is_derived_from_it() -> None:
    words = ["quick", "brown", "fox", "jumps", "over"]
    rng = np.random.default_rng(1)
    texts = [" ".join([*rng.choice(words, 6), str(at)]) for at in range(300)]
    found = of({"comment": texts}, Choices())

    assert found.keys() == {"comment"}
    assert found["comment"].type is ValueType.STRING
    assert found["comment"].rules == (Rule.TYPE, Rule.MISSING, Rule.REQUIRED)


def test_other_rows_of_the_same_kind_keep_what_was_derived() -> None:
    """Twenty samples of 2,000 rows against constraints of 1,000: none is violated, of some 600 verdicts."""
    violated = 0
    for seed in range(20):
        profile = profile_of(rows(seed, 1_000))
        side: SideProfile = profile.sides[Side.INPUT]
        constrained = replace(profile, sides={Side.INPUT: replace(side, constraints=derive_constraints(side))})
        counts = RuleCounts(constrained)
        counts.add(frame(rows(seed + 100, 2_000)))
        violated += sum(one.state is RuleState.VIOLATED for one in counts.reports())

    assert violated == 0

"""One look at rows against constraints."""

from __future__ import annotations

import numpy as np
import pytest

from harness.profiles import frame, profile_of, recounted
from sidecar.core.reference.constraints import Constraint
from sidecar.core.reference.constraints_file import with_constraints
from sidecar.core.reference.profile import Profile
from sidecar.core.scores.constraint_comparison import RuleCounts, rules_of_profile
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import Rule, RuleReport, RuleState


def constrained(*found: Constraint) -> Profile:
    return with_constraints(profile_of({"x": [1.0, 2.0] * 50}), {Side.INPUT: found})


def looked_at(rate: float, rows: int, seed: int = 1) -> dict[Rule, RuleReport]:
    rng = np.random.default_rng(seed)
    counts = RuleCounts(constrained(Constraint("x", min=0)))
    counts.add(frame({"x": np.where(rng.random(rows) < rate, -1.0, 1.0).tolist()}))
    return {one.rule: one for one in counts.reports()}


def test_a_rate_that_is_certainly_beyond_what_is_allowed_violates_the_rule() -> None:
    found = looked_at(0.03, 3_000)

    assert found[Rule.RANGE].state is RuleState.VIOLATED
    assert found[Rule.RANGE].rate == pytest.approx(0.03, abs=0.01)
    assert found[Rule.REQUIRED].state is RuleState.OK


def test_one_bad_row_and_few_rows_are_no_verdict() -> None:
    assert looked_at(0.03, 30)[Rule.RANGE].state is RuleState.INSUFFICIENT
    counts = RuleCounts(constrained(Constraint("x", min=0, allowed={Rule.RANGE: 0.0})))
    counts.add(frame({"x": [1.0] * 999 + [-1.0]}))
    assert counts.reports()[0].state is RuleState.OK


def test_at_the_allowed_rate_hardly_any_of_many_looks_is_wrong() -> None:
    wrong = sum(looked_at(0.01, 1_000, seed)[Rule.RANGE].state is RuleState.VIOLATED for seed in range(300))

    assert wrong <= 3


def test_rows_are_added_up_over_frames() -> None:
    counts = RuleCounts(constrained(Constraint("x", min=0)))
    for values in ([1.0, -1.0], [-1.0]):
        counts.add(frame({"x": values}))
    counts.add(frame({"y": [1.0]}))
    (ranged, required) = counts.reports()

    assert (ranged.rows, round(ranged.rate, 3)) == (3, 0.667)
    assert (required.rows, required.rate) == (4, 0.25)


def test_a_profile_tells_of_missing_values_and_of_nothing_else() -> None:
    live = recounted({"x": [1.0, None] * 100})
    found = {one.rule: one for one in rules_of_profile(constrained(Constraint("x", min=0, max_missing=0.1)), live)}

    assert found[Rule.MISSING].state is RuleState.VIOLATED
    assert found[Rule.MISSING].rate == 0.5
    assert {found[rule].state for rule in (Rule.RANGE, Rule.REQUIRED)} == {RuleState.INSUFFICIENT}

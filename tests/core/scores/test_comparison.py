"""The verdict of one look: certain and material, over all features together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.profiles import counted, frame, profile_of, recounted
from sidecar.core.reference.builder import Recount
from sidecar.core.reference.profile import Profile
from sidecar.core.scores.combined_p_value import combined_p_value
from sidecar.core.scores.comparison import LEAST_ROWS, Comparison, LeastEffects, compare
from sidecar.core.scores.geometry import scale
from sidecar.core.scores.measure import Pair, Scale
from sidecar.core.words.arrays import Counts
from sidecar.core.words.events import State
from sidecar.core.words.frame import Side
from sidecar.settings import DriftSettings

MATERIAL = LeastEffects(psi=0.1, correlation=0.2)
ROWS = 5_000


def normal(seed: int, rows: int = ROWS, **shifts: float) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    return {
        name: (rng.normal(size=rows) + shift).tolist()
        for name, shift in ({"a": 0.0, "b": 0.0, "c": 0.0} | shifts).items()
    }


REFERENCE = profile_of(normal(1))


def compared(
    live: dict[str, list[Any]], material: LeastEffects = MATERIAL, reference: Profile = REFERENCE
) -> Comparison:
    return compare(reference, Profile({Side.INPUT: counted(live, reference)}), material)


def states(found: Comparison) -> dict[str, State]:
    return {one.feature: one.state for one in found.features}


def test_rows_of_the_same_kind_are_ok() -> None:
    assert states(compared(normal(2))) == dict.fromkeys("abc", State.OK)


def test_a_feature_that_moved_far_drifts_and_stands_first() -> None:
    found = compared(normal(3, b=1.0))

    assert states(found) == {"b": State.DRIFT, "a": State.OK, "c": State.OK}
    assert found.features[0].feature == "b"
    assert found.states == {State.DRIFT, State.OK}


def test_a_change_that_is_certain_and_half_material_is_a_warning_and_less_is_ok() -> None:
    effect = compared(normal(4, b=0.3)).features[0].effect

    for share, state in ((1.0, State.DRIFT), (0.75, State.WARNING), (0.4, State.OK)):
        assert states(compared(normal(4, b=0.3), LeastEffects(effect / share, 0.2)))["b"] is state


def test_a_change_that_is_large_and_not_certain_is_ok() -> None:
    few = compared(normal(5, rows=80, b=0.3), LeastEffects(0.01, 0.2))
    b = next(one for one in few.features if one.feature == "b")

    assert b.effect > 0.01
    assert b.p_value is not None
    assert b.p_value > 0.01
    assert b.state is State.OK


def test_the_p_value_is_multiplied_by_the_number_of_features() -> None:
    live = counted(normal(6, b=0.05), REFERENCE)
    side = REFERENCE.sides[Side.INPUT]
    alone = [
        float(combined_p_value(pair)[0]) for pair in (single(side.counts[at], live.counts[at], at) for at in range(3))
    ]

    found = {one.feature: one.p_value for one in compare(REFERENCE, Profile({Side.INPUT: live}), MATERIAL).features}

    assert [found[name] for name in side.names] == pytest.approx([min(3 * p, 1.0) for p in alone])


def single(reference: Counts, live: Counts, at: int) -> Pair:
    """One feature of the reference by itself."""
    whole = scale(REFERENCE.sides[Side.INPUT])
    only = slice(at, at + 1)
    part = Scale(whole.ordered[only], whole.steps[only], whole.rest[only])
    return Pair(reference[None, :].astype(np.float64), live[None, :].astype(np.float64), part)


def test_with_too_few_rows_nothing_is_said() -> None:
    found = compared(normal(7, rows=LEAST_ROWS - 1, b=3.0))

    assert set(states(found).values()) == {State.INSUFFICIENT}
    assert {one.p_value for one in found.features} == {None}


def test_only_sides_that_both_have_are_compared() -> None:
    assert compare(REFERENCE, Profile({Side.OUTPUT: REFERENCE.sides[Side.INPUT]}), MATERIAL).features == ()


def test_features_that_come_apart_though_none_changes_are_told_as_joint_drift() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=ROWS)
    tied = {"x": x.tolist(), "y": (x + rng.normal(size=ROWS)).tolist()}
    reference = recounted(tied)
    shuffled = tied | {"y": rng.permutation(tied["y"]).tolist()}
    recount = Recount(reference)
    recount.add(frame(shuffled))

    found = compare(reference, recount.profile(), MATERIAL)

    assert set(states(found).values()) == {State.OK}
    assert [(one.state, one.pairs[0].first, one.pairs[0].second) for one in found.joint] == [(State.DRIFT, "x", "y")]


def with_missing(seed: int, share: float, rows: int = ROWS) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    return normal(seed, rows) | {"b": np.where(rng.random(rows) < share, np.nan, rng.normal(size=rows)).tolist()}


def test_nulls_that_rise_from_1_to_5_percent_are_drift_though_psi_is_small() -> None:
    reference = profile_of(with_missing(1, 0.01))

    found = {one.feature: one for one in compared(with_missing(2, 0.05), reference=reference).features}

    assert found["b"].effect < MATERIAL.psi
    assert (found["b"].state, found["b"].criterion) == (State.DRIFT, "missing")
    assert found["b"].changed.startswith("missing 1.")
    assert (found["a"].state, found["a"].criterion) == (State.OK, "")


@pytest.mark.parametrize(
    ("before", "after", "criterion"),
    [
        (["x"] * 9_900 + ["y"] * 100, ["x"] * 9_500 + ["y"] * 500, "level"),
        (["x", "y"] * 5_000, ["x", "y"] * 4_900 + ["new"] * 200, "unseen"),
        (list(np.linspace(0, 1, 10_000)), [*np.linspace(0, 1, 9_800), *[50.0] * 200], "out of range"),
    ],
)
def test_each_rare_event_that_comes_more_often_is_drift_by_its_rate(
    before: list[Any], after: list[Any], criterion: str
) -> None:
    reference = profile_of({"a": before})
    found = compared({"a": after}, reference=reference).features[0]

    assert found.effect < MATERIAL.psi
    assert (found.state, found.criterion) == (State.DRIFT, criterion)


def test_a_rate_that_chance_may_have_moved_is_ok() -> None:
    reference = profile_of(with_missing(1, 0.01))

    assert states(compared(with_missing(3, 0.02, rows=300), reference=reference))["b"] is State.OK


def test_what_matters_of_rates_is_what_the_settings_of_drift_say() -> None:
    strict = LeastEffects.of(DriftSettings(material_rate_ratio=6.0, material_rate_shift=0.5))
    reference = profile_of(with_missing(1, 0.01))

    assert states(compared(with_missing(2, 0.05), strict, reference))["b"] is not State.DRIFT

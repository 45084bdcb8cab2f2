"""From figures to verdicts."""

from __future__ import annotations

import math

import pytest

from sidecar.core.evidence.detector import BLOCK_ROWS
from sidecar.core.evidence.policy import JOINT_SHARE, Policy, joint_verdict, policy, verdict
from sidecar.core.reference.materiality import Material
from sidecar.core.words.events import State
from sidecar.settings import DriftSettings

MATERIAL = Material(psi=0.1, rate_difference=0.005, rate_ratio=1.75, rate_shift=0.075)
LIMITS = Policy(alarm=10.0, warning=7.0, material=MATERIAL, least_rows=100)


@pytest.mark.parametrize(
    ("evidence", "material", "expected"),
    [
        (11, True, State.DRIFT),
        (11, False, State.OK),  # certain, but it does not matter
        (5, True, State.OK),  # it would matter, but it may be chance
        (8, True, State.WARNING),
        (10, True, State.DRIFT),
        (7, True, State.WARNING),
        (6.9, True, State.OK),
        (8, False, State.OK),
    ],
)
def test_drift_needs_evidence_and_a_change_that_matters(evidence: float, material: bool, expected: State) -> None:
    assert verdict(LIMITS, State.OK, evidence, material) is expected


@pytest.mark.parametrize("before", [State.WARNING, State.DRIFT])
def test_evidence_that_falls_ends_no_verdict(before: State) -> None:
    assert verdict(LIMITS, before, 0, False) is before


def test_a_warning_may_become_drift() -> None:
    assert verdict(LIMITS, State.WARNING, 11, True) is State.DRIFT


def test_a_warning_stays_one_where_the_change_is_certain_and_does_not_matter() -> None:
    assert verdict(LIMITS, State.WARNING, 11, False) is State.WARNING


def test_drift_does_not_become_a_warning_while_evidence_falls() -> None:
    assert verdict(LIMITS, State.DRIFT, 8, True) is State.DRIFT


def test_the_budget_is_shared_over_the_features() -> None:
    one, hundred = (policy(DriftSettings(), features, 100) for features in (1, 100))

    assert hundred.alarm == pytest.approx(one.alarm + 2)
    assert one.alarm == pytest.approx(9 - math.log10(BLOCK_ROWS * (1 - JOINT_SHARE)))  # evidence counts in blocks


def test_each_limit_is_what_the_settings_make_it() -> None:
    """Nine tenths of the budget are for features, and the rest is halved between the pairs of both sides."""
    settings = DriftSettings(
        mean_rows_between_false_alarms=1e6,
        mean_rows_between_false_warnings=1e4,
        material_psi=0.2,
        material_rate_difference=0.02,
        material_rate_ratio=3.0,
        material_rate_shift=0.2,
        recovery_error=0.05,
        material_correlation=0.3,
    )

    found = policy(settings, 8, 250)

    assert found.material == Material(psi=0.2, rate_difference=0.02, rate_ratio=3.0, rate_shift=0.2)
    assert (found.least_rows, found.recovery_error, found.correlation) == (250, 0.05, 0.3)
    assert found.alarm == pytest.approx(math.log10(1e6 * 8 / 16 / 0.9))
    assert found.warning == pytest.approx(math.log10(1e4 * 8 / 16 / 0.9))
    assert found.joint_alarm == pytest.approx(0.05 / 1e6)
    assert found.joint_warning == pytest.approx(0.05 / 1e4)


def test_without_detectors_the_limits_are_those_of_one() -> None:
    assert policy(DriftSettings(), 0, 100) == policy(DriftSettings(), 1, 100)


def test_limits_of_which_no_pairs_are_said_raise_no_verdict_on_pairs() -> None:
    assert joint_verdict(LIMITS, State.OK, 0.0, 1.0, 1_000) is State.OK


PAIRS = Policy(
    alarm=0.0, warning=0.0, material=MATERIAL, least_rows=0, correlation=0.25, joint_alarm=0.125, joint_warning=0.25
)
"""With rates and a change that are exact in binary, so that "below" and "at least" can be told apart. Of two rows a p-value
below 0.25 is an alarm, below 0.5 a warning."""


@pytest.mark.parametrize(
    ("before", "p_value", "effect", "expected"),
    [
        (State.OK, 0.2, 0.3, State.DRIFT),
        (State.OK, 0.2, 0.25, State.DRIFT),
        (State.OK, 0.2, 0.24, State.OK),  # certain, but it does not matter
        (State.OK, 0.25, 0.3, State.WARNING),
        (State.OK, 0.4, 0.25, State.WARNING),
        (State.OK, 0.4, 0.24, State.OK),
        (State.OK, 0.5, 0.3, State.OK),
        (State.INSUFFICIENT, 0.2, 0.3, State.DRIFT),
        (State.INSUFFICIENT, 0.9, 0.0, State.OK),
        (State.WARNING, 0.04, 0.3, State.DRIFT),
        (State.WARNING, 0.04, 0.2, State.WARNING),  # neither raised again nor ended
        (State.WARNING, 0.04, 0.125, State.OK),  # half of what matters
        (State.WARNING, 0.06, 0.3, State.OK),  # credible again
        (State.WARNING, 0.05, 0.2, State.WARNING),
        (State.DRIFT, 0.04, 0.2, State.DRIFT),
        (State.DRIFT, 0.05, 0.13, State.DRIFT),
        (State.DRIFT, 0.04, 0.125, State.OK),
        (State.DRIFT, 0.06, 0.3, State.OK),
    ],
)
def test_a_verdict_on_pairs(before: State, p_value: float, effect: float, expected: State) -> None:
    assert joint_verdict(PAIRS, before, p_value, effect, 2) is expected


def test_a_batch_of_twice_the_rows_may_alarm_at_twice_the_p_value() -> None:
    assert [joint_verdict(PAIRS, State.OK, 0.3, 1.0, rows) for rows in (1, 2, 3)] == [
        State.OK,
        State.WARNING,
        State.DRIFT,
    ]

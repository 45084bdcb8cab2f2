"""From figures to verdicts."""

from __future__ import annotations

import math

import pytest

from sidecar.core.evidence.detector import BLOCK_ROWS
from sidecar.core.evidence.policy import JOINT_SHARE, Policy, joint_verdict, policy, recovered, verdict
from sidecar.core.words.events import State
from sidecar.settings import DriftSettings

LIMITS = Policy(alarm=10.0, warning=7.0, material=0.1, least_rows=100)


@pytest.mark.parametrize(
    ("evidence", "effect", "expected"),
    [
        (11, 0.2, State.DRIFT),
        (11, 0.05, State.OK),  # certain, but it does not matter
        (5, 0.5, State.OK),  # large, but it may be chance
        (8, 0.2, State.WARNING),
        (10, 0.1, State.DRIFT),
        (7, 0.1, State.WARNING),
        (6.9, 0.1, State.OK),
        (8, 0.09, State.OK),
    ],
)
def test_drift_needs_evidence_and_effect(evidence: float, effect: float, expected: State) -> None:
    assert verdict(LIMITS, State.OK, evidence, effect) is expected


@pytest.mark.parametrize("before", [State.WARNING, State.DRIFT])
def test_a_verdict_stays_until_a_window_ends_it(before: State) -> None:
    assert verdict(LIMITS, before, 0, 0) is before


def test_a_warning_may_become_drift() -> None:
    assert verdict(LIMITS, State.WARNING, 11, 0.2) is State.DRIFT


def test_drift_does_not_become_a_warning_while_evidence_falls() -> None:
    assert verdict(LIMITS, State.DRIFT, 8, 0.2) is State.DRIFT


def test_half_the_material_effect_ends_a_verdict() -> None:
    assert recovered(LIMITS, State.DRIFT, 0.05)
    assert not recovered(LIMITS, State.DRIFT, 0.06)
    assert recovered(LIMITS, State.WARNING, 0.05)
    assert not recovered(LIMITS, State.OK, 0.0)
    assert not recovered(LIMITS, State.INSUFFICIENT, 0.0)


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
        material_correlation=0.3,
    )

    found = policy(settings, 8, 250)

    assert (found.material, found.least_rows, found.correlation) == (0.2, 250, 0.3)
    assert found.alarm == pytest.approx(math.log10(1e6 * 8 / 16 / 0.9))
    assert found.warning == pytest.approx(math.log10(1e4 * 8 / 16 / 0.9))
    assert found.joint_alarm == pytest.approx(0.05 / 1e6)
    assert found.joint_warning == pytest.approx(0.05 / 1e4)


def test_without_detectors_the_limits_are_those_of_one() -> None:
    assert policy(DriftSettings(), 0, 100) == policy(DriftSettings(), 1, 100)


def test_limits_of_which_no_pairs_are_said_raise_no_verdict_on_pairs() -> None:
    assert joint_verdict(LIMITS, State.OK, 0.0, 1.0, 1_000) is State.OK


PAIRS = Policy(
    alarm=0.0, warning=0.0, material=0.0, least_rows=0, correlation=0.25, joint_alarm=0.125, joint_warning=0.25
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

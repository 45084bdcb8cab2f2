"""From figures to verdicts."""

from __future__ import annotations

import math

import pytest

from sidecar.core.evidence.detector import BLOCK_ROWS
from sidecar.core.evidence.policy import JOINT_SHARE, Policy, policy, recovered, verdict
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
    ],
)
def test_drift_needs_evidence_and_effect(evidence: float, effect: float, expected: State) -> None:
    assert verdict(LIMITS, State.OK, evidence, effect) is expected


@pytest.mark.parametrize("before", [State.WARNING, State.DRIFT])
def test_a_verdict_stays_until_a_window_ends_it(before: State) -> None:
    assert verdict(LIMITS, before, 0, 0) is before


def test_a_warning_may_become_drift() -> None:
    assert verdict(LIMITS, State.WARNING, 11, 0.2) is State.DRIFT


def test_half_the_material_effect_ends_a_verdict() -> None:
    assert recovered(LIMITS, State.DRIFT, 0.05)
    assert not recovered(LIMITS, State.DRIFT, 0.06)
    assert not recovered(LIMITS, State.OK, 0.0)


def test_the_budget_is_shared_over_the_features() -> None:
    one, hundred = (policy(DriftSettings(), features, 100) for features in (1, 100))

    assert hundred.alarm == pytest.approx(one.alarm + 2)
    assert one.alarm == pytest.approx(9 - math.log10(BLOCK_ROWS * (1 - JOINT_SHARE)))  # evidence counts in blocks

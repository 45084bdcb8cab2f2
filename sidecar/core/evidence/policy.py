"""From evidence and effect to a verdict. The only place where figures become a judgement, and it computes no figures.

Drift needs both: evidence beyond the threshold, so that the change is certain, and an effect of `drift.material_psi`, so that it
matters. A verdict stays until `recovery` finds that it is over. The
budget of false alarms is derived in docs/math.md, "The budget".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sidecar.core.evidence.detector import BLOCK_ROWS
from sidecar.core.reference.materiality import Material
from sidecar.core.words.events import State
from sidecar.settings import DriftSettings

RECOVERED = 0.5
"""A correlation whose change is at most this share of what matters ends a verdict on correlations."""

RECOVERED_P_VALUE = 0.05
"""A p-value above this ends a verdict on the correlations between features."""

JOINT_SHARE = 0.1
"""Share of the budget for the tests of correlations (`joint_watch`), both sides of all streams together."""


@dataclass(frozen=True)
class Policy:
    """The limits in force: `alarm` and `warning` are log10 of e-values, and before `least_rows` rows there is no verdict."""

    alarm: float
    warning: float
    material: Material
    least_rows: int
    recovery_error: float = 0.01
    """The probability that a verdict ends while the change is still half of what matters, or more."""
    correlation: float = math.inf
    """The least change of a correlation that matters."""
    joint_alarm: float = 0.0
    joint_warning: float = 0.0
    """False alarms and warnings per row that the test of correlations may raise, on each side."""


def policy(settings: DriftSettings, detectors: int, least_rows: int, streams: int = 1) -> Policy:
    """The limits when so many `detectors` of all `streams` share the budget: one per feature, and one for all of each side.

        alarm = budget * detectors / BLOCK_ROWS / (1 - JOINT_SHARE)

    The mean of e-detectors is an e-detector, and if one of them exceeds budget * detectors, the mean exceeds the budget. So the
    budget holds for all of them together. It is given in rows, while evidence is counted in blocks of `BLOCK_ROWS`.
    """
    watched = math.log10(max(detectors, 1) / BLOCK_ROWS / (1 - JOINT_SHARE))
    joint_share = JOINT_SHARE / (2 * streams)
    return Policy(
        alarm=math.log10(settings.mean_rows_between_false_alarms) + watched,
        warning=math.log10(settings.mean_rows_between_false_warnings) + watched,
        material=Material(
            settings.material_psi,
            settings.material_rate_difference,
            settings.material_rate_ratio,
            settings.material_rate_shift,
        ),
        least_rows=least_rows,
        recovery_error=settings.recovery_error,
        correlation=settings.material_correlation,
        joint_alarm=joint_share / settings.mean_rows_between_false_alarms,
        joint_warning=joint_share / settings.mean_rows_between_false_warnings,
    )


def verdict(limits: Policy, before: State, evidence: float, material: bool) -> State:
    """The state that follows `before`, given the evidence (log10) and whether the change matters."""
    if before is State.DRIFT:
        return before
    if material and evidence >= limits.alarm:
        return State.DRIFT
    if before is State.WARNING or (material and evidence >= limits.warning):
        return State.WARNING
    return State.OK


def joint_verdict(limits: Policy, before: State, p_value: float, effect: float, rows: int) -> State:
    """The state of the correlations after a batch of `rows` rows; `effect` is the change of the correlation most
    certain to have changed.
    """
    ended = effect <= RECOVERED * limits.correlation or p_value > RECOVERED_P_VALUE
    if before in (State.DRIFT, State.WARNING) and ended:
        return State.OK
    material = effect >= limits.correlation
    if before is State.DRIFT or (material and p_value < limits.joint_alarm * rows):
        return State.DRIFT
    if before is State.WARNING or (material and p_value < limits.joint_warning * rows):
        return State.WARNING
    return State.OK

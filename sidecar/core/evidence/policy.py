"""From evidence and effect to a verdict. The only place where figures become a judgement, and it computes none of them.

Drift needs both: evidence beyond the threshold, so that it is certain, and an effect of `drift.material_psi`, so that it
matters. A verdict stays until a closed window says that the feature has recovered: half the material effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sidecar.core.evidence.detector import BLOCK_ROWS
from sidecar.core.evidence.materiality import Material
from sidecar.core.words.events import State
from sidecar.settings import DriftSettings

RECOVERED = 0.5
"""A correlation whose change is at or below this share of what matters ends a verdict on pairs."""

CREDIBLE = 0.05
"""A p-value above this ends a verdict on how features hang together."""

JOINT_SHARE = 0.1
"""The part of the budget that is for the tests of pairs (`joint_watch`) of both sides."""


@dataclass(frozen=True)
class Policy:
    """The limits in force: `alarm` and `warning` are log10 of e-values, `least_rows` rows seen."""

    alarm: float
    warning: float
    material: Material
    least_rows: int
    recovery_error: float = 0.01
    """The probability that a verdict ends while the change is still half of what matters, or more."""
    correlation: float = math.inf
    """The change of a correlation that matters."""
    joint_alarm: float = 0.0
    joint_warning: float = 0.0
    """False alarms and warnings a row that the test of pairs may give, per side."""


def policy(settings: DriftSettings, detectors: int, least_rows: int) -> Policy:
    """The limits when so many `detectors` watch both sides: one a feature, and one for all features of a side together.

    The mean of e-detectors is an e-detector, and one of them beyond budget times `detectors` brings that mean beyond
    the budget: so the budget holds over all together. It is given in rows, and evidence counts in
    blocks of `BLOCK_ROWS`.
    """
    watched = math.log10(max(detectors, 1) / BLOCK_ROWS / (1 - JOINT_SHARE))
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
        joint_alarm=JOINT_SHARE / 2 / settings.mean_rows_between_false_alarms,
        joint_warning=JOINT_SHARE / 2 / settings.mean_rows_between_false_warnings,
    )


def verdict(limits: Policy, before: State, evidence: float, material: bool) -> State:
    """The state after `before`, given the evidence (log10) and whether the change matters."""
    if before is State.DRIFT:
        return before
    if material and evidence >= limits.alarm:
        return State.DRIFT
    if before is State.WARNING or (material and evidence >= limits.warning):
        return State.WARNING
    return State.OK


def joint_verdict(limits: Policy, before: State, p_value: float, effect: float, rows: int) -> State:
    """The state of how features hang together after a batch of so many rows; `effect` is the change of a correlation."""
    ended = effect <= RECOVERED * limits.correlation or p_value > CREDIBLE
    if before in (State.DRIFT, State.WARNING) and ended:
        return State.OK
    material = effect >= limits.correlation
    if before is State.DRIFT or (material and p_value < limits.joint_alarm * rows):
        return State.DRIFT
    if before is State.WARNING or (material and p_value < limits.joint_warning * rows):
        return State.WARNING
    return State.OK

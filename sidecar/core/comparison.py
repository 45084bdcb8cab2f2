"""One look at two profiles: the verdict of `compare`. Live traffic is judged by evidence instead, which bears many looks.

A feature has drifted if the change is certain and matters: its chi-squared p-value, multiplied by the number of features
compared (Bonferroni), is below `SIZE`, and its PSI without small-sample bias reaches the material effect. With half the
material effect it is a warning. So the chance that any feature of equal data is called drifted is at most `SIZE`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from sidecar.core.bins import ranges
from sidecar.core.events import BinShift, NotEnough, Score, State
from sidecar.core.frame import Side
from sidecar.core.geometry import scale
from sidecar.core.measure import Pair, scores
from sidecar.core.measures import MEASURES
from sidecar.core.profile import Profile, SideProfile
from sidecar.core.report import shifts

SIZE = 0.01
"""Chance of any false drift, over all features of one comparison."""
WARNING = 0.5
"""Share of the material effect that makes a certain change a warning."""
LEAST_ROWS = 50
"""With fewer live rows nothing is said."""


class FeatureComparison(msgspec.Struct, frozen=True):
    """One feature of live against reference."""

    side: Side
    feature: str
    kind: str
    state: State
    rows: int
    scores: dict[str, Score | NotEnough]
    p_value: float | None
    """Of chi-squared, times the number of features compared; None where there is not enough."""
    shifts: tuple[BinShift, ...]


def compare(reference: Profile, live: Profile, material: float) -> list[FeatureComparison]:
    """Every feature that both have, the most changed first."""
    shared = {side: (of_side, live.sides[side]) for side, of_side in reference.sides.items() if side in live.sides}
    features = sum(len(of_reference.features) for of_reference, _ in shared.values())
    found = [
        comparison
        for side, (of_reference, of_live) in shared.items()
        for comparison in _side(side, of_reference, of_live, features, material)
    ]
    return sorted(found, key=_effect, reverse=True)


def _side(
    side: Side, reference: SideProfile, live: SideProfile, features: int, material: float
) -> list[FeatureComparison]:
    counts = reference.counts.astype(np.float64), live.counts.astype(np.float64)
    found = scores(MEASURES, Pair(*counts, scale(reference)), LEAST_ROWS)
    moved = shifts(*counts, [ranges(feature) for feature in reference.features])
    comparisons = []
    for feature, of_feature, bins, rows in zip(reference.features, found, moved, live.rows.tolist(), strict=True):
        state, p_value = _verdict(of_feature, features, material)
        comparisons.append(
            FeatureComparison(side, feature.name, feature.kind.value, state, rows, of_feature, p_value, bins)
        )
    return comparisons


def _verdict(found: Mapping[str, Score | NotEnough], features: int, material: float) -> tuple[State, float | None]:
    chi_squared, psi = found["chi_squared"], found["psi"]
    if isinstance(chi_squared, NotEnough) or isinstance(psi, NotEnough):
        return State.INSUFFICIENT, None
    p_value = min(1.0, chi_squared.p_value * features)
    if p_value >= SIZE or psi.debiased < WARNING * material:
        return State.OK, p_value
    return (State.DRIFT if psi.debiased >= material else State.WARNING), p_value


def _effect(comparison: FeatureComparison) -> float:
    psi = comparison.scores["psi"]
    return psi.debiased if isinstance(psi, Score) else -1.0

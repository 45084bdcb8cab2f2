"""Whether a drift that goes on has long been too small to matter: what sits just under the gate may not stay a drift.

`recovery` ends or lessens a verdict with an error that all its looks share; near the gate it never can. So whole windows are also
added up, in runs that begin anew once they are long enough, since a drift may have been larger at first. Where a run is
below what matters by `DEVIATIONS`, the drift becomes a warning. As such it is told while it lasts; to be a drift again it must be
beyond the gate by more: `doubt`.
"""

from __future__ import annotations

import math

import numpy as np

from sidecar.core.reference.materiality import Material, RateChange, still_matters
from sidecar.core.stats.divergence import effect
from sidecar.core.words.arrays import Floats

LEAST_ROWS, MOST_ROWS = 8_192.0, 32_768.0
"""Independent rows of a run before which nothing is said, and after which the next one begins."""
DEVIATIONS = 2.0
"""Of live rows alone: an effect is what differs from the reference that there is."""
DOUBTED = 3.0
"""By so many an effect or a rate must then lie beyond what matters."""


class LongRun:
    """Of one feature, since its verdict."""

    def __init__(self, bins: int) -> None:
        self._excess = np.zeros(bins)
        self._weight = self._rows = 0.0

    def add(self, counts: Floats, expected: Floats, independent: float) -> None:
        """The counts (B,) of a window, the shares (B,) that its season's reference expects, and the independent share of rows."""
        if self._rows >= MOST_ROWS:
            self._excess[:] = self._weight = self._rows = 0.0
        weight = float(counts.sum())
        self._excess += counts - weight * expected
        self._weight += weight
        self._rows += weight * independent

    def is_below(self, reference: Floats, change: RateChange | None, material: Material) -> bool:
        """Whether the change has been too small to matter: `reference` counts (B,), and the rate that the verdict rests on, if it
        rests on one.
        """
        rows = self._rows
        if rows < LEAST_ROWS:
            return False
        live = np.maximum(reference / reference.sum() + self._excess / self._weight, 0.0)
        live *= rows / live.sum()
        size = float(effect(reference[None], live[None], np.array([rows]))[0])
        if size > material.psi - DEVIATIONS * _deviation(material.psi, len(live), rows):
            return False
        return change is None or not still_matters(change, float(live[change.bin]) / rows, rows, DEVIATIONS, material)


def doubt(material: Material, bins: int, rows: float) -> float:
    """By how much an effect over so many rows must exceed what matters (PSI), after it was found to be below."""
    return DOUBTED * _deviation(material.psi, bins, max(rows, 1.0))


def _deviation(true: float, bins: int, rows: float) -> float:
    """Standard deviation of an effect over live rows, as in `recovery`."""
    return math.sqrt(2 * max(bins - 1, 1) / rows**2 + 4 * true / rows)

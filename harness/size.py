"""How often p-values are small although nothing drifts: the simulated size of every measure.

Every look has live rows of its own, every few looks a reference of their own, cut at its own quantiles. Used by `tests` at few
references and by `benchmarks.drift.size` at many.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.families import FAMILIES, live, references
from sidecar.core.scores.combined_p_value import combined_p_value
from sidecar.core.scores.geometry import scale
from sidecar.core.scores.measure import Pair
from sidecar.core.scores.measures import MEASURES

ALPHAS = (0.05, 0.01)
ROWS = (50, 100, 200, 1_000, 5_000, 20_000, 500_000)
REFERENCES = (1_000, 10_000, 100_000)
LOOKS = 10
"""Looks at each reference."""


@dataclass(frozen=True)
class Cell:
    """One measure in one situation: how often it rejected at each alpha, over looks at so many references.

    Looks at one reference have its error in common, so the standard error is taken as that of one look at each.
    """

    family: str
    reference: int
    rows: int
    measure: str
    rates: tuple[float, ...]
    references: int

    def liberal(self, at: int) -> bool:
        """Beyond 1.5 alpha by more than three standard errors."""
        alpha = ALPHAS[at]
        return self.rates[at] > 1.5 * alpha + 3 * math.sqrt(1.5 * alpha / self.references)

    def conservative(self, at: int) -> bool:
        """Below half of alpha by more than three standard errors."""
        alpha = ALPHAS[at]
        return self.rates[at] < 0.5 * alpha - 3 * math.sqrt(0.5 * alpha / self.references)


def cells(family: str, reference_rows: int, times: int, seed: int) -> Iterator[Cell]:
    """All measures and the combined p-value, for all numbers of live rows."""
    rng = np.random.default_rng(seed)
    profile, shares = references(FAMILIES[family], rng, reference_rows, times)
    distances = scale(profile)
    reference = profile.counts.astype(np.float64)
    ordered = distances.ordered.any()
    names = [measure.name for measure in MEASURES if ordered or not measure.ordered_only]
    for rows in ROWS:
        small = dict.fromkeys((*names, "combined"), np.zeros(len(ALPHAS)))
        for _ in range(LOOKS):
            pair = Pair(reference, live(rng, shares, rows), distances)
            p_values = {one.name: one(pair).p_value for one in MEASURES if one.name in names} | {
                "combined": combined_p_value(pair)
            }
            for name, p_value in p_values.items():
                small[name] = small[name] + [(p_value < alpha).sum() for alpha in ALPHAS]
        for name, count in small.items():
            rates = tuple((count / (LOOKS * times)).tolist())
            yield Cell(family, reference_rows, rows, name, rates, times)

"""Anderson-Darling distance on bins: squared differences of the distribution functions, weighted so that tails count as
much as the middle.

    sum h (F - G)^2 / (H (1 - H)) over edges

with H the distribution function of both samples together and h its share in the bin below the edge (Scholz & Stephens,
1987, for grouped data). Missing values are left out. Without drift nm/(n+m) times it is a weighted sum of squares of a
Brownian bridge; the p-value is that of a shifted gamma distribution (Pearson's type III) with its first three
cumulants.
"""

from __future__ import annotations

import numpy as np

from sidecar.core.scores.measure import Measured, Pair
from sidecar.core.stats.gamma import gamma_upper
from sidecar.core.words.arrays import Floats

_NONE = 1e-300


class AndersonDarling:
    """Over the ordered bins of numeric features."""

    name = "anderson_darling"
    title = "Anderson-Darling"
    ordered_only = True

    def __call__(self, pair: Pair) -> Measured:
        """See `Measure`."""
        reference, live, below = pair.shares
        weights = _weights(below)
        value = (weights * (live - reference) ** 2).sum(axis=1)
        mean, variance, third = _cumulants(below, weights)
        known = variance > 0
        some = np.where(known, variance, 1.0)
        skewness = np.where(known, third, 1.0) / some**1.5
        shape = 4 / np.maximum(skewness, 1e-6) ** 2
        step = np.sqrt(some) * skewness / 2
        p_value = gamma_upper(shape, (value / pair.inverse_ordered_rows - mean) / step + shape)
        debiased = np.maximum(value - mean * pair.inverse_ordered_rows, 0.0)
        return Measured(value, debiased, np.where(known, p_value, 1.0))


def _weights(below: Floats) -> Floats:
    """H / (H (1 - H)) at each edge (F, B); 0 if one side of the edge is empty."""
    share = np.diff(below, axis=1, prepend=0.0)
    inside = below * (1 - below)
    return np.divide(share, inside, out=np.zeros_like(below), where=inside > 1e-12)


def _cumulants(below: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, variance and third cumulant of sum w B(H)^2 for a Brownian bridge B: tr(WK), 2 tr((WK)^2) and 8 tr((WK)^3).

    K_jk = H_j (1 - H_k) for j <= k factorises over sorted edges, so the sums over pairs and triples are sums of cumulative sums.
    Each result is (F,).
    """
    low, high = weights * below**2, weights * (1 - below) ** 2
    middle = weights * below * (1 - below)
    before = low.cumsum(axis=1) - low
    after = high[:, ::-1].cumsum(axis=1)[:, ::-1] - high
    second = (middle**2).sum(axis=1) + 2 * (high * before).sum(axis=1)
    triples = 6 * (before * middle * after).sum(axis=1)
    pairs = 3 * ((low * middle * after).sum(axis=1) + (before * middle * high).sum(axis=1))
    third = triples + pairs + (middle**3).sum(axis=1)
    return np.asarray(middle.sum(axis=1)), np.asarray(2 * second), np.asarray(8 * third)

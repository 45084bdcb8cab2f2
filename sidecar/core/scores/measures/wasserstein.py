"""Wasserstein distance: the area between the two distribution functions, in robust standard deviations of the
reference.

The area is a weighted sum of |F - G| over the edges of the bins (`geometry`); missing values are left out. Without
drift sqrt(nm/(n+m)) (F - G) is a Brownian bridge at the shares below the edges, so the mean and variance of the sum are
known exactly from E|XY| of two normals (Nabeya, 1951). The p-value is that of a gamma distribution with that mean and
1.2 times that variance. With the variance itself it is liberal by a factor of up to 2 at 0.001, because the true
distribution is more skewed; with 1.2 times it, it is not liberal at 0.1 and below (simulated for one to 23 equal and
unequal steps).
"""

from __future__ import annotations

import math

import numpy as np

from sidecar.core.scores.measure import Measured, Pair
from sidecar.core.stats.gamma import gamma_upper
from sidecar.core.words.arrays import Floats

_WIDER = 1.2


class Wasserstein:
    """Over the ordered bins of numeric features."""

    name = "wasserstein"
    title = "Wasserstein"
    ordered_only = True

    def __call__(self, pair: Pair) -> Measured:
        """See `Measure`."""
        reference, live, both = pair.shares
        value = (np.abs(live - reference) * pair.scale.steps).sum(axis=1)
        mean, variance = _null(both, pair.scale.steps)
        spread = np.sqrt(pair.inverse_ordered_rows)
        # Edges at quantiles of the reference are only as precise as one of its rows.
        surplus = np.maximum(np.abs(live - reference) - pair.resolution[:, None], 0.0)
        statistic = (surplus * pair.scale.steps).sum(axis=1) / spread
        known = variance > 0
        some = np.where(known, variance * _WIDER, 1.0)
        p_value = gamma_upper(np.where(known, mean**2 / some, 1.0), statistic * mean / some)
        return Measured(value, np.maximum(value - mean * spread, 0.0), np.where(known, p_value, 1.0))


def _null(below: Floats, steps: Floats) -> tuple[Floats, Floats]:
    """Mean and variance, each (F,), of the sum of steps |B(below)| for a Brownian bridge B.

    E|XY| = 2/pi sd_x sd_y (sqrt(1 - r^2) + r asin r), so Cov(|X|, |Y|) = 2/pi sd_x sd_y (sqrt(1 - r^2) + r asin r - 1),
    and the correlation r of B(s), B(t) for s < t is sqrt(odds(s) / odds(t)), with odds(s) = s / (1 - s).
    """
    weight = steps * np.sqrt(below * np.maximum(1 - below, 0.0))
    used = weight.any(axis=0)
    weight, below = weight[:, used], np.clip(below[:, used], 1e-12, 1 - 1e-12)
    root = np.sqrt(below / (1 - below))
    variance = (weight**2).sum(axis=1) * (math.pi / 2 - 1)
    for lag in range(1, weight.shape[1]):
        r = np.minimum(root[:, :-lag] / root[:, lag:], 1.0)
        excess = np.sqrt(1 - r * r) + r * np.arcsin(r) - 1
        variance += 2 * (weight[:, :-lag] * weight[:, lag:] * excess).sum(axis=1)
    return math.sqrt(2 / math.pi) * weight.sum(axis=1), variance * (2 / math.pi)

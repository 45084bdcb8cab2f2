"""Hellinger distance: sqrt(1 - sum of sqrt(p q)), from 0 (equal) to 1 (nothing in common).

For small differences 8 nm/(n+m) times its square is chi-squared with B - 1 degrees of freedom, as in `jensen_shannon`; where few
rows are expected in a bin the fourth order makes mean and variance larger, and the statistic is divided by twice what that adds
to the mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sidecar.core.measure import Measured, Pair
from sidecar.core.stats.gamma import chi2_sf

Floats = NDArray[np.float64]


class Hellinger:
    """Over all bins, `missing` included."""

    name = "hellinger"
    ordered_only = False

    def __call__(self, pair: Pair) -> Measured:
        """See `Measure`."""
        square = _square(pair.reference, pair.live)
        expected = (pair.occupied - 1) * pair.inverse_rows / 8
        statistic = 8 * _square(*pair.pooled) / pair.inverse_rows / (1 + pair.cut_excess + 2 * _curvature(pair))
        p_value = chi2_sf(statistic, pair.pooled_bins - 1)
        return Measured(np.sqrt(square), np.sqrt(np.maximum(square - expected, 0.0)), p_value)


def _square(reference: Floats, live: Floats) -> Floats:
    q = reference / np.maximum(reference.sum(axis=1), 1.0)[:, None]
    p = live / np.maximum(live.sum(axis=1), 1.0)[:, None]
    return np.asarray(((np.sqrt(p) - np.sqrt(q)) ** 2).sum(axis=1) / 2)


def _curvature(pair: Pair) -> Floats:
    """What the fourth order adds to the mean of the statistic, relative to df: (7/16 (u^2 + v^2) - uv/8) / (u + v) a bin.

    u and v are 1 / expected rows; from 4 (sqrt(1 + a) - sqrt(1 + b))^2 with a and b the relative errors of both shares, to
    the fourth order, and the moments of Poisson counts.
    """
    v, u = pair.per_bin
    excess = np.divide(0.4375 * (u * u + v * v) - 0.125 * u * v, u + v, out=np.zeros_like(u), where=u > 0)
    return np.asarray(excess.sum(axis=1) / np.maximum(pair.pooled_bins - 1, 1.0))

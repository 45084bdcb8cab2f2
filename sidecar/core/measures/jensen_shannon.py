"""Jensen-Shannon distance: the square root of the divergence in bits, from 0 (equal) to 1 (nothing in common).

For small differences 8 nm/(n+m) times the divergence in nats is chi-squared with B - 1 degrees of freedom, as PSI and
the chi-squared distance are, of which it is an eighth to second order; that gives its mean under no drift and p-value.
Where few rows are expected in a bin, the fourth order makes mean and variance larger: the statistic is divided by twice
what that adds to the mean.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sidecar.core.measure import Measured, Pair
from sidecar.core.stats.gamma import chi2_sf

Floats = NDArray[np.float64]

_LN2 = math.log(2)


class JensenShannon:
    """Over all bins, `missing` included."""

    name = "jensen_shannon"
    ordered_only = False

    def __call__(self, pair: Pair) -> Measured:
        """See `Measure`."""
        divergence = _divergence(pair.reference, pair.live)
        expected = (pair.occupied - 1) * pair.inverse_rows / 8
        reference, live = pair.pooled
        statistic = 8 * _divergence(reference, live) / pair.inverse_rows / (1 + pair.cut_excess + 2 * _curvature(pair))
        debiased = np.maximum(divergence - expected, 0.0)
        return Measured(np.sqrt(divergence / _LN2), np.sqrt(debiased / _LN2), chi2_sf(statistic, pair.pooled_bins - 1))


def _divergence(reference: Floats, live: Floats) -> Floats:
    """In nats."""
    q = reference / np.maximum(reference.sum(axis=1), 1.0)[:, None]
    p = live / np.maximum(live.sum(axis=1), 1.0)[:, None]
    middle = (p + q) / 2
    return np.asarray(np.maximum((_relative(p, middle) + _relative(q, middle)) / 2, 0.0))


def _relative(p: Floats, middle: Floats) -> Floats:
    ratio = np.divide(p, middle, out=np.ones_like(p), where=p > 0)
    return np.asarray((p * np.log(ratio)).sum(axis=1))


def _curvature(pair: Pair) -> Floats:
    """What the fourth order adds to the mean of the statistic, relative to df: (3/8 (u^2 + v^2) - uv/4) / (u + v) a bin.

    u and v are 1 / expected rows; from 8 JS = r (D^2 (1 - s + s^2) + D^4 / 24) with D and s difference and mean of the
    relative errors of both shares, and the moments of Poisson counts.
    """
    v, u = pair.per_bin
    excess = np.divide(0.375 * (u * u + v * v) - 0.25 * u * v, u + v, out=np.zeros_like(u), where=u > 0)
    return np.asarray(excess.sum(axis=1) / np.maximum(pair.pooled_bins - 1, 1.0))

"""Total variation distance: sum |p - q| / 2, the share of rows that would have to change, from 0 to 1.

Without drift p - q is normal with covariance (1/n + 1/m)(diag r - r r'), r being the share of both samples together. So
the mean of the sum of absolute values is known, and its variance to second order in the correlations from E|XY| of two
normals (Nabeya, 1951). The p-value is that of a gamma distribution with this mean and variance.
"""

from __future__ import annotations

import math

import numpy as np

from sidecar.core.scores.measure import Measured, Pair
from sidecar.core.stats.divergence import ratios
from sidecar.core.stats.gamma import gamma_upper
from sidecar.core.words.arrays import Floats

_MEAN = math.sqrt(2 / math.pi)
"""Of |X| for a standard normal X."""


class TotalVariation:
    """Over all bins, `missing` included."""

    name = "total_variation"
    title = "Total variation"
    ordered_only = False

    def __call__(self, pair: Pair) -> Measured:
        """See `Measure`."""
        value = _distance(pair.reference, pair.live)
        expected, _ = _null(pair.reference, pair.live, pair.inverse_rows)
        mean, variance = _null(*pair.pooled, pair.inverse_rows * (1 + pair.cut_excess))
        shape = np.divide(mean * mean, variance, out=np.zeros_like(mean), where=variance > 0)
        rate = np.divide(mean, variance, out=np.zeros_like(mean), where=variance > 0)
        p_value = np.where(variance > 0, gamma_upper(np.maximum(shape, 0.1), _distance(*pair.pooled) * rate), 1.0)
        return Measured(value, np.maximum(value - expected, 0.0), p_value)


def _distance(reference: Floats, live: Floats) -> Floats:
    return np.asarray(np.abs(ratios(live) - ratios(reference)).sum(axis=1) / 2)


def _null(reference: Floats, live: Floats, inverse_rows: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the distance without drift, each (F,)."""
    r = ratios(reference + live)
    sd = np.sqrt(r * (1 - r))
    mean = _MEAN / 2 * sd.sum(axis=1) * np.sqrt(inverse_rows)
    # Cov(|X|, |Y|) = rho^2 / pi to second order; rho^2 of two bins is the product of r / (1 - r).
    g = np.divide(r * sd, 1 - r, out=np.zeros_like(r), where=r < 1)
    variance = (1 - _MEAN**2) * (sd**2).sum(axis=1) + (g.sum(axis=1) ** 2 - (g**2).sum(axis=1)) / math.pi
    return np.asarray(mean), np.asarray(variance / 4 * inverse_rows)

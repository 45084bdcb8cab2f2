"""The normal distribution function and its inverse, vectorised; tests compare with scipy."""

from __future__ import annotations

import numpy as np

from sidecar.core.stats.gamma import gamma_upper
from sidecar.core.words.arrays import Floats

_STEPS = 60


def normal_cdf(x: Floats) -> Floats:
    """P(Z <= x), element by element: (1 + erf(x / sqrt 2)) / 2, with erfc from the incomplete gamma function (A&S 6.5.17)."""
    x = np.asarray(x, np.float64)
    tail = gamma_upper(np.full_like(x, 0.5), x * x / 2) / 2
    return np.where(x > 0, 1 - tail, tail)


def normal_isf(p: Floats) -> Floats:
    """The x with P(Z > x) = p, for 0 < p < 1; by bisection between -40 and 40."""
    p = np.asarray(p, np.float64)
    low, high = np.full_like(p, -40.0), np.full_like(p, 40.0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        above = normal_cdf(-middle) > p
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray((low + high) / 2)

"""The limiting distribution of the Kolmogorov-Smirnov statistic, vectorised; tests compare it with scipy."""

from __future__ import annotations

import math

import numpy as np

from sidecar.core.words.arrays import Floats

_SWITCH = 0.8
"""Where both series converge equally fast; five terms of either are exact to 1e-16."""
_TERMS = range(1, 7)

MEAN = math.sqrt(math.pi / 2) * math.log(2)
"""Mean of the limiting distribution (0.8687): the expected value of sqrt(nm / (n + m)) D without drift."""


def kolmogorov_sf(x: Floats) -> Floats:
    """P(sup |Brownian bridge| > x), element by element; both series are in Feller (1948), equations 1.4 and 1.5."""
    x = np.asarray(x, np.float64)
    large = np.maximum(x, _SWITCH)
    small = np.clip(x, 1e-3, _SWITCH)
    upper = 2 * sum((-1) ** (k - 1) * np.exp(-2.0 * (k * large) ** 2) for k in _TERMS)
    lower = sum(np.exp(-(((2 * k - 1) * math.pi / small) ** 2) / 8) for k in _TERMS) * math.sqrt(2 * math.pi) / small
    return np.clip(np.where(x > _SWITCH, upper, 1 - lower), 0.0, 1.0)

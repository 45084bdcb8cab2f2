"""The normal distribution function and its inverse, element by element, from the standard library's; tests compare with scipy."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from sidecar.core.words.arrays import Floats

_STANDARD = NormalDist()


def normal_cdf(x: Floats) -> Floats:
    """P(Z <= x), accurate at the lower tail."""
    found = [math.erfc(-value / math.sqrt(2)) / 2 for value in np.ravel(x).tolist()]
    return np.array(found).reshape(np.shape(x))


def normal_isf(p: Floats) -> Floats:
    """The x with P(Z > x) = p, for 0 < p < 1."""
    return np.array([-_STANDARD.inv_cdf(value) for value in np.ravel(p).tolist()]).reshape(np.shape(p))

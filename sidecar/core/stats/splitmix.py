"""A hash of numbers to pseudo-random bits that are the same in every run and on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]


def splitmix64(keys: Words) -> Words:
    """64 mixed bits of each key, by the constants of splitmix64 (Steele, Lea & Flood, 2014)."""
    z = keys * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))

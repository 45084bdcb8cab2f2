"""One p-value per feature for a single look, combined from two tests that are strong against different changes.

Anderson-Darling sees shifts, scales and tails, chi-squared on bins sees spikes and gaps, and neither replaces the other. They are
correlated, so they are combined by Cauchy's rule, which keeps its size under dependence (Liu & Xie, 2020):

    T = sum w_i tan((1/2 - p_i) pi),   p = 1/2 - arctan(T) / pi

Unordered features use chi-squared alone. Live monitoring uses `evidence` instead, which may be read at any time. Derivation and
limits: docs/math.md, "Combined p-value".
"""

from __future__ import annotations

import math

import numpy as np

from sidecar.core.scores.measure import Measure, Pair
from sidecar.core.scores.measures.anderson_darling import AndersonDarling
from sidecar.core.scores.measures.chi_squared import ChiSquared
from sidecar.core.words.arrays import Floats

_PARTS: tuple[tuple[Measure, float], ...] = ((AndersonDarling(), 0.5), (ChiSquared(), 0.5))
"""Tests and their weights; chosen by `python -m benchmarks.drift.power`."""
_LEAST, _MOST = 1e-300, 0.99
"""Bounds of a p-value. One near 1 must not cancel a small one as if it were evidence of equality."""


def combined_p_value(pair: Pair) -> Floats:
    """The p-value of each feature (F,)."""
    p_values = np.array([measure(pair).p_value for measure, _ in _PARTS])
    weights = np.array([weight for _, weight in _PARTS])[:, None]
    clipped = np.clip(p_values, _LEAST, _MOST)
    # 1 / tan(pi p) is tan(pi (1/2 - p)) without loss of digits at small p.
    combined = _upper((weights / np.tan(math.pi * clipped)).sum(axis=0))
    ordered = pair.scale.ordered.any(axis=1)
    return np.where(ordered, combined, p_values[-1])


def _upper(value: Floats) -> Floats:
    """P(standard Cauchy > value), exact for large values too."""
    far = np.arctan(1 / np.where(value > 1, value, 1.0)) / math.pi
    return np.where(value > 1, far, 0.5 - np.arctan(value) / math.pi)

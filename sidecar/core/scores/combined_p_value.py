"""One p-value per feature for whoever looks once: of two tests that are strong against different changes.

Anderson-Darling sees shifts, scales and tails, chi-squared on bins sees spikes and gaps, and neither replaces the other. They
depend on each other, so they are combined by Cauchy's rule, which keeps its size under dependence (Liu & Xie, 2020). For
features without order chi-squared stands alone. Live monitoring rests on `evidence` instead, which may be looked at always.
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
"""A p-value near 1 must not outweigh a small one: it would count as evidence of equality."""


def combined_p_value(pair: Pair) -> Floats:
    """The p-value of each feature (F,)."""
    p_values = np.array([measure(pair).p_value for measure, _ in _PARTS])
    weights = np.array([weight for _, weight in _PARTS])[:, None]
    clipped = np.clip(p_values, _LEAST, _MOST)
    # 1 / tan(pi p) is tan(pi (1/2 - p)) without the loss of digits at small p.
    together = _upper((weights / np.tan(math.pi * clipped)).sum(axis=0))
    ordered = pair.scale.ordered.any(axis=1)
    return np.where(ordered, together, p_values[-1])


def _upper(value: Floats) -> Floats:
    """P(standard Cauchy > value), exact for large values too."""
    far = np.arctan(1 / np.where(value > 1, value, 1.0)) / math.pi
    return np.where(value > 1, far, 0.5 - np.arctan(value) / math.pi)

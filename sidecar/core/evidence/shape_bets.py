"""Bets on changes of shape that need no learning: ordered features that move or stretch as a normal distribution would.

Each bin's factor is P(bin) of the changed distribution over q(bin), after the reference's quantiles were laid on those of a
standard normal. With h the factor less 1, and 0 for what is missing, its mean is 1 under the reference, and at most
1 + radius |h| for every distribution that lies within `radius` of it along h. By that all factors are divided, so that they are
e-values (`detector`). A real change is seldom one of these, but one of them is soon
close enough to it, while what is learned must first be seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sidecar.core.binning.bins import Feature
from sidecar.core.stats.normal import normal_cdf, normal_isf
from sidecar.core.words.arrays import Floats

SHAPES = ((0.4, 1.0), (-0.4, 1.0), (1.0, 1.0), (-1.0, 1.0), (0.0, 1.4), (0.0, 0.7))
"""Mean and standard deviation of what is bet on."""
_LEAST_BINS = 6
_DEEPEST = 0.02
"""No factor is below this, so that one row in a bin that the change would empty does not end a bet."""


def shape_factors(features: Sequence[Feature], q: Floats, radius: Floats) -> Floats:
    """Logarithms of the factors (SHAPES, F, B); all 0 for features without order or with few bins. `radius` is (F,)."""
    found = np.zeros((len(SHAPES), *q.shape))
    for at, feature in enumerate(features):
        values = feature.bins - 1
        if not feature.ordered or values < _LEAST_BINS or not math.isfinite(radius[at]):
            continue
        share = q[at, :values]
        inside = share.sum()
        cuts = normal_isf(1 - np.clip(share.cumsum()[:-1] / inside, 1e-9, 1 - 1e-9))
        for shape, (mean, deviation) in enumerate(SHAPES):
            below = np.concatenate([[0.0], normal_cdf((cuts - mean) / deviation), [1.0]])
            found[shape, at, : values + 1] = _factors(np.diff(below) * inside, share, float(radius[at]))
    return found


def _factors(changed: Floats, share: Floats, radius: float) -> Floats:
    """Logarithms for the bins (B,) of one feature, and last for what is missing."""
    factor = np.append((1 - _DEEPEST) * changed / share + _DEEPEST, 1.0)
    length = float(np.sqrt((share * (factor[:-1] - 1) ** 2).sum()))
    return np.asarray(np.log(factor) - math.log1p(radius * length))

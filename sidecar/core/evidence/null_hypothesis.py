"""What evidence stands on: the reference's shares, the directions to bet along, and how far off the reference may be.

One `NullHypothesis` is made per reference, or per season of one. It holds for all features of a side and never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sidecar.core.binning.bins import Feature
from sidecar.core.evidence.basis import DIRECTIONS, smooth_basis
from sidecar.core.stats.gamma import chi2_isf
from sidecar.core.words.arrays import Floats, Mask

PSEUDO_COUNT = 2.0
"""Added to each bin of the reference: no bin is impossible. With 2 the chi-squared tail holds for the radius, by simulation of
normal references of 100 to 10,000 rows; with 1 it is passed ten times too often, since bins may be empty by chance."""
REFERENCE_DOUBT = 0.01
"""Probability, per feature and subspace, that the reference's own sampling error is larger than the radius allows for. Where it
is, the error is little larger, so that what is gathered against it grows by less than a decade in 100,000 rows, and its effect
is far from material."""
SUBSPACES = np.array([[1] * DIRECTIONS, [0, 1, *[0] * (DIRECTIONS - 2)]], np.float64)
"""(2, DIRECTIONS): which smooth directions are bet on together: all of them, and the plain shift in rank alone, which one
learns sooner and of which the reference is surer."""
BETS = 1 + len(SUBSPACES)
"""Ways to bet: the whole difference, and each subspace."""


@dataclass(frozen=True, eq=False)
class NullHypothesis:
    """Per feature and bin: shares `q` and `inverse` 1/q (F, B), 0 where there is no bin; `basis` (F, DIRECTIONS, B);
    `radius` (BETS, F), the chi distance from q within which no evidence is gathered, infinite without a reference.
    """

    q: Floats
    inverse: Floats
    basis: Floats
    radius: Floats


def null_hypothesis(features: Sequence[Feature], counts: Floats, *, mask: Mask, tolerance: float) -> NullHypothesis:
    """The ground that reference counts (F, B) give, `tolerance` being the chi distance that is never held against live."""
    rows = counts.sum(axis=1)
    padded = np.where(mask, counts + PSEUDO_COUNT, 0.0)
    q = padded / padded.sum(axis=1, keepdims=True)
    inverse = np.divide(1.0, q, out=np.zeros_like(q), where=mask)
    basis = smooth_basis(features, q)
    has = np.abs(basis).any(axis=2)
    freedom = np.concatenate([mask.sum(axis=1)[None] - 1, SUBSPACES @ has.T])
    doubt = np.array([[chi2_isf(REFERENCE_DOUBT, int(df)) for df in of_bet] for of_bet in freedom])
    radius = np.where(rows > 0, np.sqrt(doubt / np.maximum(rows, 1)) + tolerance, np.inf)
    return NullHypothesis(q, inverse, basis, radius)

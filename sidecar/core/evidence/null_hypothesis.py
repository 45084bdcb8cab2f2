"""The null hypothesis of evidence: every distribution within a ball around the reference's shares. The ball has its
radius because the reference is a sample.

    d(P, q) = sqrt(sum (P - q)^2 / q) <= radius = sqrt(chi2_isf(REFERENCE_DOUBT, df) / m) + tolerance

for m reference rows. One `NullHypothesis` is made per reference, or per season of one. It covers all features of a side
and never changes. Why the ball holds: docs/math.md, "The ball around the reference".
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
"""Added to each bin of the reference, so that no bin has probability 0. With 2 the chi-squared tail holds for the radius, by
simulation of normal references of 100 to 10,000 rows; with 1 it is exceeded ten times too often, since bins may be empty by
chance."""
REFERENCE_DOUBT = 0.01
"""Probability, per feature and subspace, that the sampling error of the reference exceeds the radius. Where it does, it is little
larger, so that evidence against it grows by less than a decade in 100,000 rows, and its effect is far from material."""
SUBSPACES = (slice(0, DIRECTIONS), slice(1, 2))
"""The smooth directions of each bet: all of them, or the shift in rank alone, which is estimated from fewer rows and has a
smaller ball."""
BETS = 1 + len(SUBSPACES)
"""Bets per memory: along the whole difference, and within each subspace."""


@dataclass(frozen=True, eq=False)
class NullHypothesis:
    """Per feature and bin: shares `q` (F, B), 0 where there is no bin; `basis` (F, DIRECTIONS, B); `radius` (BETS, F),
    the chi distance from q that the null hypothesis allows, infinite without reference rows.
    """

    q: Floats
    basis: Floats
    radius: Floats

    @property
    def inverse(self) -> Floats:
        """1/q (F, B), 0 where there is no bin; made when it is asked for, since it would be kept for every feature."""
        return np.divide(1.0, self.q, out=np.zeros_like(self.q), where=self.q > 0)


def null_hypothesis(features: Sequence[Feature], counts: Floats, *, mask: Mask, tolerance: float) -> NullHypothesis:
    """The null hypothesis that reference counts (F, B) give. `mask` (F, B) marks the bins that exist; `tolerance` is
    the chi distance that is never held against live.
    """
    rows = counts.sum(axis=1)
    padded = np.where(mask, counts + PSEUDO_COUNT, 0.0)
    q = padded / padded.sum(axis=1, keepdims=True)
    basis = smooth_basis(features, q)
    has: Mask = np.asarray(basis.any(axis=2))
    freedom = np.array([mask.sum(axis=1) - 1, *(has[:, inside].sum(axis=1) for inside in SUBSPACES)])
    doubt = np.array([[chi2_isf(REFERENCE_DOUBT, int(df)) for df in of_bet] for of_bet in freedom])
    radius = np.where(rows > 0, np.sqrt(doubt / np.maximum(rows, 1)) + tolerance, np.inf)
    return NullHypothesis(q, basis, radius)

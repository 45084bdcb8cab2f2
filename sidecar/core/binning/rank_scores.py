"""Rank scores, whose correlations describe how features depend on each other, whatever the distribution of each.

Rows are kept as bins, one byte per value, up to a bound. The rank u in [0, 1] of a value is the middle of its bin's
ranks among these rows. Each feature has two scores, the Legendre polynomials s = 2u - 1 and (3 s^2 - 1) / 2, so that a
monotone and a curved dependence each show in a correlation, and no change of a feature alone changes any. Missing
values score 0. Names that the reference lacks score as its rare ones: to its own rows none is new, to live rows some of the
rarest are. `reference.joint` keeps the correlations.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sidecar.core.binning.bins import Feature
from sidecar.core.words.arrays import Codes, Floats, Numbers

Kept = NDArray[np.uint8]

MOST_FEATURES = 64
"""Most features that are paired, numeric ones first: pairs grow with the square."""
_LEAST_SPREAD = 0.05
"""Standard deviation below which a score counts as constant, because nearly all rows are in one bin."""


def taking_part(features: Sequence[Feature]) -> Numbers:
    """Numbers of the features that are paired, in order (F',)."""
    ranked = sorted(range(len(features)), key=lambda at: not features[at].ordered)
    return np.array(sorted(ranked[:MOST_FEATURES]), np.int64)


class RankedRows:
    """The first `most` rows, as bins of the features that are paired."""

    def __init__(self, features: Sequence[Feature], width: int, most: int) -> None:
        """`width` is the B of the flat codes."""
        self.chosen = taking_part(features)
        self.count = 0
        self._offsets = (self.chosen * width)[:, None]
        self._missing = np.array([features[at].missing for at in self.chosen.tolist()])
        self._new = [(at, features[one].unseen) for at, one in enumerate(self.chosen) if not features[one].ordered]
        self._most = most
        self._blocks: list[Kept] = []

    def add(self, codes: Codes) -> None:
        """Take rows: flat codes (F, n)."""
        room = self._most - self.count
        if room > 0:
            bins = (codes[self.chosen, :room] - self._offsets).astype(np.uint8)
            for at, unseen in self._new:
                bins[at] -= bins[at] == unseen  # to `other`, which is the bin before it
            self._blocks.append(bins)
            self.count += bins.shape[1]

    def clear(self) -> None:
        """Drop all rows."""
        self._blocks = []
        self.count = 0

    def correlations(self) -> Floats:
        """Correlations of the scores (K, K)."""
        z = self.scores()
        return np.asarray(z @ z.T / max(self.count, 1))

    def scores(self) -> Floats:
        """Standardised scores (K, n): the first F' rows are first scores, the others second ones. 0 where a score does
        not vary.
        """
        bins = np.concatenate(self._blocks, axis=1) if self._blocks else np.empty((len(self.chosen), 0), np.uint8)
        found = np.empty((2 * len(bins), bins.shape[1]))
        for at, row in enumerate(bins):
            rank = _ranks(row, int(self._missing[at]))
            score = np.where(np.isnan(rank), 0.0, 2 * rank - 1)
            found[at] = score[row]
            found[len(bins) + at] = np.where(np.isnan(rank), 0.0, (3 * score**2 - 1) / 2)[row]
        for scores in found if found.size else ():
            _standardise(scores)
        return found


def _ranks(row: Kept, missing: int) -> Floats:
    """The middle rank of each bin (B,), from 0 to 1; NaN for missing."""
    counts = np.bincount(row, minlength=missing + 1).astype(np.float64)
    ranks = (counts.cumsum() - counts / 2) / max(float(counts[:missing].sum()), 1.0)
    ranks[missing] = np.nan
    return ranks


def _standardise(scores: Floats) -> None:
    """One score (n,), in its place."""
    scores -= scores.mean()
    spread = np.sqrt((scores**2).mean())
    scores[:] = scores / spread if spread > _LEAST_SPREAD else 0.0

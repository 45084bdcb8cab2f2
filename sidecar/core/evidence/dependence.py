"""How much rows depend on the rows before them, per feature, so that evidence can be discounted for it.

Bets multiply as if rows were independent. Two things say that they are not. `Correlation` measures on the live rows how many
of them say as much as one independent row (the integrated autocorrelation time): of the bin itself and, for ordered features,
of its rank. It looks at differences of rows that lie apart by a lag, so a shift of the mean is not taken for dependence.
`Runs` weighs down a row that follows a run of equal values which is not credible under independence: a burst of repeats counts
little from its first rows on, long before any correlation can be estimated. What is done with both is `detector`'s business.
"""

from __future__ import annotations

import numpy as np

from sidecar.core.binning.runs import credible
from sidecar.core.words.arrays import Codes, Floats, Numbers

LAGS = np.array([1, 2, 4, 8, 16, 32, 64])
FURTHEST = 64
"""Rows that lie so far apart are taken as independent."""
FIRST_ROWS = 128
"""The first estimate is made from so many rows; nothing is bet before it."""
_CHUNK = 256
_KNOWN = 4096
_MEMORY = 4096.0
"""Rows after which what was measured has faded to 1/e."""
_SIGNIFICANT = 5.0
"""Correlations count up to the first lag at which one is below this over the square root of the rows: two and a half times
the standard deviation of what independent rows show (Geyer's initial sequence, 1992, cut at noise)."""
BURST = 256
"""A run that is longer is no burst of repeats: the value is stuck, which is a change, and its rows count whole again."""
CREDIBLE = 1e-3
"""A run that independent rows would show with less than this probability is held to be a repetition."""


class Correlation:
    """Effective independent rows per row, `share` (F,), measured on the live rows."""

    def __init__(self, ranks: Floats) -> None:
        """`ranks` (F, B) is the value of each bin in order, all zero for features without order."""
        self.share = np.ones(len(ranks))
        self.rows = 0
        self._ranks = ranks
        self._offsets = (np.arange(len(ranks)) * ranks.shape[1])[:, None]
        self._rows = np.zeros(len(LAGS))
        self._apart = np.zeros((2, len(LAGS), len(ranks)))
        self._held = np.empty((len(ranks), 0), np.uint8)  # bins, of which no feature has more than 200
        self._fresh = 0

    def add(self, codes: Codes) -> None:
        """Take a block of rows: flat codes (F, n)."""
        bins = (codes - self._offsets).astype(np.uint8)
        self._held = np.concatenate([self._held, bins], axis=1)[:, -_CHUNK - FURTHEST :]
        self._fresh += codes.shape[1]
        self.rows += codes.shape[1]
        if self._fresh >= self._next():
            self._fresh = min(self._fresh, _CHUNK)
            self._measure()
            self._fresh = 0

    def _next(self) -> int:
        """How many fresh rows the next estimate waits for; of a known stream only some rows are looked at."""
        if not self._rows[0]:
            return FIRST_ROWS
        return _CHUNK if self.rows < _KNOWN else 4 * _CHUNK

    def _measure(self) -> None:
        ranks = np.take_along_axis(self._ranks, self._held.astype(np.int64), axis=1)
        left = np.exp(-self._fresh / _MEMORY)
        for at, lag in enumerate(LAGS.tolist()):
            start = max(self._held.shape[1] - self._fresh - lag, 0)
            later, earlier = slice(start + lag, None), slice(start, -lag)
            other = self._held[:, later] != self._held[:, earlier]
            squares = (ranks[:, later] - ranks[:, earlier]) ** 2
            self._rows[at] = self._rows[at] * left + other.shape[1]
            self._apart[0, at] = self._apart[0, at] * left + other.sum(axis=1)
            self._apart[1, at] = self._apart[1, at] * left + squares.sum(axis=1)
        self.share = 1 / self._times().max(axis=0)

    def _times(self) -> Floats:
        """Integrated autocorrelation times (2, F): 1 + 2 sum of correlations, by the trapezoid rule between the lags."""
        apart = self._apart / self._rows[:, None]
        furthest = apart[:, -1:, :]
        correlation = 1 - np.divide(apart, furthest, out=np.ones_like(apart), where=furthest > 0)
        noise = (_SIGNIFICANT / np.sqrt(self._rows))[:, None]
        counts = np.logical_and.accumulate(correlation > noise, axis=1)
        return np.asarray(1 + 2 * np.einsum("l,dlf->df", _WEIGHTS, np.where(counts, correlation, 0.0)))


class Runs:
    """Weights of rows by the run of equal values before each: 1, and less once the run is not credible."""

    def __init__(self, q: Floats) -> None:
        """`q` (F, B) are the reference's shares."""
        self._credible = credible(q, CREDIBLE).ravel()
        self._last = np.zeros((len(q), 1), np.int64)

    def weights(self, codes: Codes, runs: Numbers) -> Floats | None:
        """For flat codes (F, n) and the lengths of the runs before each row, the weight of each; None where all are 1.

        A weight depends on the rows before it alone, so that a factor to its power stays an e-value (Jensen).
        """
        before = np.concatenate([self._last, codes[:, :-1]], axis=1)
        self._last = codes[:, -1:].copy()
        longest = self._credible[before]
        if not (runs > longest).any():
            return None
        return np.where(runs > BURST, 1.0, np.minimum(longest / np.maximum(runs, 1), 1.0))


def _trapezoid_weights() -> Floats:
    """What the correlation at each lag stands for in the sum over lags 1, 2, ... FURTHEST - 1."""
    every = np.arange(1, FURTHEST)
    return np.array([np.interp(every, LAGS, np.eye(len(LAGS))[at]).sum() for at in range(len(LAGS))])


_WEIGHTS = _trapezoid_weights()

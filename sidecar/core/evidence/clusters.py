"""How much the rows of one message depend on each other: a message of a thousand rows may say as little as one.

Rows of a message have no order (`row_batches` shuffles them), but they may have a source in common: a class, a customer, a day.
A message of n rows is then worth n / deff rows, with the design effect deff = 1 + (n - 1) rho (Kish, 1965). deff is estimated
from how far the bins of whole messages scatter around their own mean: Pearson's statistic over its degrees of freedom, and the
same for the mean rank, the larger of both. The reference stands for a first message, so that two messages of the same kind do not
pass for independent rows. Few messages say little, so deff is taken at an upper bound, and the first message counts as a single
row: a factor to the power 1/n has a mean of at most 1 however its rows depend on each other (Hoelder).
"""

from __future__ import annotations

import functools

import numpy as np

from sidecar.core.stats.gamma import chi2_isf
from sidecar.core.words.arrays import Floats, Numbers, Singles

LEAST_ROWS = 64
"""Smaller messages are left to `dependence`, which measures over rows up to so far apart and sees whole messages at once. A shift
scatters messages too, and of small ones it takes many to tell the two apart."""
_MEMORY = 64.0
"""Messages after which what was measured has decayed to 1/e."""
_DOUBT = 0.02
"""Probability that messages scatter more than the upper bound of what was measured says."""
_TINY = 1e-300


class Clusters:
    """Of all features of one side."""

    def __init__(self, q: Floats, ranks: Floats) -> None:
        """`q` (F, B) are the reference's shares, `ranks` (F, B) the value of each bin in order, 0 without order."""
        self._ranks = ranks
        self._mean: Floats | Singles = q
        self._weight = 1.0
        self._scatter = np.zeros((2, len(q)))
        self._messages = 0.0

    def worth(self, rows: int) -> Floats:
        """What each row of the next message, of so many rows, is worth (F,): above 0 and at most 1."""
        if self._messages < 1:
            return np.full(len(self._mean), 1 / rows)
        found = (self._scatter / self._messages).max(axis=0)
        upper = found * _upper(round(self._messages))
        return np.asarray(1 / np.clip(upper, 1.0, rows))

    def add(self, counts: Numbers) -> None:
        """Take a message's counts (F, B)."""
        rows = counts.sum(axis=1, keepdims=True)
        share = counts / np.maximum(rows, 1)
        self._measure(share, rows[:, 0])
        kept = np.exp(-1 / _MEMORY)
        self._mean = ((self._mean * self._weight * kept + share) / (self._weight * kept + 1)).astype(np.float32)
        self._weight = self._weight * kept + 1

    def _measure(self, share: Floats, rows: Numbers) -> None:
        """How far a message lies from the mean of those before it, in units of what independent rows would show."""
        mean = self._mean.astype(np.float64)
        difference, ranked = share - mean, mean * self._ranks
        noise = 1 + 1 / self._weight  # of a message and of the mean of earlier ones
        occupied = mean > 0
        pearson = np.divide(difference**2, mean, out=np.zeros_like(self._mean), where=occupied).sum(axis=1)
        freedom = np.maximum(occupied.sum(axis=1) - 1, 1)
        variance = np.einsum("fb,fb->f", ranked, self._ranks) - ranked.sum(axis=1) ** 2
        moved = np.einsum("fb,fb->f", difference, self._ranks) ** 2
        of_rank = np.divide(moved, variance, out=np.zeros_like(moved), where=variance > _TINY)
        kept = np.exp(-1 / _MEMORY)
        self._scatter = self._scatter * kept + np.array([pearson / freedom, of_rank]) * rows / noise
        self._messages = self._messages * kept + 1


@functools.cache
def _upper(messages: int) -> float:
    """How many times as large as measured a variance may be: of so many normal deviations it is chi-squared."""
    return messages / chi2_isf(1 - _DOUBT, messages)

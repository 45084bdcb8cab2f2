"""How much rows depend on the rows before them, per feature, so that evidence can be discounted for it.

Bets multiply as if rows were independent. Two estimates correct for rows that are not. `Autocorrelation` measures the
integrated autocorrelation time tau = 1 + 2 sum rho(lag) on live rows, of the bin and, for ordered features, of its
rank; one row counts as 1 / tau independent rows. It compares rows that are a lag apart (a variogram), so a shift of the
mean is not taken for dependence. `RunWeights` discounts a row after a run of equal values that independent rows would
hardly show: repeats count little from the first ones on, long before any correlation can be estimated. Both are applied
by `detector`. Derivation: docs/math.md, "Dependence".
"""

from __future__ import annotations

import numpy as np

from sidecar.core.binning.runs import longest_run
from sidecar.core.words.arrays import Bins, Codes, Floats, Numbers

LAGS = np.array([1, 2, 4, 8, 16, 32, 64])
"""Rows between the two rows of a pair."""
FURTHEST = 64
"""Rows that are this far apart are taken as independent."""
FIRST_ROWS = 256
"""Rows of the first estimate; nothing is bet before it."""
_CHUNK = 256
"""Rows of each further estimate."""
_KEPT = _CHUNK + FURTHEST
_SETTLED_ROWS = 4096
"""Beyond so many rows, one chunk in four is measured."""
_MEMORY = 4096.0
"""Rows after which the weight of a measurement has decayed to 1/e."""
_YOUNG = 1024
"""Rows before which rows that are far apart, if neighbours are alike, are taken to differ by no less than two rows of the
reference. Few rows that depend on each other lie close together, which looks like independent rows of a narrower distribution."""
_STUCK = 512
"""Rows before which a feature that never left its bin is taken to repeat itself, not to be constant or far out of range."""
_FAR = 3
"""Lags, of those in `LAGS` the last, at which rows are compared with neighbours to see whether these are alike."""
_NOISE = 0.15
"""A correlation above this counts however few the rows are: a young watch must rather discount too much."""
_SIGNIFICANT = 5.0
"""Correlations count up to the first lag at which one is below this / sqrt(rows): two and a half times the standard
deviation that independent rows show. An initial sequence estimator (Geyer, 1992), cut at the noise."""
BURST = 256
"""A longer run is no burst of repeats: the value is stuck, which is a change, and its rows have full weight again."""
RUN_PROBABILITY = 1e-3
"""A run that independent rows show with less than this probability is taken for repeats."""


class Autocorrelation:
    """Effective independent rows per row, `share` (F,) = 1 / tau, measured on live rows; 1 before the first estimate."""

    def __init__(self, q: Floats, ranks: Floats) -> None:
        """`q` (F, B) are the reference's shares, `ranks` (F, B) the value of each bin in order; all zero without order."""
        self.share = np.ones(len(ranks))
        self.rows = 0
        self._ranks = ranks
        variance = (q * ranks**2).sum(axis=1) - (q * ranks).sum(axis=1) ** 2
        self._expected = np.array([1 - (q**2).sum(axis=1), 2 * variance])  # variogram of independent rows
        self._offsets = (np.arange(len(ranks)) * ranks.shape[1])[:, None]
        self._rows = np.zeros(len(LAGS))
        self._variogram = np.zeros((2, len(LAGS), len(ranks)))
        self._held: Bins = np.empty((len(ranks), 0), np.uint8)
        self._fresh = 0

    def add(self, codes: Codes) -> None:
        """Take a block of rows: flat codes (F, n)."""
        bins = (codes[:, -_KEPT:] - self._offsets).astype(np.uint8)
        spare = max(self._held.shape[1] + bins.shape[1] - _KEPT, 0)
        self._held = np.concatenate([self._held[:, spare:], bins], axis=1)
        self._fresh += codes.shape[1]
        self.rows += codes.shape[1]
        if self._fresh >= self._next():
            self._fresh = min(self._fresh, _CHUNK)
            self._measure()
            self._fresh = 0

    def last(self, feature: int, rows: int) -> Bins:
        """The bins (n,) of the last `rows` rows of a feature; up to `_KEPT` are kept."""
        return self._held[feature, -rows:]

    def _next(self) -> int:
        """New rows that the next estimate waits for."""
        if not self._rows[0]:
            return FIRST_ROWS
        return _CHUNK if self.rows < _SETTLED_ROWS else 4 * _CHUNK

    def _measure(self) -> None:
        ranks = self._ranks.take(self._held + self._offsets)
        kept = np.exp(-self._fresh / _MEMORY)
        self._rows *= kept
        self._variogram *= kept
        for at, lag in enumerate(LAGS.tolist()):
            start = max(self._held.shape[1] - self._fresh - lag, 0)
            later, earlier = slice(start + lag, None), slice(start, -lag)
            other = self._held[:, later] != self._held[:, earlier]
            apart = ranks[:, later] - ranks[:, earlier]
            self._rows[at] += other.shape[1]
            self._variogram[0, at] += other.sum(axis=1)
            self._variogram[1, at] += np.einsum("fn,fn->f", apart, apart)
        self.share = 1 / self._autocorrelation_times().max(axis=0)

    def _autocorrelation_times(self) -> Floats:
        """Integrated autocorrelation times (2, F) of bin and rank: 1 + 2 sum of correlations, by the trapezoid rule
        between lags.
        """
        variogram = self._variogram / self._rows[:, None]
        noise = np.minimum(_SIGNIFICANT / np.sqrt(self._rows), _NOISE)[:, None]
        furthest = variogram[:, -1]
        if self.rows < _YOUNG:
            far = variogram[:, -_FAR:].mean(axis=1)
            alike = np.where(far > 0, variogram[:, 0] <= (1 - noise[0]) * far, self.rows < _STUCK)
            furthest = np.where(alike, np.maximum(furthest, self._expected), furthest)
        furthest = furthest[:, None]
        correlation = 1 - np.divide(variogram, furthest, out=np.ones_like(variogram), where=furthest > 0)
        kept = np.logical_and.accumulate(correlation > noise, axis=1)
        return np.asarray(1 + 2 * np.einsum("l,dlf->df", _WEIGHTS, np.where(kept, correlation, 0.0)))


class RunWeights:
    """Weights of rows by the run of equal values before each: min(allowed / run, 1), with the longest run that is
    credible by chance.
    """

    def __init__(self, q: Floats) -> None:
        """`q` (F, B) are the reference's shares."""
        self._longest_run = longest_run(q, RUN_PROBABILITY).ravel().astype(np.float32)
        self._last = np.zeros((len(q), 1), np.int64)

    def weights(self, codes: Codes, runs: Numbers, share: Floats) -> Floats | None:
        """The weight (F, n), in (0, 1], of each row, for flat codes (F, n) and the lengths of the runs before each;
        None if all are 1.

        Rows are discounted by the independent `share` (F,) as well, which has seen the same repeats once it is known. So a run
        costs only what that does not: of both discounts the larger one counts, not their product. A weight depends only on the
        rows before it, so a factor raised to its power stays an e-value (Jensen).
        """
        last, self._last = self._last, codes[:, -1:].copy()
        if runs.max(initial=0) <= 1:  # any run of one is allowed
            return None
        allowed = self._longest_run[np.concatenate([last, codes[:, :-1]], axis=1)]
        if not (runs > allowed).any():
            return None
        return np.where(runs > BURST, 1.0, np.minimum(allowed / np.maximum(runs, 1) / share[:, None], 1.0))


def _trapezoid_weights() -> Floats:
    """Weight of the correlation at each of `LAGS` in the sum over lags 1, 2, ... FURTHEST - 1."""
    every = np.arange(1, FURTHEST)
    return np.array([np.interp(every, LAGS, np.eye(len(LAGS))[at]).sum() for at in range(len(LAGS))])


_WEIGHTS = _trapezoid_weights()

"""One e-detector on whole rows: a change that is too small to see in any one feature, but is in all of them.

The factor of a row is (1 + k S) / (1 + k sum r_f |h_f|), with S the sum over features f of a direction h_f at the row's
bin, as `detector` has learned it, and r_f the radius of the feature's ball. The mean of S is at most sum r_f |h_f|
however features depend on each other, so the factor is an e-value. k = (mean - bound) / variance maximises the expected
log-wealth to second order. The variance is measured on past rows, since correlated features make it larger. The
expected noise of the estimate is subtracted from |h_f|^2.

Wealth is accumulated as in `detector`, its only neighbour; what follows is decided by `policy`. Derivation:
docs/math.md, "All features together".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sidecar.core.words.arrays import Codes, Floats, Singles

_LARGEST_STAKE = 0.95
"""No bet risks more than this share of its wealth on one row."""
_MEMORY = 2048.0
"""Rows after which the weight of a row in the estimate of the variance has decayed to 1/e."""
_TINY = 1e-300


class Bet(NamedTuple):
    """Per feature: the direction `h` (F, B), the reference's shares `q` (F, B), the `radius` of the ball (F,), and the effective
    `rows` that the direction was learned from (F,).
    """

    h: Floats
    q: Floats
    radius: Floats
    rows: Floats


class AllFeaturesDetector:
    """The detector of one side. With a single feature it never bets: the feature has its own detector."""

    def __init__(self, freedom: Floats) -> None:
        """`freedom` (F,): degrees of freedom of each feature's direction."""
        self._freedom = freedom
        self._log_wealth = 0.0
        self._judged = 0
        self.began = 0
        """Rows judged when the bet began anew."""
        self._h: Singles = np.zeros(0, np.float32)
        self._square = self._worst_mean = self._gain = 0.0
        self._deepest = _TINY
        self._squares = 0.0
        self._independent_squares = 0.0  # expected squares if the features were independent

    @property
    def log10(self) -> float:
        """The evidence: log10 of the wealth."""
        return float(self._log_wealth / np.log(10.0))

    def bet_on(self, bet: Bet) -> None:
        """Bet on the next rows so, until another bet is placed."""
        square = (bet.q * bet.h * bet.h).sum(axis=1)
        self._h = bet.h.ravel().astype(np.float32)
        self._square = float(square.sum())
        self._worst_mean = float(np.where(square > 0, bet.radius * np.sqrt(square), 0.0).sum())
        signal = float(np.maximum(square - self._freedom / np.maximum(bet.rows, 1.0), 0.0).sum())
        self._gain = signal - self._worst_mean if len(square) > 1 else 0.0
        self._deepest = max(float(-bet.h.min(axis=1).sum()), _TINY)

    def update(self, codes: Codes, weight: Floats | float, bounds: tuple[float, float], judged: int) -> None:
        """Settle the bet on a block of rows, flat codes (F, n). `weight` (n,) is the power that the factor of a row is raised to;
        `bounds` are the log-wealth of a restart and the cap, `judged` the rows judged before this block.
        """
        fraction = self._betting_fraction()
        sums = self._h[codes].sum(axis=0, dtype=np.float64)
        if self._log_wealth < bounds[0]:
            self.began = judged
        if fraction > 0:
            gain = (weight * (np.log1p(fraction * sums) - np.log1p(fraction * self._worst_mean))).sum()
            self._log_wealth = min(max(self._log_wealth, bounds[0]) + float(gain), bounds[1])
        self._judged = judged + len(sums)
        kept = np.exp(-len(sums) / _MEMORY)
        self._squares = self._squares * kept + float(sums @ sums)
        self._independent_squares = self._independent_squares * kept + self._square * len(sums)

    def reset(self) -> None:
        """Restart the bet."""
        self._log_wealth = 0.0
        self.began = self._judged

    def _betting_fraction(self) -> float:
        """The betting fraction k; 0 where the estimate is not beyond its noise and the ball."""
        if self._gain <= 0 or not self._independent_squares:
            return 0.0
        variance = self._square * max(self._squares / self._independent_squares, 1.0)
        return min(self._gain / variance, _LARGEST_STAKE / self._deepest)

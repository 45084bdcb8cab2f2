"""One e-detector for all features of a side together: a change too small to see in any one of them, but everywhere.

It bets on each row as a whole, a factor 1 + k S with S the sum over features of a bet h on each, which `detector` has learned.
Whatever the features have to do with each other, the mean of S is at most sum radius |h| if every feature's distribution lies
within its ball, so divided by 1 + k sum radius |h| the factor is an e-value. k is the growth-optimal one. The variance of S is
taken as it was on the rows before, since features that move together make it larger, and of the square of h what is noise of
its estimate is taken off. Evidence gathers as in `detector`, its only neighbour; what follows is `policy`'s to say.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sidecar.core.words.arrays import Codes, Floats

_SURE = 0.95
"""No bet puts more than this share of what there is on one outcome."""
_MEMORY = 2048.0
"""Rows after which what was seen of the variance has faded to 1/e."""
_NONE = 1e-300


class Bet(NamedTuple):
    """Per feature: the direction `h` (F, B), the reference's shares `q` (F, B), the `radius` of the ball, and the `rows` that
    the direction was learned from (F,).
    """

    h: Floats
    q: Floats
    radius: Floats
    rows: Floats


class AllFeaturesDetector:
    """The detector of one side; with fewer than two features it says nothing, since the feature's own says it all."""

    def __init__(self, freedom: Floats) -> None:
        """`freedom` (F,): how many things each feature's direction has to learn."""
        self._freedom = freedom
        self._sum = 0.0
        self._judged = 0
        self.began = 0
        """Rows judged when the evidence began anew."""
        self._squares = 0.0
        self._independent = 0.0  # what the squares would be if the features had nothing to do with each other

    @property
    def log10(self) -> float:
        """The evidence."""
        return float(self._sum / np.log(10.0))

    def update(
        self, codes: Codes, bet: Bet, weight: Floats | float, bounds: tuple[float, float], judged: int
    ) -> None:
        """Judge a block of rows, flat codes (F, n). `weight` is the power that the factor of a row is raised to (n,),
        `bounds` are what evidence begins with and ends at.
        """
        square = (bet.q * bet.h * bet.h).sum(axis=1)
        within = float(np.where(square > 0, bet.radius * np.sqrt(square), 0.0).sum())
        share = self._share(bet, square, within)
        sums = bet.h.ravel()[codes].sum(axis=0)
        if self._sum < bounds[0]:
            self.began = judged
        if share > 0:
            gain = (weight * (np.log1p(share * sums) - np.log1p(share * within))).sum()
            self._sum = min(max(self._sum, bounds[0]) + float(gain), bounds[1])
        self._judged = judged + len(sums)
        left = np.exp(-len(sums) / _MEMORY)
        self._squares = self._squares * left + float((sums**2).sum())
        self._independent = self._independent * left + float(square.sum()) * len(sums)

    def reset(self) -> None:
        """Begin anew."""
        self._sum = 0.0
        self.began = self._judged

    def _share(self, bet: Bet, square: Floats, within: float) -> float:
        """The k of the bet."""
        certain = np.maximum(square - self._freedom / np.maximum(bet.rows, 1.0), 0.0).sum()
        if len(square) < 2 or certain <= within or not self._independent:
            return 0.0
        variance = square.sum() * max(self._squares / self._independent, 1.0)
        deepest = max(float(-bet.h.min(axis=1).sum()), _NONE)
        return min(float((certain - within) / variance), _SURE / deepest)

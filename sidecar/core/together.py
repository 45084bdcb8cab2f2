"""One e-detector for all features of a side together: a change too small to see in any one of them, but everywhere.

It bets on each row as a whole, a factor 1 + k S with S the sum over features of a bet h on each, which `evidence` has learned.
Whatever the features have to do with each other, the mean of S is at most sum radius |h| if every feature's distribution lies
within its ball, so divided by 1 + k sum radius |h| the factor is an e-value. k is the growth-optimal one. The variance of S is
taken as it was on the rows before, since features that move together make it larger, and of the square of h what is noise of
its estimate is taken off. Evidence gathers as in `evidence`, its only neighbour; what follows is `policy`'s to say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sidecar.core.binner import Codes

Floats = NDArray[np.float64]

_SURE = 0.95
"""No bet puts more than this share of what there is on one outcome."""
_MEMORY = 2048.0
"""Rows after which what was seen of the variance has faded to 1/e."""
_NONE = 1e-300


class Together:
    """The detector of one side; with fewer than two features it says nothing, since the feature's own says it all."""

    def __init__(self, q: Floats, radius: Floats, freedom: Floats) -> None:
        """`q` (F, B) shares of the reference; `radius` and `freedom` (F,): of the direction that each feature is bet on along."""
        self._q = q
        self._radius = radius
        self._freedom = freedom
        self._sum = 0.0
        self._squares = 0.0
        self._independent = 0.0  # what the squares would be if the features had nothing to do with each other

    @property
    def log10(self) -> float:
        """The evidence."""
        return float(self._sum / np.log(10.0))

    def update(
        self, codes: Codes, h: Floats, rows: Floats, weight: Floats | float, beginning: float, most: float
    ) -> None:
        """Judge a block of rows, flat codes (F, n), by the directions `h` (F, B), which were learned from `rows` (F,) rows.

        `weight` is the power that the factor of a row is raised to (n,), `beginning` and `most` bound the evidence.
        """
        square = (self._q * h * h).sum(axis=1)
        share, within = self._share(square, rows, h)
        sums = h.ravel()[codes].sum(axis=0)
        if share > 0:
            gain = (weight * (np.log1p(share * sums) - np.log1p(share * within))).sum()
            self._sum = min(max(self._sum, beginning) + float(gain), most)
        left = np.exp(-len(sums) / _MEMORY)
        self._squares = self._squares * left + float((sums**2).sum())
        self._independent = self._independent * left + float(square.sum()) * len(sums)

    def reset(self) -> None:
        """Begin anew."""
        self._sum = 0.0

    def _share(self, square: Floats, rows: Floats, h: Floats) -> tuple[float, float]:
        """The k of the bet, and what the mean of S may be without a change."""
        within = float(np.where(square > 0, self._radius * np.sqrt(square), 0.0).sum())
        certain = np.maximum(square - self._freedom / np.maximum(rows, 1.0), 0.0).sum()
        variance = square.sum() * max(self._squares / max(self._independent, _NONE), 1.0)
        if len(square) < 2 or certain <= within or not self._independent:
            return 0.0, within
        deepest = max(float(-h.min(axis=1).sum()), _NONE)
        return min(float((certain - within) / variance), _SURE / deepest), within

"""What came lately, for any number of rows back: counts in pieces that grow with their age (an exponential histogram).

Pieces hold 16, 32, 64, ... rows, or as many blocks where blocks are larger; of each size there are at most `PIECES`, and two old
ones are joined where there would be more (Datar, Gionis, Indyk & Motwani, 2002). So the rows since a change that `detector` dates
are known to within a part of their number, without any row from before it, at a few kilobytes a feature. Counts are kept as what
they exceed the reference's expectation by, because in another season as many rows are expected elsewhere.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sidecar.core.words.arrays import Floats, Numbers

PIECES = 2
"""Of each size; the age of a window is known to within about 1 / PIECES of it."""
LEAST_ROWS = 16
SIZES = 9
"""The oldest pieces hold 2^8 of the first ones, which is 4,096 rows or more; what is older than two of them is forgotten."""


class _Piece(NamedTuple):
    began: int
    """Rows judged before it."""
    rows: int
    excess: Floats
    """(F, B), as float32: counts less what the reference expects."""
    weight: Floats
    """(F,): the sum of the rows' weights."""


class Recent:
    """All features of one side."""

    def __init__(self, shape: tuple[int, int]) -> None:
        """`shape` is (F, B)."""
        self._shape = shape
        self._levels: list[list[_Piece]] = [[] for _ in range(SIZES)]
        self._rows = 0

    def add(self, excess: Floats, weight: Floats, rows: int) -> None:
        """Take a block: excess (F, B), weights (F,)."""
        fresh = self._levels[0]
        piece = _Piece(self._rows, rows, excess.astype(np.float32), weight.astype(np.float32))
        self._rows += rows
        if fresh and fresh[-1].rows + rows <= LEAST_ROWS:
            piece = _joined(fresh.pop(), piece)
        fresh.append(piece)
        self._join()

    def since(self, features: Numbers, began: Numbers) -> tuple[Floats, Floats]:
        """For each of some features the excess (f, B) and weight (f,) of the pieces that began at or after `began` (f,) rows."""
        pieces = [piece for level in self._levels for piece in level]
        if not pieces:
            return np.zeros((len(features), self._shape[1])), np.zeros(len(features))
        starts = np.array([piece.began for piece in pieces])
        taken = (starts[:, None] >= began).astype(np.float32)
        excess = np.einsum("jfb,jf->fb", np.array([piece.excess[features] for piece in pieces]), taken)
        weight = np.einsum("jf,jf->f", np.array([piece.weight[features] for piece in pieces]), taken)
        return excess.astype(np.float64), weight.astype(np.float64)

    def spans(self, features: Numbers, began: int) -> tuple[Floats, Floats]:
        """The last piece, the last two, and so on back to `began` rows, of some features: excess (J, f, B), weights (J, f)."""
        pieces = [piece for level in self._levels for piece in reversed(level) if piece.began >= began]
        if not pieces:
            return np.zeros((0, len(features), self._shape[1])), np.zeros((0, len(features)))
        excess = np.cumsum([piece.excess[features] for piece in pieces], axis=0, dtype=np.float64)
        return excess, np.cumsum([piece.weight[features] for piece in pieces], axis=0, dtype=np.float64)

    def _join(self) -> None:
        """Join the two oldest pieces of a size where there are too many, and hand them to the next size."""
        for size, level in enumerate(self._levels):
            if len(level) <= PIECES:
                return
            older, newer = level.pop(0), level.pop(0)
            if size + 1 < SIZES:
                self._levels[size + 1].append(_joined(older, newer))


def _joined(older: _Piece, newer: _Piece) -> _Piece:
    weight = older.weight + newer.weight
    return _Piece(older.began, older.rows + newer.rows, older.excess + newer.excess, weight)

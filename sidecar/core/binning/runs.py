"""The lengths of runs of equal values, per feature, across blocks of rows. Used by `dependence` and `quality`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.core.words.arrays import Floats, Numbers


class RunLengths:
    """Tracks the runs of equal values of `features` features; NaN equals nothing."""

    def __init__(self, features: int) -> None:
        self.length = np.zeros(features, np.int64)
        """Length of the current run of each feature (F,)."""
        self._last: NDArray[Any] = np.full((features, 1), np.nan)

    def add(self, values: NDArray[Any]) -> tuple[Numbers, NDArray[Any]]:
        """For the rows (F, n) of a block: the length (F, n) of the run before each row, 0 before the first, and its
        value (F, n).
        """
        before = np.concatenate([self._last, values[:, :-1]], axis=1)
        length = np.ones(values.shape, np.int64)
        repeats = values == before
        some = np.flatnonzero(repeats.any(axis=1))
        if len(some):
            at = np.arange(values.shape[1])
            start = np.maximum.accumulate(np.where(repeats[some], -1, at), axis=1)
            length[some] = np.where(start < 0, self.length[some, None] + at + 1, at - start + 1)
        earlier = np.concatenate([self.length[:, None], length[:, :-1]], axis=1)
        self._last, self.length = values[:, -1:].copy(), length[:, -1].copy()  # a view would keep the whole block
        return earlier, before


def longest_run(shares: Floats, probability: float) -> Floats:
    """The longest run that independent rows show with at least this probability: ln(probability) / ln(share), at least 1.

    `shares` of any shape are the probabilities of the value.
    """
    with np.errstate(divide="ignore"):
        rows = np.log(probability) / np.log(np.minimum(shares, 1 - 1e-12))
    return np.asarray(np.maximum(np.nan_to_num(rows, nan=1.0, posinf=np.inf), 1.0))

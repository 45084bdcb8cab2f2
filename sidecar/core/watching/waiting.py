"""Rows that wait until a block of them is judged, and what is found out about them meanwhile: runs, and moments of numbers.

Messages are looked at together, when they are needed: a hundred of one row cost little more than one. `watch` decides when a
block is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.core.binning.binner import Batch
from sidecar.core.reference.moments import Moments
from sidecar.core.watching.quality import Quality
from sidecar.core.words.arrays import Codes, Floats, Numbers


class Rows(NamedTuple):
    """Rows of all features, each array (F, n)."""

    codes: Codes
    runs: Numbers | None
    """The length of the run of equal values before each; None where values are not known."""
    worth: Floats | None
    """What each is worth beside the others of its message; None where all count whole."""

    def part(self, begin: int, end: int | None = None) -> Rows:
        """The rows from `begin` up to `end`, or all that follow."""
        runs = None if self.runs is None else self.runs[:, begin:end]
        worth = None if self.worth is None else self.worth[:, begin:end]
        return Rows(self.codes[:, begin:end], runs, worth)


class Waiting:
    """The rows of one side, of which so many features are `numeric`."""

    def __init__(self, quality: Quality, numeric: int) -> None:
        self.rows = 0
        self.since = 0.0
        """When the first of them came."""
        self._quality = quality
        self._moments = Moments.empty(numeric)
        self._fresh: list[tuple[Batch, Floats | None]] = []
        self._settled: list[Rows] = []

    def add(self, batch: Batch, worth: Floats | None, now: float) -> None:
        """Rows came, whose worth is as in `Rows`."""
        self._note(batch.codes, now)
        self._fresh.append((batch, worth))

    def add_codes(self, codes: Codes, now: float) -> None:
        """Rows came as flat codes (F, n), without their numbers."""
        self._note(codes, now)
        self.settle()
        self._settled.append(Rows(codes, None, None))

    def take(self) -> Rows:
        """All rows, of which there must be some; none wait afterwards."""
        self.settle()
        rows = _all(self._settled)
        self._settled, self.rows = [], 0
        return rows

    def put_back(self, rows: Rows) -> None:
        """Rows that were taken last wait on."""
        self._settled, self.rows = [rows], rows.codes.shape[1]

    def codes(self) -> list[Codes]:
        """Flat codes of all rows, in parts (F, n)."""
        self.settle()
        return [one.codes for one in self._settled]

    def moments(self) -> Moments:
        """Of all numbers that came since `forget_moments`, those of rows that were taken included."""
        self.settle()
        return self._moments

    def forget_moments(self) -> None:
        """A window closed: moments begin anew."""
        self._moments = Moments.empty(len(self._moments.count))

    def _note(self, codes: Codes, now: float) -> None:
        if not self.rows:
            self.since = now
        self.rows += codes.shape[1]

    def settle(self) -> None:
        """Look at the rows that came since the last time."""
        if not self._fresh:
            return
        batches, worth = zip(*self._fresh, strict=True)
        self._fresh = []
        codes, numbers = _joined([one.codes for one in batches]), _joined([one.numbers for one in batches])
        self._moments = self._moments.merge(Moments.of(numbers))
        runs = self._quality.add(Batch(codes, numbers, {}))
        self._settled.append(Rows(codes, runs, _filled(worth, [one.codes for one in batches], 1.0)))


def _all(parts: Sequence[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]
    codes, runs, worth = zip(*parts, strict=True)
    return Rows(_joined(codes), _filled(runs, codes, 0), _filled(worth, codes, 1.0))


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _filled(parts: Sequence[NDArray[Any] | None], like: Sequence[Codes], value: float) -> NDArray[Any] | None:
    """Joined, with a value where a part has none; None where no part has any."""
    if all(one is None for one in parts):
        return None
    return _joined(
        [np.full(shape.shape, value) if one is None else one for one, shape in zip(parts, like, strict=True)]
    )

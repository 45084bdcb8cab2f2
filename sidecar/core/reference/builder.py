"""Makes a reference profile from a stream of rows, in bounded memory.

One pass is exact up to the size of the sample: 200,000 rows per feature, 8 million values in all. Beyond it, numeric
bins and their counts come from a uniform sample, which shows in the profile's rows; a `Recount` over the data counts
every row into these bins. Categories are always counted over all rows. A row is sampled by a hash of its number, so the
same data makes the same profile. `column` keeps what one column holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from sidecar.core.binning.binner import Batch, Binner
from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.binning.derive import Deriver
from sidecar.core.binning.matching import match_columns
from sidecar.core.reference.column import Column
from sidecar.core.reference.infer import Inference
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.profile import Counter, Profile, SideProfile
from sidecar.core.stats.splitmix import splitmix64
from sidecar.core.words.arrays import Numbers
from sidecar.core.words.frame import Frame, Side

SAMPLE_ROWS = 200_000
SAMPLE_VALUES = 8_000_000
"""Numbers kept over all features of a side: 64 MB."""
_GATHER_VALUES = 16_384
"""Small frames are joined up to this many values."""
_CHUNK = 8_192
"""Rows binned at once at the end."""
_ALL = 1 << 62
"""All hashes are below this, so every row is kept at first."""


class Builder:
    """Makes a profile from a stream of frames. `kinds`, by column, overrides what is inferred from the values; so does
    `derive`, which maps columns to `text` or `vector`.
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind] | None = None,
        sample_rows: int = SAMPLE_ROWS,
        sample_values: int = SAMPLE_VALUES,
        derive: Mapping[str, str] | None = None,
    ) -> None:
        self._kinds = dict(kinds or {})
        self._derive = dict(derive or {})
        self._limits = (sample_rows, sample_values)
        self._sides: dict[Side, _SideBuilder] = {}

    def add(self, frame: Frame) -> Frame:
        """Take the rows of a frame; unnamed columns become f0, f1, ... Returns the frame with names and derived vectors, which is
        enough for a `Recount`.
        """
        if not frame.rows or not (frame.width or frame.vectors):
            return frame
        if frame.side not in self._sides:
            self._sides[frame.side] = _SideBuilder(self._kinds, self._derive, *self._limits)
        return self._sides[frame.side].take(frame)

    def rows(self, side: Side) -> int:
        """Rows taken so far."""
        return self._sides[side].rows if side in self._sides else 0

    def build(self) -> Profile:
        """The profile of the rows so far."""
        return Profile({side: gathered.profile() for side, gathered in self._sides.items()})


class Recount:
    """A second pass over data: every row counted into the bins of a profile.

    With `own`, the data is what the profile was built from, so names that occur once in it stay counted as `unseen`.
    """

    def __init__(self, profile: Profile, own: bool = False) -> None:
        self._expected = profile.sides if own else {}
        self._binners = {side: Binner(of_side.features) for side, of_side in profile.sides.items()}
        self._counters = {side: Counter(binner) for side, binner in self._binners.items()}
        self._derivers = {side: Deriver.of(of_side.features) for side, of_side in profile.sides.items()}

    def add(self, frame: Frame) -> None:
        """Count the rows of a frame; columns that are no feature are ignored."""
        if frame.side in self._binners and frame.rows:
            derived = self._derivers[frame.side].frame(frame)
            binner = self._binners[frame.side]
            reference = tuple(feature.name for feature in binner.features)
            columns = match_columns(derived.names, derived.width, (), reference).columns
            self._count(frame, binner.bin(derived.values, derived.rows, derived.width, columns))

    def profile(self) -> Profile:
        """The profile with the counts of this pass."""
        counted = {side: counter.profile() for side, counter in self._counters.items()}
        for side, expected in self._expected.items():
            share_unseen(expected, [counted[side].counts])
        return Profile(counted)

    def _count(self, frame: Frame, batch: Batch) -> None:
        self._counters[frame.side].add(batch)


def share_unseen(expected: SideProfile, parts: Sequence[Numbers]) -> None:
    """Move as many rows from `other` to `unseen` in `parts` (F, B each), which add up to a whole, as `expected` has in `unseen`.

    Each part gives the same share of its rare names, up to rounding.
    """
    for at, feature in enumerate(expected.features):
        if not feature.ordered:
            rare = np.cumsum([0, *(part[at, feature.other] for part in parts)])
            moved = np.diff(rare * expected.counts[at, feature.unseen] // max(int(rare[-1]), 1))
            for part, rows in zip(parts, moved, strict=True):
                part[at, feature.other] -= rows
                part[at, feature.unseen] += rows


class _SideBuilder:
    """The rows of one side."""

    def __init__(
        self, kinds: Mapping[str, Kind], derive: Mapping[str, str], sample_rows: int, sample_values: int
    ) -> None:
        self.rows = 0
        self._inference = Inference(kinds, derive)
        self._kinds = kinds
        self._limits = (sample_rows, sample_values)
        self._columns: dict[str, Column] = {}
        self._threshold = _ALL
        self._hashes = np.empty(0, np.int64)
        self._added = 0  # rows that have reached the columns
        self._names: tuple[str, ...] = ()
        self._waiting: list[Any] = []

    def take(self, frame: Frame) -> Frame:
        self.rows += frame.rows
        named = self._inference.vectors(frame)
        for settled in self._inference.texts(named):
            self._add(settled)
        return named

    def _add(self, frame: Frame) -> None:
        names = frame.names or ()
        if names != self._names or len(self._waiting) >= _GATHER_VALUES:
            self._flush()
            self._names = names
        values = frame.values
        self._waiting += values.tolist() if isinstance(values, np.ndarray) else values

    def profile(self) -> SideProfile:
        for settled in self._inference.settle():
            self._add(settled)
        self._flush()
        features = tuple(map(self._feature, self._columns))
        binner = Binner(features)
        counts = np.zeros((len(features), binner.width), np.int64)
        moments = self._count_numbers(binner, features, counts)
        for at, column in enumerate(self._columns.values()):
            if not features[at].ordered:
                column.count_names(features[at], binner, at, self.rows, counts[at])
        return SideProfile(features, counts, moments)

    def _feature(self, name: str) -> Feature:
        return msgspec.structs.replace(self._columns[name].feature(name), derived=self._inference.definitions.get(name))

    def _count_numbers(self, binner: Binner, features: tuple[Feature, ...], counts: Numbers) -> Moments:
        columns = list(self._columns.values())
        numbers = [columns[at].numbers() for at in binner.numeric]
        moments = Moments.empty(len(numbers))
        for start in range(0, len(self._hashes) if numbers else 0, _CHUNK):
            part = np.array([column[start : start + _CHUNK] for column in numbers])
            for at, codes in zip(binner.numeric, binner.cut(part), strict=True):
                counts[at] += np.bincount(codes, minlength=binner.width)
            moments = moments.merge(Moments.of(part))
        return moments

    def _flush(self) -> None:
        width = len(self._names)
        if not self._waiting:
            return
        rows = len(self._waiting) // width
        hashes = _hashes(self._added, rows)
        keep = hashes < self._threshold
        for at, name in enumerate(self._names):
            if name not in self._columns:
                derived = name in self._inference.definitions
                self._columns[name] = Column(Kind.NUMERIC if derived else self._kinds.get(name))
            column = self._columns[name]
            column.pad(len(self._hashes))
            column.add(self._waiting[at::width], keep)
        self._added += rows
        self._hashes = np.concatenate([self._hashes, hashes[keep]])
        self._waiting = []
        self._shrink()

    def _shrink(self) -> None:
        """Halve the sample until it is within its bounds, after padding columns that were absent with missing values."""
        for column in self._columns.values():
            column.pad(len(self._hashes))
        most = max(1, min(self._limits[0], self._limits[1] // len(self._columns)))
        while len(self._hashes) > most:
            self._threshold //= 2
            keep = self._hashes < self._threshold
            self._hashes = self._hashes[keep]
            for column in self._columns.values():
                column.keep(keep)


def _hashes(first: int, rows: int) -> Numbers:
    """A hash of 62 bits per row, the same in every run."""
    mixed = splitmix64(np.arange(first + 1, first + rows + 1, dtype=np.uint64))
    return (mixed >> np.uint64(2)).astype(np.int64)

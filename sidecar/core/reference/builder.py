"""Makes a reference profile from a stream of rows, in bounded memory.

One pass is exact up to the size of the sample: 200,000 rows per feature, 8 million values in all. Beyond it, numeric
bins and their counts come from a uniform sample, which shows in the profile's rows; a `Recount` over the data counts
every row into these bins. Categories are always counted over all rows. A row is sampled by a hash of its number, so the
same data makes the same profile. `column` keeps what one column holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from sidecar.core.binning.binner import ABSENT, Batch, Binner
from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.binning.derive import Deriver
from sidecar.core.binning.matching import match_columns
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.column import Column
from sidecar.core.reference.infer import TIME, Inference
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.profile import Counter, LeftOut, Profile, SideProfile
from sidecar.core.reference.suspicions import ColumnReport, Finding, called_alike, report_of
from sidecar.core.stats.splitmix import splitmix64
from sidecar.core.words.arrays import Numbers
from sidecar.core.words.cells import Columnar
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
_NO_CHOICES = Choices()


class Builder:
    """Makes a profile from a stream of frames. `choices` override what is inferred from the values, by column."""

    def __init__(
        self,
        choices: Choices = _NO_CHOICES,
        sample_rows: int = SAMPLE_ROWS,
        sample_values: int = SAMPLE_VALUES,
    ) -> None:
        self._choices = choices
        self._limits = (sample_rows, sample_values)
        self._sides: dict[Side, _SideBuilder] = {}

    def add(self, frame: Frame) -> Frame:
        """Take the rows of a frame; unnamed columns become f0, f1, ... Returns the frame with names and derived vectors, which is
        enough for a `Recount`.
        """
        if not frame.rows or not (frame.width or frame.vectors):
            return frame
        if frame.side not in self._sides:
            self._sides[frame.side] = _SideBuilder(frame.side, self._choices, *self._limits)
        return self._sides[frame.side].take(frame)

    def rows(self, side: Side) -> int:
        """Rows taken so far."""
        return self._sides[side].rows if side in self._sides else 0

    def build(self) -> Profile:
        """The profile of the rows so far."""
        sides = {side: gathered.profile() for side, gathered in self._sides.items()}
        return Profile({side: of_side for side, of_side in sides.items() if of_side.features})

    def report(self) -> list[ColumnReport]:
        """What became of each column, as far as rows were taken."""
        return [one for gathered in self._sides.values() for one in gathered.report()]

    def mistaken(self) -> set[str]:
        """Columns that seemed to be numbers until it was too late to name what was counted: they are categorical."""
        return {name for gathered in self._sides.values() for name in gathered.mistaken()}


class Recount:
    """A second pass over data: every row counted into the bins of a profile.

    With `own`, the data is what the profile was built from, so names that occur once in it stay counted as `unseen`.
    """

    def __init__(self, profile: Profile, own: bool = False) -> None:
        self._expected = profile.sides if own else {}
        self._left_out = {side: of_side.left_out for side, of_side in profile.sides.items()}
        self._binners = {
            side: Binner(of_side.features, None if own else of_side.numbers) for side, of_side in profile.sides.items()
        }
        self._counters = {side: Counter(binner) for side, binner in self._binners.items()}
        self._derivers = {side: Deriver.of(of_side.features) for side, of_side in profile.sides.items()}
        sizes = {side: len(of_side.features) for side, of_side in profile.sides.items()}
        self.absent = {side: np.zeros(size, np.int64) for side, size in sizes.items()}
        """Rows of each feature (F,) that lack its column..."""
        self.of_other_type = {side: np.zeros(size, np.int64) for side, size in sizes.items()}
        """...or have a value of another type."""

    def add(self, frame: Frame) -> None:
        """Count the rows of a frame; columns that are no feature are ignored."""
        if frame.side in self._binners and frame.rows:
            derived = self._derivers[frame.side].frame(frame)
            binner = self._binners[frame.side]
            reference = tuple(feature.name for feature in binner.features)
            columns = match_columns(derived.names, derived.width, (), reference).columns
            batch = binner.bin(derived.values, derived.rows, derived.width, columns, derived.precisions)
            self.absent[frame.side] += np.array([frame.rows * (at == ABSENT) for at in columns], np.int64)
            for at, rows in batch.type_errors.items():
                self.of_other_type[frame.side][at] += rows
            self._count(frame, batch)

    def profile(self) -> Profile:
        """The profile with the counts of this pass."""
        counted = {side: counter.profile() for side, counter in self._counters.items()}
        for side, expected in self._expected.items():
            share_unseen(expected, [counted[side].counts])
        return Profile({side: replace(of_side, left_out=self._left_out[side]) for side, of_side in counted.items()})

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

    def __init__(self, side: Side, choices: Choices, sample_rows: int, sample_values: int) -> None:
        self.rows = 0
        self._side = side
        self._inference = Inference(choices)
        self._choices = choices
        self._limits = (sample_rows, sample_values)
        self._columns: dict[str, Column] = {}
        self._order: dict[str, None] = {}
        """Columns of the data as they came."""
        self._left_out: dict[str, str] = {}
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
        if isinstance(frame.values, Columnar):
            self._flush()
            self._take(names, frame.values.columns, frame.rows)
            return
        if names != self._names or len(self._waiting) >= _GATHER_VALUES:
            self._flush()
            self._names = names
        values = frame.values
        self._waiting += values.tolist() if isinstance(values, np.ndarray) else values

    def report(self) -> list[ColumnReport]:
        """Columns of cells by what they hold, then those that features are derived from, and those that were left out as such."""
        self._finish()
        reports = [self._reported(name) for name in self._columns if name not in self._inference.definitions]
        derived = [
            ColumnReport(self._side.value, name, kind, self.rows, self._missing(name), 0, self._called(name), found)
            for name, (kind, found) in self._inference.derived().items()
        ]
        out = [
            ColumnReport(self._side.value, name, TIME, self.rows, 0, 0, why)
            for name, why in self._inference.left_out.items()
        ]
        return [*reports, *derived, *out]

    def mistaken(self) -> set[str]:
        return {name for name, column in self._columns.items() if column.lost}

    def _reported(self, name: str) -> ColumnReport:
        return report_of(self._side.value, name, self._columns[name], self.rows, self._choices)

    def _called(self, name: str) -> Finding | None:
        return called_alike(name, self._choices)

    def _missing(self, source: str) -> int:
        """Rows of which nothing could be derived, by the sample."""
        name = next(name for name, one in self._inference.definitions.items() if one.of == source)
        numbers = self._columns[name].numbers() if name in self._columns else np.empty(0)
        return round(self.rows * float(np.isnan(numbers).mean())) if len(numbers) else 0

    def _finish(self) -> None:
        for settled in self._inference.settle():
            self._add(settled)
        self._flush()

    def profile(self) -> SideProfile:
        self._finish()
        left_out = self._drop()
        features = tuple(map(self._feature, self._columns))
        binner = Binner(features)
        counts = np.zeros((len(features), binner.width), np.int64)
        moments = self._count_numbers(binner, features, counts)
        for at, column in enumerate(self._columns.values()):
            if not features[at].ordered:
                column.count_names(features[at], binner, at, self.rows, counts[at])
        return SideProfile(features, counts, moments, left_out=left_out)

    def _drop(self) -> tuple[LeftOut, ...]:
        """Forget the columns that are no features."""
        out = {name: why.text for name, why in self._inference.left_out.items()}
        for name in list(self._columns):
            derived = self._inference.definitions.get(name)
            why = self._called(derived.of) if derived else self._reported(name).left_out
            if why is not None:
                out[derived.of if derived else name] = why.text
                del self._columns[name]
        self._left_out |= out
        return tuple(
            LeftOut(name, self._left_out[name], at) for at, name in enumerate(self._order) if name in self._left_out
        )

    def _feature(self, name: str) -> Feature:
        derived = self._inference.definitions.get(name)
        reading = self._inference.reading(derived) if derived else self._columns[name].reading
        return msgspec.structs.replace(self._columns[name].feature(name), derived=derived, reading=reading)

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
        columns = [self._waiting[at::width] for at in range(width)]
        rows, self._waiting = len(self._waiting) // width, []
        self._take(self._names, columns, rows)

    def _take(self, names: Sequence[str], columns: Sequence[Any], rows: int) -> None:
        hashes = _hashes(self._added, rows)
        keep = hashes < self._threshold
        for name, values in zip(names, columns, strict=True):
            definition = self._inference.definitions.get(name)
            self._order.setdefault(definition.of if definition and not definition.size else name)
            if name in self._inference.left_out or name in self._left_out:
                continue
            if name not in self._columns:
                self._columns[name] = self._column(name)
            column = self._columns[name]
            column.pad(len(self._hashes))
            column.add(values, keep)
        self._added += rows
        self._hashes = np.concatenate([self._hashes, hashes[keep]])
        self._shrink()

    def _column(self, name: str) -> Column:
        choices = self._choices
        if name in self._inference.definitions:
            return Column(Kind.NUMERIC)
        return Column(choices.kinds.get(name), choices.read(name), choices.naming(name))

    def _shrink(self) -> None:
        """Halve the sample until it is within its bounds, after padding columns that were absent with missing values."""
        for column in self._columns.values():
            column.pad(len(self._hashes))
        most = max(1, min(self._limits[0], self._limits[1] // max(1, len(self._columns))))
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

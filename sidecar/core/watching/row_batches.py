"""Turns incoming frames of one side into batches: joins them, finds their columns, bins them, and counts violations.

Joining comes first, because a hundred frames of one row cost little more than one. Evidence, windows and verdicts
belong to `watch`.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import numpy as np

from sidecar.core.binning.binner import Batch, Binner
from sidecar.core.binning.derive import Deriver, columns_of
from sidecar.core.binning.matching import Matching, Names, aligned, match_columns, names_for
from sidecar.core.stats.splitmix import splitmix64
from sidecar.core.words.arrays import Numbers
from sidecar.core.words.events import ReferenceMismatch
from sidecar.core.words.frame import Frame, Lost, Side

MISMATCH_SECONDS = 60.0
"""Least time between two reports of a mismatch."""
ANY_FEATURE = "*"
"""Label value `feature` of violations by columns that are no feature, since clients choose their names."""
WITHHELD = "withheld"
"""Label value `kind` of rows with columns that were not learned for want of consent (`reference.consent`)."""
_MAX_MATCHINGS = 256
"""Lists of names whose columns are cached; a client that invents names must not fill the memory."""

Shape = tuple[Names | None, int]


class RowBatches:
    """Turns frames into batches. `violations` counts rows by (feature, kind)."""

    def __init__(
        self,
        side: Side,
        binner: Binner,
        configured: Names,
        left_out: Names = (),
        withheld: frozenset[str] = frozenset(),
        explain: Callable[[], str] = str,
    ) -> None:
        self.violations: Counter[tuple[str, str]] = Counter()
        self._side = side
        self._binner = binner
        self._configured = configured
        self._left_out = left_out
        self._withheld = withheld
        self._explain = explain
        self._names = tuple(feature.name for feature in binner.features)
        self._deriver = Deriver.of(binner.features, configured)
        self._columns = columns_of(binner.features)
        self._sources = {one.name: one.derived.of for one in binner.features if one.derived and not one.derived.size}
        self._aligned = functools.lru_cache(_MAX_MATCHINGS)(lambda names, width: aligned(names, width, self._columns))
        self._matchings: dict[Shape, Matching] = {}
        self._reported = -float("inf")
        self._seen = 0

    def batches(self, frames: Iterable[Frame], now: float) -> tuple[list[Batch], list[ReferenceMismatch]]:
        """One batch per list of names and precision; frames without any feature of the reference make none."""
        batches = []
        mismatches: list[ReferenceMismatch] = []
        named = [self._named(frame) for frame in frames]
        for (shape, precisions), group in grouped(self._deriver.frames(named, now)).items():
            matching = self._matching(shape)
            rows = sum(frame.rows for frame in group)
            self._count(matching, self._withheld_among(shape), rows, shape[0] or ())
            if matching.matches:
                batch = self._binner.bin(joined(group), rows, shape[1], matching.columns, precisions)
                for at, errors in batch.type_errors.items():
                    self.violations[self._names[at], "type"] += errors
                if group[0].segments is not None:
                    batch = batch._replace(segments=_segments(group))
                batches.append(self._without_order(batch, tuple(frame.rows for frame in group)))
            elif now - self._reported >= MISMATCH_SECONDS:
                self._reported = now
                mismatches.append(ReferenceMismatch(now, self._side, self._mismatch(shape)))
        return batches, mismatches

    def _named(self, frame: Frame) -> Frame:
        """The frame with an output's names as the reference has them; what of it was lost is counted."""
        if self._side is Side.OUTPUT:
            names = self._aligned(frame.names, frame.width)
            frame = frame if names == frame.names else msgspec.structs.replace(frame, names=names)
        if frame.lost is not None:
            self._count_lost(frame, frame.lost)
        return frame

    @functools.cached_property
    def _features_of(self) -> dict[str, list[str]]:
        """The features of each column; made when a cell is first lost, since most watches never lose one."""
        found: dict[str, list[str]] = {}
        for feature in self._binner.features:
            for column in columns_of([feature]):
                found.setdefault(column, []).append(feature.name)
        return found

    def _count_lost(self, frame: Frame, lost: Lost) -> None:
        """Cells by the features of their columns, rows by none."""
        names = names_for(frame.names, frame.width, self._configured, self._columns)
        for at, rows in lost.cells.items():
            for feature in self._features_of.get(names[at], (ANY_FEATURE,)):
                self.violations[feature, "type"] += rows
        if lost.rows:
            self.violations[ANY_FEATURE, "shape"] += lost.rows

    def _without_order(self, batch: Batch, messages: tuple[int, ...]) -> Batch:
        """Rows of one message are no sequence: a client may have sorted them. They are shuffled, the same way in every run."""
        self._seen += batch.rows
        if batch.rows == len(messages):
            return batch
        chance = splitmix64(np.arange(self._seen, self._seen + batch.rows, dtype=np.uint64))
        message = np.repeat(np.arange(len(messages)), messages) if len(messages) > 1 else None
        order = chance.argsort() if message is None else np.lexsort((chance, message))
        segments = None if batch.segments is None else batch.segments[order]
        codes, numbers = batch.codes.take(order, axis=1), batch.numbers.take(order, axis=1)
        return batch._replace(codes=codes, numbers=numbers, segments=segments, messages=messages)

    def _matching(self, shape: Shape) -> Matching:
        if shape not in self._matchings:
            if len(self._matchings) >= _MAX_MATCHINGS:
                self._matchings.clear()
            self._matchings[shape] = match_columns(*shape, self._configured, self._names, self._left_out)
        return self._matchings[shape]

    def _withheld_among(self, shape: Shape) -> int:
        """Columns that were not learned for want of consent."""
        if not self._withheld:
            return 0
        columns = {name.partition("[")[0] for name in names_for(*shape, self._configured, self._names)}
        return len(columns & self._withheld)

    def _count(self, matching: Matching, withheld: int, rows: int, came: Names) -> None:
        """A feature that came as an object or a list is not missing, it is of another type."""
        for name in matching.missing:
            source = self._sources.get(name, name)
            nested = any(column.startswith((f"{source}.", f"{source}[")) for column in came)
            self.violations[name, "type" if nested else "missing_feature"] += rows
        if withheld:
            self.violations[ANY_FEATURE, WITHHELD] += rows
        if matching.extra > withheld:
            self.violations[ANY_FEATURE, "extra_feature"] += rows
        if matching.misshapen and not withheld:
            self.violations[ANY_FEATURE, "shape"] += rows

    def _mismatch(self, shape: Shape) -> str:
        """Clients choose the names that came, so these are only counted."""
        names, width = shape
        came = f"{width} columns {'without' if names is None else 'of other'} names"
        known = f"the reference has {', '.join(self._names[:5])[:200]} ({len(self._names)} in all)"
        return f"{came} came, and {known}: {self._explain()}"


def grouped(frames: Iterable[Frame]) -> dict[tuple[Shape, Names], list[Frame]]:
    """Frames that can be joined: of the same columns, in the same precision."""
    groups: dict[tuple[Shape, Names], list[Frame]] = {}
    for frame in frames:
        if frame.rows:
            groups.setdefault(((frame.names, frame.width), frame.precisions), []).append(frame)
    return groups


def _segments(frames: list[Frame]) -> Numbers:
    """The segment of every row, in the order of `joined`."""
    return np.array([number for frame in frames for number in frame.segments or ()], np.int64)


def joined(frames: list[Frame]) -> Any:
    """All values in row-major order; an array if all frames have arrays."""
    if len(frames) == 1:
        return frames[0].values
    if all(isinstance(frame.values, np.ndarray) for frame in frames):
        return np.concatenate([frame.values for frame in frames])
    values: list[Any] = []
    for frame in frames:
        values += frame.values.tolist() if isinstance(frame.values, np.ndarray) else frame.values
    return values

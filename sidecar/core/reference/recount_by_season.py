"""The second pass over reference data with counts per season: `profile --season`.

The time column is removed from the rows in both passes, since it is no feature. The rows of a response belong to the
season of the request's rows before them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from sidecar.core.reference.profile import Profile
from sidecar.core.reference.recount_by import RecountBy
from sidecar.core.reference.seasons import Season, Seasons, season_of
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DataError

_FIX = "Give Unix seconds, or times as 2026-11-23T20:15:00Z"
_UNKNOWN = -1


class _Takes(Protocol):
    def add(self, frame: Frame) -> object:
        """Take rows."""


class WithoutTime:
    """Passes frames on without the time column."""

    def __init__(self, column: str, into: _Takes) -> None:
        self._column = column
        self._into = into

    def add(self, frame: Frame) -> None:
        """Take a frame."""
        self._into.add(without_column(frame, self._column)[0])


class RecountBySeason(RecountBy):
    """Counts every row into the bins of a profile, and into the season of its time."""

    def __init__(self, profile: Profile, season: Season, column: str, offset: float, own: bool = True) -> None:
        super().__init__(profile, own)
        self._season = season
        self._column = column
        self._offset = offset
        self._asked: list[int] = []

    def add(self, frame: Frame) -> None:
        """Count the rows of a frame. Raises DataError for a time that cannot be read."""
        if frame.side is Side.INPUT:
            frame, times = without_column(frame, self._column)
            self._asked = [season_of(self._season, seconds(time), self._offset) for time in times]
        super().add(frame)

    def profile(self) -> Profile:
        """The profile with the counts of this pass, and its seasons."""
        whole = super().profile()
        sides = {
            side: replace(of_side, seasons=Seasons(self._season, self.parts[side]))
            for side, of_side in whole.sides.items()
        }
        return replace(whole, sides=sides)

    def numbers(self, frame: Frame) -> list[int]:
        """The season of each row; unknown for a response whose rows differ in number from the request's."""
        return self._asked if len(self._asked) == frame.rows else [_UNKNOWN] * frame.rows


def without_column(frame: Frame, column: str) -> tuple[Frame, list[Any]]:
    """A frame without a column, and the values of that column; the same frame if it has no such column."""
    names = frame.names or ()
    if column not in names:
        return frame, []
    at = names.index(column)
    values = list(frame.values)
    times = values[at :: frame.width]
    del values[at :: frame.width]
    rest = (*names[:at], *names[at + 1 :])
    return msgspec.structs.replace(frame, names=rest, width=frame.width - 1, values=values), times


def seconds(time: Any) -> float:
    """Unix seconds of a value: a number, or a date and time, in UTC unless it has an offset. Raises DataError."""
    try:
        return float(time)
    except (TypeError, ValueError):
        pass
    try:
        read = datetime.fromisoformat(str(time).strip())
    except ValueError as error:
        raise DataError(f"time {str(time)[:40]!r}", "cannot be read", _FIX) from error
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()

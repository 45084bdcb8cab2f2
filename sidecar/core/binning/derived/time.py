"""A moment in time: the hour of its day, its day of the week, and how old it is when it comes.

The moment itself is never watched, since it only moves on. The age is known only where the time of arrival is: of rows that are
learned live, not of those in a file.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sidecar.core.binning.time_texts import DAY, seconds_of_number, seconds_of_text
from sidecar.core.words.arrays import Floats
from sidecar.core.words.cell_texts import PLAIN, Reading, is_missing

HOUR, WEEKDAY, AGE = "hour", "weekday", "age"
_HOUR = 3_600
_FIRST_WEEKDAY = 3
"""The first day of Unix time was a Thursday; Monday is 0."""


class Time:
    """Reads texts, numbers, and arrays of numbers. What is no time is missing."""

    name = "time"
    parts: tuple[str, ...] = (HOUR, WEEKDAY, AGE)
    wide = False

    def derive(self, values: Any, reading: Reading = PLAIN, arrived: float | None = None) -> Floats:
        """See `Derivation`. `hour` from 0 to 23 and `weekday` from 0 (Monday) to 6, in UTC where a zone is given and as written
        where none is; `age` in seconds.
        """
        cells = values.tolist() if isinstance(values, np.ndarray) else values
        seconds = np.array([_seconds(value, reading) for value in cells], np.float64)
        return parts_of(seconds, arrived)


def parts_of(seconds: Floats, arrived: float | None = None) -> Floats:
    """The parts of moments in Unix seconds."""
    with np.errstate(invalid="ignore"):
        hours = np.floor(seconds % DAY / _HOUR)
        days = (np.floor(seconds / DAY) + _FIRST_WEEKDAY) % 7
    return np.vstack([hours, days, np.full(len(seconds), np.nan) if arrived is None else arrived - seconds])


def _seconds(value: Any, reading: Reading) -> float:
    if isinstance(value, str):
        found = None if is_missing(value, reading) else seconds_of_text(value, reading)
        return np.nan if found is None else found
    if value is None or isinstance(value, bool):
        return np.nan
    return seconds_of_number(float(value), reading) if abs(value) < 1e300 else np.nan

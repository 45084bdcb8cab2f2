"""Times as texts and numbers: what moment a cell means, in Unix seconds.

ISO 8601 in all its forms, dates with slashes, dots or dashes, names of months (RFC 2822, `ctime`), times of the day alone, and
numbers since 1970 in a unit. Without a zone a time is taken as it stands. Which of day and month comes first in `3/4/2026` is
decided for a column, not for a cell (`order_of`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone

from sidecar.core.words.cell_texts import Reading

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
"""Seconds in the units that numbers may count."""
DAY_FIRST, MONTH_FIRST = "dmy", "mdy"
FORMS = (*UNITS, DAY_FIRST, MONTH_FIRST)
"""What may follow `time:` in `--kind`."""
DAY = 86_400
_MAGNITUDES = ((1e11, 1.0), (1e14, 1e-3), (1e17, 1e-6))
"""Numbers whose unit nobody said, by size: up to the year 5138 in seconds, milliseconds, microseconds, else nanoseconds."""
_MONTHS = {
    name: at
    for at, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d(?:[.,]\d+)?))?(?: ?(?P<half>[ap])\.?m\.?)?"
_ZONE = r"(?: ?(?P<zone>z|utc|gmt|[+-]\d\d:?\d\d)(?: ?\([a-z ]+\))?)?"
_AT = rf"(?:(?:,? +|t|:){_CLOCK}{_ZONE})?"
_FLAGS = re.ASCII | re.IGNORECASE
_SLASHES = re.compile(
    rf"(?P<first>\d{{1,4}})(?P<sign>[/.-])(?P<second_part>\d{{1,2}})(?P=sign)(?P<last>\d{{1,4}}){_AT}", _FLAGS
)
_DAY_MONTH = r"(?P<day>\d{1,2})[ /-](?P<month>[a-z]{3,9})\.?[ /-]"
_MONTH_DAY = r"(?P<month2>[a-z]{3,9})\.? +(?P<day2>\d{1,2}),? +"
_NAMED = re.compile(rf"(?:[a-z]{{3,9}},? +)?(?:{_DAY_MONTH}|{_MONTH_DAY})(?P<year>\d{{4}}){_AT}", _FLAGS)
_CTIME = re.compile(
    rf"[a-z]{{3}} +(?P<month>[a-z]{{3}}) +(?P<day>\d{{1,2}}) +{_CLOCK}{_ZONE} +(?P<year>\d{{4}})", _FLAGS
)
_ONLY_CLOCK = re.compile(rf"{_CLOCK}{_ZONE}", _FLAGS)
_EXPANDED_ZONE = re.compile(r" ?(?:utc|gmt|\[[\w/]+\])$", _FLAGS)


def seconds_of_text(text: str, reading: Reading) -> float | None:
    """Unix seconds; None where a text is no time."""
    stripped = text.strip()
    if len(stripped) < 4 or not stripped[0].isalnum():
        return None
    if stripped.isdigit() or reading.time in UNITS:
        return _of_digits(stripped, reading)
    return _iso(stripped) if (found := _by_pattern(stripped, reading)) is None else found


def seconds_of_number(number: float, reading: Reading) -> float:
    """Unix seconds of a number in its unit; where no unit was said, in that which its size suggests."""
    unit = UNITS.get(reading.time)
    if unit is None:
        unit = next((unit for below, unit in _MAGNITUDES if abs(number) < below), 1e-9)
    return number * unit


def is_clock(texts: Iterable[str]) -> bool:
    """Whether texts are times of the day without a date."""
    return all(_ONLY_CLOCK.fullmatch(text.strip()) for text in texts)


def order_of(texts: Iterable[str]) -> tuple[str, bool]:
    """Which of day and month comes first in dates with slashes, and whether that was a guess: no value had one above 12.

    Empty where there are no such dates, and where dots are between: then the day is first. Where values contradict each other,
    that is a guess as well.
    """
    firsts, seconds = set[bool](), set[bool]()
    for text in texts:
        found = _SLASHES.fullmatch(text.strip())
        if found and len(found["first"]) < 3 and found["sign"] != ".":
            firsts.add(int(found["first"]) > 12)
            seconds.add(int(found["second_part"]) > 12)
    if not firsts:
        return "", False
    day, month = True in firsts, True in seconds
    return (DAY_FIRST if day and not month else MONTH_FIRST), day == month


def _of_digits(text: str, reading: Reading) -> float | None:
    """Digits alone are a number in a unit, or the date 20260131."""
    try:
        if reading.time not in UNITS and len(text) == 8:
            return _utc(datetime.strptime(text, "%Y%m%d"))
        return seconds_of_number(float(text), reading)
    except (ValueError, OverflowError):
        return _iso(text)


def _iso(text: str) -> float | None:
    try:
        return _utc(
            datetime.fromisoformat(_EXPANDED_ZONE.sub("Z", text) if text[-1:].isalpha() or text[-1:] == "]" else text)
        )
    except (ValueError, OverflowError):
        return None


def _by_pattern(text: str, reading: Reading) -> float | None:
    for pattern, read in _PATTERNS:
        if found := pattern.fullmatch(text):
            try:
                return read(found, reading)
            except (ValueError, KeyError, OverflowError):
                return None
    return None


def _slashes(found: re.Match[str], reading: Reading) -> float | None:
    first, second, last = (int(found[name]) for name in ("first", "second_part", "last"))
    if len(found["first"]) == 4:
        return _moment(first, second, last, found)
    short = len(found["last"]) == 2 and (found["sign"] != "." or len(found["first"]) == len(found["second_part"]) == 2)
    if len(found["last"]) != 4 and not short:  # 1.2.30 is a version
        return None
    year = last if len(found["last"]) == 4 else last + (2000 if last < 70 else 1900)
    day_first = reading.time == DAY_FIRST or (found["sign"] == "." and reading.time != MONTH_FIRST)
    day, month = (first, second) if day_first else (second, first)
    return _moment(year, month, day, found)


def _named(found: re.Match[str], reading: Reading) -> float:
    parts = found.groupdict()
    month = parts["month"] or parts["month2"]
    return _moment(int(parts["year"]), _MONTHS[month[:3].lower()], int(parts["day"] or parts["day2"]), found)


def _ctime(found: re.Match[str], reading: Reading) -> float:
    return _moment(int(found["year"]), _MONTHS[found["month"].lower()], int(found["day"]), found)


def _clock(found: re.Match[str], reading: Reading) -> float:
    """Of the first day of Unix time."""
    return _moment(1970, 1, 1, found)


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Reading], float | None]], ...] = (
    (_SLASHES, _slashes), (_ONLY_CLOCK, _clock), (_NAMED, _named), (_CTIME, _ctime),
)  # fmt: skip


def _moment(year: int, month: int, day: int, found: re.Match[str]) -> float:
    parts = found.groupdict()
    hour = int(parts["hour"] or 0)
    if parts["half"]:
        hour = hour % 12 + (12 if parts["half"].lower() == "p" else 0)
    second = float((parts["second"] or "0").replace(",", "."))
    start = datetime(year, month, day, hour, int(parts["minute"] or 0), tzinfo=_zone(parts["zone"]))
    return start.timestamp() + second


def _zone(text: str | None) -> timezone:
    if not text or text[0] not in "+-":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _utc(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

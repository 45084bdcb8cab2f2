"""What moment a cell means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sidecar.core.binning.time_texts import is_clock, order_of, seconds_of_number, seconds_of_text
from sidecar.core.words.cell_texts import PLAIN, Reading

NOON = datetime(2026, 1, 12, 12, 30, tzinfo=UTC).timestamp()  # a Monday
MIDNIGHT = datetime(2026, 1, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-12 12:30:00", "2026-01-12T12:30", "2026-01-12T12:30:00Z", "2026-01-12T12:30:00.000000000",
        "2026-01-12T13:30:00+01:00", "2026-01-12 12:30:00 UTC", "20260112T123000", "2026-W03-1T12:30",
        "Mon, 12 Jan 2026 12:30:00 GMT", "Mon, 12 Jan 2026 14:30:00 +0200", "Mon Jan 12 12:30:00 2026",
        "12 January 2026 12:30", "Jan 12, 2026 12:30 PM", "01/12/2026 12:30", "1/12/26 12:30 pm", "2026/01/12 12:30",
        "12.01.2026 12:30", "12-Jan-2026 12:30", "12/Jan/2026:12:30:00 +0000",
    ],
)  # fmt: skip
def test_the_common_forms_of_a_time_are_one_moment(text: str) -> None:
    assert seconds_of_text(text, PLAIN) == NOON


@pytest.mark.parametrize("text", ["2026-01-12", "01/12/2026", "12.01.26", "20260112", "2026-W03-1", "Jan 12, 2026"])
def test_a_date_is_its_midnight(text: str) -> None:
    assert seconds_of_text(text, PLAIN) == MIDNIGHT


@pytest.mark.parametrize("text", ["A1", "0.824", "1.10.2", "1.2.30", "10.0.0.1", "13/13/2026", "2026-02-30", "may", ""])
def test_what_is_no_time_is_none(text: str) -> None:
    assert seconds_of_text(text, PLAIN) is None


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)])
def test_numbers_count_the_unit_that_was_said_or_that_their_size_suggests(unit: str, factor: float) -> None:
    for reading in (Reading(time=unit), PLAIN):
        assert seconds_of_number(NOON * factor, reading) == pytest.approx(NOON)
    assert seconds_of_text(str(int(NOON * factor)), Reading(time=unit)) == pytest.approx(NOON)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/04/2026", "13/04/2026"], ("dmy", False)), (["03/04/2026", "03/24/2026"], ("mdy", False)),
        (["03/04/2026"], ("mdy", True)), (["13/01/2026", "01/13/2026"], ("mdy", True)), (["2026-01-12"], ("", False)),
        (["03.04.2026"], ("", False)),
    ],
)  # fmt: skip
def test_the_column_says_whether_the_day_or_the_month_is_first(texts: list[str], order: tuple[str, bool]) -> None:
    assert order_of(texts) == order


def test_times_of_the_day_are_told_from_dates() -> None:
    assert is_clock(["10:30", "23:59:59"])
    assert not is_clock(["10:30", "2026-01-12 10:30"])

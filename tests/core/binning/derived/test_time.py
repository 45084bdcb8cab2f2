"""What a moment becomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.binning.derived.time import Time, parts_of
from sidecar.core.words.cell_texts import PLAIN, Reading

NOON = datetime(2026, 1, 12, 12, 30, tzinfo=UTC).timestamp()  # a Monday


def test_a_moment_becomes_its_hour_its_weekday_and_its_age() -> None:
    hour, weekday, age = Time().derive(["2026-01-12 12:30:00", "NA", None, "soon", NOON], PLAIN, NOON + 60)

    assert hour.tolist() == pytest.approx([12, np.nan, np.nan, np.nan, 12], nan_ok=True)
    assert weekday.tolist() == pytest.approx([0, np.nan, np.nan, np.nan, 0], nan_ok=True)
    assert age.tolist() == pytest.approx([60, np.nan, np.nan, np.nan, 60], nan_ok=True)


def test_the_age_is_unknown_where_the_arrival_is() -> None:
    assert np.isnan(Time().derive(["2026-01-12"])[2]).all()


@settings(derandomize=True, deadline=None)
@given(st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1)), st.integers(0, 10**6))
def test_the_parts_are_those_of_the_calendar_also_before_1970(moment: datetime, older: int) -> None:
    whole = moment.replace(microsecond=0, tzinfo=UTC)
    arrived = (whole + timedelta(seconds=older)).timestamp()

    parts = parts_of(np.array([whole.timestamp()]), arrived)

    assert parts.ravel().tolist() == [whole.hour, whole.weekday(), older]


def test_a_text_is_in_utc_where_it_has_a_zone_and_as_written_where_it_has_none() -> None:
    hours, *_ = Time().derive(["2026-01-12T00:30:00+01:00", "2026-01-12T00:30:00"])

    assert hours.tolist() == [23, 0]


@pytest.mark.parametrize("cells", [[NOON, np.nan], np.array([NOON, np.nan]), [int(NOON), None]])
def test_numbers_are_moments_in_a_list_and_in_an_array(cells: object) -> None:
    hours, weekdays, _ = Time().derive(cells)

    assert hours.tolist() == pytest.approx([12, np.nan], nan_ok=True)
    assert weekdays.tolist() == pytest.approx([0, np.nan], nan_ok=True)


def test_truths_infinities_and_what_the_user_calls_missing_are_no_moments() -> None:
    cells = [True, np.inf, -np.inf, 1e308, 10**400, "2026-01-12"]

    assert np.isnan(Time().derive(cells, Reading(null=("2026-01-12",)), NOON)).all()

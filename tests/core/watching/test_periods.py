"""Rows by the period in which they came: nothing is lost, few periods are kept, and recent ones are known more exactly."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.core.reference.moments import Moments
from sidecar.core.watching.periods import MOST, Period, Periods


def period(at: int) -> Period:
    """A minute in which one row came, whose number is its minute."""
    return Period(at * 60.0, at * 60.0 + 60, np.array([[1]]), Moments.of(np.array([[float(at)]])))


@pytest.fixture
def periods() -> Periods:
    kept = Periods()
    for at in range(1_000):
        kept.add(period(at))
    return kept


def test_all_rows_are_in_one_period_and_periods_are_few(periods: Periods) -> None:
    found = periods.since(0.0)

    assert len(found) == MOST
    assert sum(int(one.counts.sum()) for one in found) == 1_000
    assert [one.started for one in found[1:]] == [one.ended for one in found[:-1]]
    assert sum(float((one.moments.mean * one.moments.count)[0]) for one in found) == sum(range(1_000))


@pytest.mark.parametrize("minutes", [1, 5, 30, 200, 900])
def test_rows_since_a_moment_are_none_from_before_it_and_at_least_those_of_a_third_of_the_time(
    periods: Periods, minutes: int
) -> None:
    time = (1_000 - minutes) * 60.0
    found = periods.since(time)

    assert all(one.started >= time for one in found)
    assert found[-1].ended == 60_000.0
    assert sum(int(one.counts.sum()) for one in found) >= minutes / 3


def test_joined_periods_have_the_rows_and_moments_of_both() -> None:
    both = period(3).join(period(4))

    assert (both.started, both.ended, both.counts.tolist()) == (180.0, 300.0, [[2]])
    assert (both.moments.mean[0], both.moments.low[0], both.moments.high[0]) == (3.5, 3.0, 4.0)


def test_nothing_came_since_after_the_last_period(periods: Periods) -> None:
    assert periods.since(60_001.0) == []

"""A cycle that the reference holds by season is no drift, and what differs from its season is."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from sidecar.core.reference.builder import Builder
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import digest, dumps, loads
from sidecar.core.reference.recount_by_season import RecountBySeason, WithoutTime
from sidecar.core.reference.seasons import Season, season_of
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import Event, Score, State, VerdictChanged, WindowClosed
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import Settings, WindowSettings

STEP = 12
"""Seconds between rows: 7,200 rows a day."""


def test_seasons_are_those_of_the_calendar() -> None:
    monday = datetime(2026, 11, 23, 20, 15, tzinfo=UTC).timestamp()

    assert season_of(Season.HOUR_OF_DAY, monday) == 20
    assert season_of(Season.DAY_OF_WEEK, monday) == 0
    assert season_of(Season.HOUR_OF_WEEK, monday) == 20
    assert season_of(Season.HOUR_OF_WEEK, monday + 86_400) == 44
    assert season_of(Season.HOUR_OF_DAY, monday, offset=-5 * 3_600) == 15


def cycle(rng: np.random.Generator, at: NDArray[np.int64], shift: float = 0.0) -> NDArray[np.float64]:
    return rng.normal(size=len(at)) + 1.5 * np.sin(2 * np.pi * at / 86_400) + shift


def seasonal(rng: np.random.Generator, season: Season = Season.HOUR_OF_DAY) -> Profile:
    at = np.arange(0, 14 * 86_400, STEP * 4)
    values = np.column_stack([at, cycle(rng, at)]).ravel().tolist()
    frame = Frame(Side.INPUT, ("at", "x"), len(at), 2, values)
    builder = Builder()
    WithoutTime("at", builder).add(frame)
    recount = RecountBySeason(builder.build(), season, "at", 0.0)
    recount.add(frame)
    return recount.profile()


def told(reference: Profile, rng: np.random.Generator, shift: float = 0.0) -> list[Event]:
    monitor = Monitor(Settings(window=WindowSettings(rows=600, seconds=1e9)), reference, (), 0.0)
    events: list[Event] = []
    for start in range(0, 2 * 86_400, STEP * 16):
        at = np.arange(start, start + STEP * 16, STEP)
        values = cycle(rng, at, shift).tolist()
        now = float(start)
        events += monitor.feed_frames([Frame(Side.INPUT, ("x",), len(values), 1, values)], now)
        events += monitor.tick(now + 1)
    return events


def test_a_season_with_few_rows_of_the_reference_is_not_judged() -> None:
    rng = np.random.default_rng(5)

    assert drifts(told(seasonal(rng, Season.HOUR_OF_WEEK), rng, shift=3.0)) == 0


def drifts(events: list[Event]) -> int:
    return sum(isinstance(event, VerdictChanged) and event.report.state is State.DRIFT for event in events)


@pytest.mark.slow  # days of rows
def test_a_daily_cycle_is_drift_without_seasons_and_none_with_them() -> None:
    rng = np.random.default_rng(1)
    reference = seasonal(rng)
    plain = Profile(
        {side: type(whole)(whole.features, whole.counts, whole.moments) for side, whole in reference.sides.items()}
    )

    events = told(reference, rng)

    assert drifts(told(plain, rng)) > 0
    assert drifts(events) == 0
    windows = [event for event in events if isinstance(event, WindowClosed)]
    scores = [report.scores["psi"] for window in windows for report in window.features]
    assert max(score.debiased for score in scores if isinstance(score, Score)) < 0.1


def test_what_differs_from_its_season_is_told() -> None:
    rng = np.random.default_rng(2)

    assert drifts(told(seasonal(rng), rng, shift=0.7)) > 0


@pytest.mark.parametrize("season", list(Season))
def test_seasons_add_up_to_the_whole_and_survive_being_a_file(season: Season) -> None:
    profile = seasonal(np.random.default_rng(3), season)
    again = loads(dumps(profile))
    whole = again.sides[Side.INPUT]

    assert digest(again) == digest(profile)
    assert whole.seasons is not None
    assert len(whole.seasons.counts) == {"hour_of_day": 24, "day_of_week": 7, "hour_of_week": 168}[season]
    assert np.array_equal(sum(whole.seasons.counts.values()), whole.counts)


def test_merged_profiles_add_their_seasons() -> None:
    profile = seasonal(np.random.default_rng(4))

    both = profile.merge(profile).sides[Side.INPUT].seasons

    assert both is not None
    assert np.array_equal(sum(both.counts.values()), 2 * profile.sides[Side.INPUT].counts)

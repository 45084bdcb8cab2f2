"""Times are read, taken out of the rows, and put each row into its season."""

from __future__ import annotations

from typing import Any

import pytest

from harness.profiles import frame, profile_of
from sidecar.core.reference.builder import Builder
from sidecar.core.reference.recount_by_season import RecountBySeason, WithoutTime, seconds, without_column
from sidecar.core.reference.seasons import Season
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DataError

HOUR = 3_600


@pytest.mark.parametrize("text", ["2026-11-23T20:15:00Z", "2026-11-23 20:15:00", "1795464900", 1795464900.0])
def test_times_are_read_as_people_write_them(text: object) -> None:
    assert seconds(text) == 1795464900.0


def test_a_time_that_cannot_be_read_is_named() -> None:
    with pytest.raises(DataError, match="yesterday"):
        seconds("yesterday")


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    assert seconds("2026-11-23T22:15:00+02:00") == seconds("2026-11-23T20:15:00Z")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_column_of_the_time_is_taken_out_wherever_it_stands(place: int) -> None:
    columns: dict[str, list[Any]] = {"x": [1.0, 2.0], "c": ["a", "b"]}
    names = [*columns]
    names.insert(place, "at")

    rest, times = without_column(frame({name: columns.get(name, [10, 20]) for name in names}), "at")

    assert times == [10, 20]
    assert rest == frame(columns)


@pytest.mark.parametrize("names", [("x",), None])
def test_a_frame_without_that_column_stays_as_it_is(names: tuple[str, ...] | None) -> None:
    plain = Frame(Side.INPUT, names, 2, 1, [1.0, 2.0])

    assert without_column(plain, "at") == (plain, [])


def test_the_time_is_no_feature() -> None:
    builder = Builder()
    WithoutTime("at", builder).add(frame({"at": [0, 1], "x": [1.0, 2.0]}))

    assert builder.build().sides[Side.INPUT].names == ("x",)


def recount(offset: float = 0.0) -> RecountBySeason:
    profile = profile_of({"x": [1.0, 2.0] * 50})
    profile = profile.merge(type(profile)({Side.OUTPUT: profile_of({"y": [0.0, 1.0] * 50}).sides[Side.INPUT]}))
    return RecountBySeason(profile, Season.HOUR_OF_DAY, "at", offset, own=False)


def rows_by_season(made: RecountBySeason, side: Side) -> dict[int, int]:
    seasons = made.profile().sides[side].seasons
    assert seasons is not None
    return {number: int(counts.sum()) for number, counts in seasons.counts.items()}


def test_each_row_is_in_the_season_of_its_time_by_the_local_clock() -> None:
    for offset, hours in ((0.0, {0: 1, 5: 2}), (-HOUR, {23: 1, 4: 2})):
        made = recount(offset)
        made.add(frame({"at": [0, 5 * HOUR, 5 * HOUR + 1], "x": [1.0, 2.0, 1.0]}))

        assert rows_by_season(made, Side.INPUT) == hours


def test_an_answer_is_in_the_season_of_its_request_and_in_none_that_it_does_not_fit() -> None:
    made = recount()
    made.add(frame({"at": [0, 5 * HOUR], "x": [1.0, 2.0]}))
    made.add(frame({"y": [0.0, 1.0]}, Side.OUTPUT))
    made.add(frame({"y": [0.0, 1.0, 1.0]}, Side.OUTPUT))

    assert rows_by_season(made, Side.OUTPUT) == {0: 1, 5: 1, -1: 3}


def test_a_time_that_cannot_be_read_stops_the_recount() -> None:
    with pytest.raises(DataError, match="soon"):
        recount().add(frame({"at": ["soon"], "x": [1.0]}))

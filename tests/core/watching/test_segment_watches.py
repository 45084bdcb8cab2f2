"""The same watch again for each segment of the traffic."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.profiles import frame, profile_of
from harness.wire import exchange
from sidecar.core.binning.binner import Batch, Binner
from sidecar.core.binning.segments import Router
from sidecar.core.reading.decoders import decoders
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import dumps, loads
from sidecar.core.reference.recount_by_segment import RecountBySegment
from sidecar.core.watching.monitor import Monitor
from sidecar.core.watching.segment_watches import OWN, WHOLE, SegmentWatches
from sidecar.core.words.events import Event, ReferenceLearned, State, VerdictChanged, WindowClosed
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.view import SegmentView
from sidecar.errors import ReferenceFileError
from sidecar.settings import LearnSettings, SegmentSettings, Settings, WindowSettings

COUNTRIES = [f"c{at}" for at in range(10)]
BY_COUNTRY = SegmentSettings(by="feature:country")
BY_TENANT = SegmentSettings(by="header:x-tenant")
Shift = Callable[[str], float]


def settings(segments: SegmentSettings, **changes: Any) -> Settings:
    return Settings(segments=segments, window=WindowSettings(rows=2_000, min_rows=100), **changes)


def drawn(rng: np.random.Generator, rows: int, shift: Shift = lambda country: 0.0) -> dict[str, list[Any]]:
    """Ages lie where their country's do: the segments differ from each other and not from their own past."""
    countries = [str(one) for one in rng.choice(COUNTRIES, rows)]
    ages = [float(rng.normal(40 + 2 * int(one[1:]) + shift(one), 5)) for one in countries]
    return {"age": ages, "country": countries}


@pytest.fixture(scope="module")
def reference() -> Profile:
    columns = drawn(np.random.default_rng(1), 20_000)
    recount = RecountBySegment(profile_of(columns), "country")
    recount.add(frame(columns))
    return recount.profile()


class Player:
    """Feeds exchanges of twenty rows."""

    def __init__(self, reference: Profile | None, settings: Settings) -> None:
        self.monitor = Monitor(settings, reference, decoders(settings.decode), 0.0)
        self.events: list[Event] = []
        self.rng = np.random.default_rng(3)
        self.now = 0.0

    def rows(self, count: int, shift: Shift = lambda country: 0.0, tenant: str = "") -> Player:
        for _ in range(count // 20):
            columns = drawn(self.rng, 20, shift)
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            body = json.dumps({"instances": rows}).encode()
            lines = f"x-tenant: {tenant}\r\n".encode() if tenant else b""
            self.now += 0.02
            self.events += self.monitor.feed(exchange("/v1/models/m:predict", body, b"{}", headers=lines), self.now)
        self.now += 1.0
        self.events += self.monitor.tick(self.now)
        return self

    def slices(self) -> dict[str, SegmentView]:
        return {one.segment: one for one in self.monitor.view().segments if one.side is Side.INPUT}

    def drifted(self) -> set[str]:
        """Segments that were said to drift; the empty name is the whole."""
        changes = [event for event in self.events if isinstance(event, VerdictChanged)]
        return {one.report.segment for one in changes if one.report.state is State.DRIFT}


def test_a_drift_in_one_slice_of_ten_that_the_whole_hides_is_told_for_that_slice_alone(reference: Profile) -> None:
    player = Player(reference, settings(BY_COUNTRY)).rows(4_000).rows(8_000, lambda one: 5.0 if one == "c4" else 0.0)

    assert player.drifted() == {"c4"}
    assert player.slices()["c4"].drifted == ("age",)
    assert {one.reference for name, one in player.slices().items() if name != "other"} == {"segment"}


def test_quiet_slices_that_differ_from_each_other_do_not_drift_from_their_own_past(reference: Profile) -> None:
    assert Player(reference, settings(BY_COUNTRY)).rows(8_000).drifted() == set()


def test_without_rows_of_their_own_slices_are_compared_with_the_whole_and_say_so(reference: Profile) -> None:
    player = Player(Profile(reference.sides), settings(BY_COUNTRY)).rows(8_000)

    assert {one.reference for one in player.slices().values()} == {"whole"}
    assert {"c0", "c9"} <= player.drifted()


def test_slices_add_up_to_the_whole_and_undeclared_values_are_other(reference: Profile) -> None:
    declared = msgspec.structs.replace(BY_COUNTRY, values=("c1", "c2"))
    player = Player(reference, settings(declared)).rows(2_000)
    segments = player.slices()

    assert list(segments) == ["c1", "c2", "other"]
    assert sum(one.rows_total for one in segments.values()) == 2_000
    assert segments["other"].rows_total > 1_400
    assert segments["other"].reference == "segment"
    assert player.drifted() == set()


def test_the_feature_that_segments_go_by_is_not_watched_within_a_slice(reference: Profile) -> None:
    player = Player(reference, settings(BY_COUNTRY)).rows(100)

    assert {one.feature for view in player.slices().values() for one in view.features} == {"age"}


def test_windows_of_slices_say_of_which_they_are(reference: Profile) -> None:
    player = Player(reference, settings(BY_COUNTRY)).rows(4_000)
    player.events += player.monitor.finish(player.now)
    windows = [event for event in player.events if isinstance(event, WindowClosed)]

    assert {one.segment for one in windows} == {"", *COUNTRIES}
    assert sum(one.rows for one in windows if one.segment) == sum(one.rows for one in windows if not one.segment)


def test_the_budget_is_shared_by_the_whole_and_all_slices_that_may_come(reference: Profile) -> None:
    def threshold(segments: SegmentSettings) -> float:
        return Player(reference, settings(segments)).monitor.view().sides[0].features[0].threshold

    raised = threshold(BY_COUNTRY) - threshold(SegmentSettings())
    assert raised == pytest.approx(np.log10(1 + 10 + 1))
    assert threshold(BY_TENANT) == threshold(BY_COUNTRY)


def test_tenants_that_are_made_up_without_end_open_no_more_than_the_most_slices(reference: Profile) -> None:
    player = Player(reference, settings(msgspec.structs.replace(BY_TENANT, max=2)))
    for at in range(50):
        player.rows(20, tenant=f"{at}-made-up")

    rows = {name: one.rows_total for name, one in player.slices().items()}
    assert rows == {"0-made-up": 20, "1-made-up": 20, "other": 960}
    assert not any(one.known for one in player.slices().values())


def test_slices_begin_with_a_reference_that_was_learned() -> None:
    player = Player(None, settings(BY_COUNTRY, learn=LearnSettings(rows=1_000))).rows(3_000)

    assert [event.side for event in player.events if isinstance(event, ReferenceLearned)] == [Side.INPUT]
    assert sum(one.rows_total for one in player.slices().values()) == 2_000
    assert set(player.slices()) == {*COUNTRIES, "other"}


def test_many_exchanges_at_once_are_sliced_as_one_by_one(reference: Profile) -> None:
    rng = np.random.default_rng(5)
    bodies = [{"instances": [{"age": 1.0, "country": str(one)} for one in rng.choice(COUNTRIES, 3)]} for _ in range(99)]
    batch = [exchange("/v1/models/m:predict", json.dumps(body).encode(), b"{}") for body in bodies]
    at_once, singly = (Player(reference, settings(BY_COUNTRY)) for _ in range(2))

    at_once.monitor.feed_many(batch, 1.0)
    for one in batch:
        singly.monitor.feed(one, 1.0)

    expected = {name: sum(row["country"] == name for body in bodies for row in body["instances"]) for name in COUNTRIES}
    for player in (at_once, singly):
        assert {name: one.rows_total for name, one in player.slices().items() if name != "other"} == expected


def test_counts_of_the_slices_add_up_to_the_whole_and_survive_the_file(reference: Profile) -> None:
    read = loads(dumps(reference))

    assert read.segment_by == "country"
    assert set(read.segments) == set(COUNTRIES)
    total = sum(counts[Side.INPUT] for counts in read.segments.values())
    assert np.array_equal(total, reference.sides[Side.INPUT].counts)


def test_merged_profiles_have_merged_slices_or_none(reference: Profile) -> None:
    twice = reference.merge(reference)

    assert np.array_equal(twice.segments["c3"][Side.INPUT], 2 * reference.segments["c3"][Side.INPUT])
    assert reference.merge(Profile(reference.sides)).segments == {}


def test_a_file_whose_slices_do_not_add_up_is_refused(reference: Profile) -> None:
    partial = {name: counts for name, counts in reference.segments.items() if name != "c3"}

    with pytest.raises(ReferenceFileError, match="do not add up"):
        loads(dumps(Profile(reference.sides, "country", partial)))


def test_a_profile_counts_answers_in_the_slices_of_their_rows() -> None:
    columns: dict[str, list[Any]] = {"country": ["de", "fr"] * 50, "x": [1.0, 2.0] * 50}
    recount = RecountBySegment(profile_of(columns).merge(_scores()), "country")
    for _ in range(2):
        recount.add(frame(columns))
        recount.add(frame({"score": [0.0, 1.0] * 50}, Side.OUTPUT))
    recount.add(frame({"score": [1.0] * 7}, Side.OUTPUT))

    rows = {name: int(counts[Side.OUTPUT].sum()) for name, counts in recount.profile().segments.items()}
    assert rows == {"de": 100, "fr": 100, "other": 7}


def _scores() -> Profile:
    (scores,) = profile_of({"score": [0.0, 1.0] * 50}).sides.values()
    return Profile({Side.OUTPUT: scores})


def watches(reference: Profile, least: int = 100) -> tuple[SegmentWatches, Binner]:
    of = Settings(segments=BY_COUNTRY, window=WindowSettings(rows=2_000, min_rows=least))
    made = SegmentWatches(of, Router(BY_COUNTRY, ()), reference)
    side = reference.sides[Side.INPUT]
    made.begin(Side.INPUT, side, 0.0)
    return made, Binner(side.features)


def routed(made: SegmentWatches, binner: Binner, sent: Frame) -> Batch:
    batch = binner.bin(sent.values, sent.rows, 2, [0, 1])
    return batch._replace(segments=np.array(made.router.rows(sent)))


def test_each_row_reaches_the_watch_of_its_segment_and_the_feature_they_go_by_is_left_out(reference: Profile) -> None:
    made, binner = watches(reference)
    sent = frame({"age": [40.0] * 6, "country": ["c1", "c2", "c1", "zz", None, "c1"]})

    made.take(Side.INPUT, [routed(made, binner, sent)], 1.0)

    views = {one.segment: one for one in made.views()}
    assert {name: one.rows_total for name, one in views.items() if one.rows_total} == {"c1": 3, "c2": 1, "other": 2}
    assert [one.feature for one in views["c1"].features] == ["age"]
    assert list(views)[-1] == "other"
    assert made.most == made.router.most + 1


@pytest.mark.parametrize(("least", "compared_with"), [(100, OWN), (10**6, WHOLE)])
def test_a_segment_is_compared_with_its_own_rows_only_where_there_are_enough(
    reference: Profile, least: int, compared_with: str
) -> None:
    made, _ = watches(reference, least)

    assert {one.reference for one in made.views() if one.segment != "other"} == {compared_with}


def test_rows_without_segments_and_sides_without_a_reference_are_passed_over(reference: Profile) -> None:
    made, binner = watches(reference)
    batch = binner.bin([40.0, "c1"], 1, 2, [0, 1])

    assert made.take(Side.INPUT, [batch], 1.0) == []
    assert made.take(Side.OUTPUT, [batch._replace(segments=np.array([1]))], 1.0) == []
    assert sum(one.rows_total for one in made.views()) == 0


def test_a_side_whose_only_feature_is_the_one_that_segments_go_by_is_not_watched() -> None:
    alone = profile_of({"country": ["a", "b"] * 100})
    made, _ = watches(alone)

    assert made.views() == ()

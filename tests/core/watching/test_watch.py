"""One side as its owner sees it: blocks, windows, seasons, and what it counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from harness.profiles import counted, frame, profile_of, recounted
from sidecar.core.evidence.policy import policy
from sidecar.core.watching.watch import BLOCK_SECONDS, LEAST_BLOCK, MOST_BLOCK, SEGMENT_BLOCK_SECONDS, Watch
from sidecar.core.words.events import Event, ReferenceMismatch, State, VerdictChanged, WindowClosed
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import Settings, WindowSettings

RNG = np.random.default_rng(4)
PROFILE = profile_of({"x": RNG.normal(size=4_000).tolist(), "c": RNG.choice(["a", "b"], 4_000).tolist()})
SIDE = PROFILE.sides[Side.INPUT]
SETTINGS = Settings(window=WindowSettings(rows=500, seconds=60.0, min_rows=100))


def watch(segment: str = "", settings: Settings = SETTINGS) -> Watch:
    return Watch(Side.INPUT, SIDE, settings, policy(settings.drift, 3, 100), 0.0, segment)


def rows(count: int, shift: float = 0.0, seed: int = 5) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    return {"x": (rng.normal(size=count) + shift).tolist(), "c": rng.choice(["a", "b"], count).tolist()}


def seen(watched: Watch) -> int:
    """Rows that were judged."""
    return int(watched.live().rows[0])


def closed(events: Iterable[Event]) -> list[WindowClosed]:
    return [event for event in events if isinstance(event, WindowClosed)]


@pytest.mark.parametrize(("count", "judged"), [(MOST_BLOCK - 1, 0), (MOST_BLOCK, MOST_BLOCK)])
def test_a_block_is_judged_at_once_when_it_is_full(count: int, judged: int) -> None:
    watched = watch()
    watched.take([frame(rows(count))], 1.0)

    assert seen(watched) == judged


@pytest.mark.parametrize(("segment", "wait"), [("", BLOCK_SECONDS), ("acme", SEGMENT_BLOCK_SECONDS)])
def test_rows_that_have_waited_are_judged_by_the_next_tick(segment: str, wait: float) -> None:
    watched = watch(segment)
    watched.take([frame(rows(3))], 1.0)
    watched.tick(1.0 + 0.9 * wait)
    early = seen(watched)
    watched.tick(1.0 + 1.1 * wait)

    assert (early, seen(watched)) == (0, 3)


def test_rows_that_come_to_a_block_that_has_waited_are_judged_with_it_if_there_are_enough() -> None:
    watched = watch()
    watched.take([frame(rows(LEAST_BLOCK - 1))], 1.0)
    watched.take([frame(rows(1))], 1.0 + 2 * BLOCK_SECONDS)

    assert seen(watched) == LEAST_BLOCK


def test_every_row_is_counted_once_however_it_comes() -> None:
    whole = rows(1_937)
    watched = watch()
    at, now = 0, 0.0
    for size in [1, 5, 700, 16, 300, 2, 913]:
        part = {name: column[at : at + size] for name, column in whole.items()}
        watched.take([frame(part)], now)
        watched.tick(now)
        at, now = at + size, now + 0.01
    watched.finish(now)

    assert np.array_equal(watched.live().counts, counted(whole, PROFILE).counts)
    assert watched.live().moments.mean[0] == pytest.approx(np.mean(whole["x"]))


def test_windows_close_at_their_rows_to_the_row() -> None:
    watched = watch()
    events = [*watched.take([frame(rows(1_700))], 1.0), *watched.finish(2.0)]

    assert [event.rows for event in closed(events)] == [500, 500, 500, 200]
    assert closed(watched.finish(3.0)) == []


def test_a_window_closes_at_its_time_if_there_are_enough_rows() -> None:
    watched = watch()
    watched.take([frame(rows(99))], 1.0)
    few = watched.tick(60.0)
    watched.take([frame(rows(1))], 61.0)
    events = watched.tick(62.0)

    assert closed(few) == []
    (window,) = closed(events)
    assert (window.started, window.ended, window.rows) == (0.0, 62.0, 100)


def test_a_window_carries_the_scores_of_its_own_rows() -> None:
    watched = watch()
    events = watched.take([frame(rows(500, shift=2.0)), frame(rows(500))], 1.0)
    first, second = closed([*events, *watched.finish(2.0)])

    psi = [{one.feature: one.scores["psi"] for one in window.features}["x"] for window in (first, second)]
    assert psi[0].value > 1.0 > 0.2 > psi[1].value  # type: ignore[union-attr]  # NotEnough would fail too


def test_a_shift_is_drift_and_the_segment_is_named() -> None:
    watched = watch("acme")
    quiet = [frame(rows(16, seed=at)) for at in range(25)]
    shifted = [frame(rows(16, shift=1.5, seed=at)) for at in range(50, 100)]
    events = watched.take([*quiet, *shifted], 1.0)

    told = [event.report for event in events if isinstance(event, VerdictChanged)]
    assert {(one.feature, one.segment) for one in told if one.state is State.DRIFT} >= {("x", "acme")}
    assert {one.segment for one in closed(events)} == {"acme"}
    assert [one.state for one in watched.segment_features()] == [State.DRIFT, State.OK]


def test_values_beyond_the_reference_are_violations() -> None:
    watched = watch()
    watched.take([frame({"x": [99.0, -99.0, 0.0, None], "c": ["z", "a", "z", None]})], 1.0)
    watched.finish(1.0)

    assert watched.violations() == {("x", "range"): 2, ("c", "unseen"): 2}


def test_a_stream_of_other_features_is_a_mismatch_and_counts_no_row() -> None:
    watched = watch()
    events = watched.take([Frame(Side.INPUT, ("y",), 2, 1, [1.0, 2.0])], 1.0)

    assert [type(event) for event in events] == [ReferenceMismatch]
    assert seen(watched) == 0


def test_the_view_has_both_the_closed_window_and_the_open_one() -> None:
    watched = watch()
    watched.take([frame(rows(500)), frame(rows(256))], 1.0)

    x, c = watched.views()
    assert (x.feature, c.feature) == ("x", "c")
    assert sum(one.live_total for one in x.bins) == sum(one.window_count for one in x.bins) == 756
    watched.take([frame(rows(500))], 1.1)
    assert sum(one.live_total for one in watched.views()[0].bins) == 1_256
    assert sum(one.window_count for one in watched.views()[0].bins) == 756


def test_what_is_taken_in_bins_counts_as_what_is_taken_in_frames() -> None:
    plain, by_codes = watch(), watch()
    batches, _ = plain.binned([frame(rows(600))], 1.0)
    plain.take_batches(batches, 1.0)
    for batch in batches:
        by_codes.take_codes(batch.codes, 1.0)
    for watched in (plain, by_codes):
        watched.finish(2.0)

    assert np.array_equal(plain.live().counts, by_codes.live().counts)


def test_pairs_are_watched_on_the_whole_where_the_reference_knows_them() -> None:
    known = recounted({"x": rows(2_000)["x"], "c": rows(2_000)["c"]}).sides[Side.INPUT]
    limits = policy(SETTINGS.drift, 3, 100)

    assert Watch(Side.INPUT, known, SETTINGS, limits, 0.0).joint is not None
    assert Watch(Side.INPUT, known, SETTINGS, limits, 0.0, "acme").joint is None
    assert watch().joint is None

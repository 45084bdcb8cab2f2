"""Columns that are no features are not watched, and do not count against the rows that carry them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from sidecar.core.binning.bins import Kind
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import dumps, loads
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import LearnSettings, Settings

RNG = np.random.default_rng(13)
START = datetime(2026, 1, 12, tzinfo=UTC).timestamp()
NAMES = ("id", "x", "when")


def part(first: int, now: float, late: float = 0.0) -> Frame:
    """Ten rows with a growing id, a number, and when something happened: some seconds before the rows come."""
    rows: list[Any] = []
    for at in range(10):
        moment = datetime.fromtimestamp(now - late - float(RNG.gamma(2, 30)), UTC)
        rows += [f"C{first + at}", float(RNG.normal()), moment.isoformat()]
    return Frame(Side.INPUT, NAMES, 10, 3, rows)


def fed(monitor: Monitor, rows: int, first: int = 0, late: float = 0.0) -> float:
    """Ten rows a second; returns the time after them."""
    now = START + first / 10
    for at in range(first, first + rows, 10):
        now = START + at / 10
        monitor.feed_frames([part(at, now, late)], now)
        monitor.tick(now)
    return now


def states(monitor: Monitor) -> dict[str, str]:
    return {one.feature: one.state.value for side in monitor.view().sides for one in side.features}


def learned() -> Monitor:
    monitor = Monitor(Settings(learn=LearnSettings(rows=1_000)), None, (), START)
    fed(monitor, 1_000)
    return monitor


def test_a_learned_reference_leaves_out_identifiers_and_watches_the_age_of_times() -> None:
    monitor = learned()
    reference = monitor.reference

    assert reference is not None
    side = reference.sides[Side.INPUT]
    assert side.names == ("x", "when.age")
    assert [one.name for one in side.left_out] == ["id"]
    assert side.columns == NAMES
    fed(monitor, 5_000, first=1_000)
    assert set(states(monitor).values()) == {"ok"}
    assert "extra_feature" not in {kind for _, kind in monitor.view().violations}


def test_times_that_come_late_drift_by_their_age() -> None:
    monitor = learned()

    fed(monitor, 3_000, first=1_000, late=3_600)

    assert states(monitor) == {"x": "ok", "when.age": "drift"}


def test_rows_without_names_are_matched_with_and_without_the_columns_that_were_left_out() -> None:
    reference = learned().reference
    assert reference is not None
    kept = loads(dumps(Profile({Side.INPUT: reference.sides[Side.INPUT]})))
    assert kept.sides[Side.INPUT].left_out == reference.sides[Side.INPUT].left_out
    monitor = Monitor(Settings(), kept, (), START)

    now = START + 10_000
    whole = part(0, now)
    bare = Frame(Side.INPUT, None, 10, 3, whole.values)
    monitor.feed_frames([bare], now)

    found = monitor.view()
    assert not {kind for _, kind in found.violations} & {"shape", "missing_feature", "extra_feature"}
    assert kept.sides[Side.INPUT].features[0].kind is Kind.NUMERIC

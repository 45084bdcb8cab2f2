"""The verdict on relations: when it looks, at what, against which part of the budget, and which changes it tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import correlated_rows
from harness.null_rows import profile_of
from harness.profiles import frame, recounted
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.binning.rank_scores import MOST_FEATURES, RankedRows
from sidecar.core.evidence.policy import Policy
from sidecar.core.reference.joint import joint_of
from sidecar.core.reference.materiality import Material
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.profile import SideProfile
from sidecar.core.scores.joint_drift import compare_relations, reported
from sidecar.core.watching.joint_watch import JointWatch
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.arrays import Codes, Floats
from sidecar.core.words.events import Event, JointChanged, State
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import Settings, WindowSettings

FEATURES = 3
ALL = np.ones(FEATURES)
NONE = np.zeros(FEATURES, np.bool_)
LIMITS = Policy(
    alarm=9.0,
    warning=6.0,
    material=Material(0.1, 0.005, 1.75, 0.075),
    least_rows=100,
    correlation=0.1,
    joint_alarm=1e-9,
    joint_warning=1e-6,
)


def rows(rng: np.random.Generator, count: int, tied: bool = True) -> Floats:
    """Three features, of which the first two go together, or do not."""
    values = rng.normal(size=(FEATURES, count))
    if tied:
        values[1] = 0.8 * values[0] + 0.6 * values[1]
    return values


REFERENCE_ROWS = rows(np.random.default_rng(1), 5_000)
PROFILE = profile_of(REFERENCE_ROWS)
BINNER = Binner(PROFILE.features)


def codes(values: Floats) -> Codes:
    return BINNER.cut(values) + (np.arange(FEATURES) * BINNER.width)[:, None]


def kept(values: Floats) -> RankedRows:
    found = RankedRows(PROFILE.features, BINNER.width, 100_000)
    found.add(codes(values))
    return found


JOINT = joint_of(kept(REFERENCE_ROWS))


def watch() -> JointWatch:
    return JointWatch(Side.OUTPUT, PROFILE, JOINT)


def test_it_looks_once_there_are_five_hundred_independent_rows_and_gathers_until_then() -> None:
    rng = np.random.default_rng(2)
    watched = watch()
    share = np.array([1.0, 0.5, 0.8])

    watched.add(codes(rows(rng, 999)))
    assert watched.close(share, NONE, LIMITS, 999, 1.0) == []
    states = [watched.state]
    assert watched.report is None

    watched.add(codes(rows(rng, 1)))
    assert watched.close(share, NONE, LIMITS, 1_000, 2.0) == []
    assert [*states, watched.state] == [State.INSUFFICIENT, State.OK]
    assert watched.report is not None
    assert watched.report.rows == 500


def test_a_look_is_the_test_on_the_batch_and_its_rows_are_a_part_of_the_budget() -> None:
    rng = np.random.default_rng(3)
    watched = watch()
    watched.add(codes(rows(rng, 600)))
    watched.close(ALL, NONE, LIMITS, 600, 1.0)
    apart = rows(rng, 900, tied=False)
    watched.add(codes(apart[:, :400]))
    watched.add(codes(apart[:, 400:]))

    events = watched.close(ALL, NONE, LIMITS, 1_600, 2.0)

    found = compare_relations(JOINT, joint_of(kept(apart)), ALL, NONE)
    report = reported(found, Side.OUTPUT, ("x0", "x1", "x2"), State.DRIFT, 1_000 * 1e-9)
    assert events == [JointChanged(2.0, State.OK, 1_600, report)]
    assert watched.report == report
    assert watched.state is State.DRIFT


def test_the_first_look_may_find_drift_and_tells_it() -> None:
    watched = watch()
    watched.add(codes(rows(np.random.default_rng(4), 900, tied=False)))

    (event,) = watched.close(ALL, NONE, LIMITS, 900, 1.0)

    assert (event.before, event.report.state) == (State.INSUFFICIENT, State.DRIFT)
    assert event.report.threshold == pytest.approx(900 * 1e-9)


def test_a_verdict_is_ended_by_a_batch_like_the_reference_and_told_once() -> None:
    rng = np.random.default_rng(5)
    watched, seen = watch(), 0
    told: list[tuple[State, State]] = []
    for tied in (True, False, False, True, True):
        watched.add(codes(rows(rng, 800, tied)))
        seen += 800
        told += [(event.before, event.report.state) for event in watched.close(ALL, NONE, LIMITS, seen, 0.0)]

    assert told == [(State.OK, State.DRIFT), (State.DRIFT, State.OK)]


def test_a_verdict_stays_while_the_change_does_though_nothing_would_raise_it_again() -> None:
    rng = np.random.default_rng(10)
    watched = watch()
    watched.add(codes(rows(rng, 900, tied=False)))
    watched.close(ALL, NONE, LIMITS, 900, 0.0)
    watched.add(codes(rows(rng, 900, tied=False)))

    assert watched.close(ALL, NONE, replace(LIMITS, joint_alarm=0.0, joint_warning=0.0), 1_800, 0.0) == []
    assert watched.state is State.DRIFT


def test_batches_do_not_overlap() -> None:
    """The second batch holds no row of the first, which had drifted."""
    rng = np.random.default_rng(6)
    watched = watch()
    watched.add(codes(rows(rng, 4_000, tied=False)))
    watched.close(ALL, NONE, LIMITS, 4_000, 0.0)
    watched.add(codes(rows(rng, 600)))
    watched.close(ALL, NONE, LIMITS, 4_600, 0.0)

    assert watched.report is not None
    assert watched.report.rows == 600
    assert watched.report.threshold == pytest.approx(600 * 1e-9)
    assert watched.state is State.OK


def test_of_a_large_batch_the_first_rows_are_looked_at() -> None:
    rng = np.random.default_rng(7)
    watched = watch()
    watched.add(codes(rows(rng, 4_000)))
    watched.add(codes(rows(rng, 1_000, tied=False)))
    watched.close(ALL, NONE, LIMITS, 5_000, 0.0)

    assert watched.report is not None
    assert watched.report.rows == 4_096
    assert watched.state is State.OK


def test_features_that_drift_by_themselves_are_left_out() -> None:
    watched = watch()
    watched.add(codes(rows(np.random.default_rng(8), 900, tied=False)))

    assert watched.close(ALL, np.array([False, True, False]), LIMITS, 900, 0.0) == []
    assert watched.state is State.OK


def test_names_shares_and_verdicts_are_those_of_the_features_that_take_part() -> None:
    """A category before as many numbers as there may be is left out, so that positions differ."""
    rng = np.random.default_rng(9)
    values = rng.normal(size=(MOST_FEATURES, 1_500))
    values[-1] = 0.9 * values[-2] + 0.4 * values[-1]
    numbers = profile_of(values)
    features = (Feature("colour", Kind.CATEGORICAL, categories=("red", "blue")), *numbers.features)
    binner = Binner(features)
    counts = np.zeros((len(features), binner.width), np.int64)
    counts[1:, : numbers.counts.shape[1]] = numbers.counts
    profile = SideProfile(features, counts, Moments.of(values))

    def coded(rows: Floats) -> Codes:
        bins = np.array(
            [np.searchsorted(f.edges, row, side="right") for f, row in zip(features[1:], rows, strict=True)]
        )
        bins = np.vstack([np.zeros(rows.shape[1], np.int64), bins])
        return bins + (np.arange(len(features)) * binner.width)[:, None]

    reference = RankedRows(features, binner.width, 2_000)
    reference.add(coded(values))
    watched = JointWatch(Side.INPUT, profile, joint_of(reference))
    live = rng.normal(size=(MOST_FEATURES, 1_200))
    share, drifting = np.ones(len(features)), np.zeros(len(features), np.bool_)
    share[0], drifting[0] = 0.01, True  # of the one that has no part
    share[1] = 0.5
    watched.add(coded(live))

    (event,) = watched.close(share, drifting, LIMITS, 1_200, 0.0)

    assert event.report.rows == 600
    assert (event.report.pairs[0].first, event.report.pairs[0].second) == ("x62", "x63")
    assert [name for name, _ in event.report.features] == ["x62", "x63"]


def test_a_monitor_tells_of_features_that_come_apart_and_of_their_coming_together_again() -> None:
    rng = np.random.default_rng(7)
    names = [f"x{at}" for at in range(correlated_rows.FEATURES)]
    profile = recounted(dict(zip(names, correlated_rows.REFERENCE.tolist(), strict=True)))
    monitor = Monitor(Settings(window=WindowSettings(rows=1_000)), profile, (), 0.0)
    events: list[Event] = []

    def send(values: Floats) -> None:
        sent: Frame = frame(dict(zip(names, values.tolist(), strict=True)))
        events.extend(monitor.feed_frames([sent], 0.0))

    send(correlated_rows.rows(rng, 5_000))
    shuffled = correlated_rows.rows(rng, 2_000)
    shuffled[2] = rng.permutation(shuffled[2])
    send(shuffled)
    send(correlated_rows.rows(rng, 3_000))

    told = [event for event in events if isinstance(event, JointChanged)]
    assert [(event.before, event.report.state) for event in told] == [(State.OK, State.DRIFT), (State.DRIFT, State.OK)]
    assert told[0].rows_seen == 6_000
    assert told[0].report.features[0][0] == "x2"
    assert all("x2" in (pair.first, pair.second) for pair in told[0].report.pairs)

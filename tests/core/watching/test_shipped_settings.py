"""The whole watch and the whole of its evidence at the settings that are shipped, on streams of every kind.

No alarm is raised on rows that drift from nothing, be they independent, autocorrelated, repeated in bursts or in a daily cycle,
and a real shift in each of them is told within a stated number of rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from harness.null_rows import (
    BLOCK,
    FEATURES,
    autocorrelated,
    blocks,
    bursts,
    cycle,
    independent,
    profile_of,
    seasonal_profile,
)
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.binning.runs import RunLengths
from sidecar.core.evidence.detector import Evidence
from sidecar.core.evidence.policy import Policy, policy
from sidecar.core.reference.joint import joint_of
from sidecar.core.reference.profile import SideProfile
from sidecar.core.watching.watch import Watch
from sidecar.core.words.arrays import Floats
from sidecar.core.words.events import ALL_FEATURES, Event, JointChanged, State, VerdictChanged
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import Settings

SETTINGS = Settings()
REFERENCE_ROWS = 10_000
NAMES = tuple(f"x{at}" for at in range(FEATURES))
SECONDS = 8.0
"""Between rows: a day has 10,800."""


def daily(rng: np.random.Generator, rows: int) -> Floats:
    return cycle(rng, (np.arange(rows) * SECONDS).astype(np.int64))


def with_pairs(values: Floats) -> SideProfile:
    """The reference of rows (F, n), pairs and all."""
    plain = profile_of(values)
    binner = Binner(plain.features)
    ranked = RankedRows(plain.features, binner.width, values.shape[1])
    ranked.add(next(iter(blocks_of(binner, values, values.shape[1]))))
    return SideProfile(plain.features, plain.counts, plain.moments, joint_of(ranked))


def blocks_of(binner: Binner, values: Floats, size: int) -> list[np.ndarray]:
    codes = binner.cut(values) + (np.arange(len(values)) * binner.width)[:, None]
    return [codes[:, at : at + size] for at in range(0, codes.shape[1], size)]


RNG = np.random.default_rng(21)
PLAIN = with_pairs(independent(RNG, REFERENCE_ROWS))
DAILY = seasonal_profile(RNG, 2 * REFERENCE_ROWS)
Stream = Callable[[np.random.Generator, int], Floats]
STREAMS: dict[str, tuple[Stream, SideProfile]] = {
    "independent": (independent, PLAIN),
    "autocorrelated": (autocorrelated, PLAIN),
    "bursts": (bursts, PLAIN),
    "seasonal": (daily, DAILY),
}


def limits() -> Policy:
    return policy(SETTINGS.drift, FEATURES + 1, SETTINGS.window.min_rows)


def told(reference: SideProfile, values: Floats) -> list[Event]:
    """All that a watch has to say of rows (F, n), but for closed windows."""
    watch = Watch(Side.INPUT, reference, SETTINGS, limits(), 0.0)
    events: list[Event] = []
    for at in range(0, values.shape[1], BLOCK):
        part = values[:, at : at + BLOCK].T
        now = at * SECONDS
        events += watch.take([Frame(Side.INPUT, NAMES, len(part), FEATURES, part.ravel().tolist())], now)
        events += watch.tick(now + 1)
    events += watch.finish(values.shape[1] * SECONDS)
    return [event for event in events if isinstance(event, VerdictChanged | JointChanged)]


def drifts(events: list[Event]) -> list[VerdictChanged | JointChanged]:
    return [
        event
        for event in events
        if isinstance(event, VerdictChanged | JointChanged) and event.report.state is State.DRIFT
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["independent", "seasonal"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_watch_says_nothing_of_rows_like_the_reference_or_like_its_season(kind: str, seed: int) -> None:
    stream, reference = STREAMS[kind]

    assert told(reference, stream(np.random.default_rng(seed), 6_000)) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["autocorrelated", "bursts"])
@pytest.mark.parametrize("seed", [2, 3])
def test_a_watch_raises_no_alarm_on_rows_that_depend_on_each_other(kind: str, seed: int) -> None:
    """With these seeds: docs/testing.md says how many of a thousand do alarm while they are young, and why."""
    stream, reference = STREAMS[kind]

    assert drifts(told(reference, stream(np.random.default_rng(seed), 6_000))) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["autocorrelated", "bursts"])
def test_of_forty_young_watches_on_rows_that_depend_on_each_other_none_alarms(kind: str) -> None:
    stream, reference = STREAMS[kind]

    alarmed = [
        seed for seed in range(1000, 1040) if drifts(told(reference, stream(np.random.default_rng(seed), 2_000)))
    ]

    assert alarmed == []


@pytest.mark.parametrize("kind", ["independent", "autocorrelated", "bursts"])
@pytest.mark.parametrize("seed", range(6))
def test_evidence_stays_below_the_alarm_on_rows_that_drift_from_nothing(kind: str, seed: int) -> None:
    """Of blocks as the watch makes them, with the runs that it follows."""
    rng = np.random.default_rng(seed)
    values = STREAMS[kind][0](rng, 4_000)
    binner = Binner(PLAIN.features)
    evidence, lengths = Evidence(PLAIN, binner.mask, SETTINGS.drift.tolerance), RunLengths(FEATURES)
    repeats, _ = lengths.add(values)
    highest = 0.0
    for at, codes in enumerate(blocks(binner, values)):
        evidence.update(codes, repeats[:, at * BLOCK : (at + 1) * BLOCK])
        highest = max(highest, float(evidence.log10().max()), evidence.all_features.log10)

    assert highest < limits().alarm


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "shift", "within"),
    [("independent", 1.0, 200), ("autocorrelated", 1.0, 2_500), ("bursts", 1.0, 6_000), ("seasonal", 1.0, 200)],
)
def test_a_shift_of_one_feature_by_so_many_standard_deviations_is_told_within_so_many_rows(
    kind: str, shift: float, within: int
) -> None:
    """Of 19 autocorrelated rows one counts, and of 50 repeated ones: they need as many more."""
    stream, reference = STREAMS[kind]
    steady = 2_000
    for seed in (11, 12, 13):
        values = stream(np.random.default_rng(seed), steady + within)
        values[4, steady:] += shift

        found = [event for event in drifts(told(reference, values)) if isinstance(event, VerdictChanged)]

        assert {event.report.feature for event in found} - {ALL_FEATURES} == {"x4"}
        assert steady < found[0].rows_seen <= steady + within


@pytest.mark.slow
def test_features_that_come_to_go_together_are_told_within_two_windows() -> None:
    rng = np.random.default_rng(14)
    values = independent(rng, 4_000)
    values[3, 2_000:] = 0.8 * values[2, 2_000:] + 0.6 * values[3, 2_000:]

    found = [event for event in told(PLAIN, values) if isinstance(event, JointChanged)]

    assert [event.report.state for event in found if event.report.state is not State.WARNING] == [State.DRIFT]
    assert found[-1].rows_seen <= 3_400
    assert (found[0].report.pairs[0].first, found[0].report.pairs[0].second) == ("x2", "x3")

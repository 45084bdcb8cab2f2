"""How many rows after a change the sidecar alarms, at default settings: a scenario's rows, through a monitor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.drift_scenarios import DAY, Scenario, Values, table
from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.recount_by_season import RecountBySeason
from sidecar.core.reference.seasons import Season
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.arrays import Floats
from sidecar.core.words.events import JointChanged, State, VerdictChanged
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import Settings

REFERENCE = 10_000
PHASE = 1_000
"""The change comes up to so many rows later than the least number of clean rows, so that no window ends there."""
AFTER = 20_000
"""A change that nobody told after so many rows was never told."""
STEP = 16
"""Rows that come at once where traffic is fast."""
_TIME = "at"


@dataclass(frozen=True)
class Stream:
    """One draw of a scenario: columns of the reference and of live rows, which change at row `change`."""

    scenario: Scenario
    reference: list[Values]
    reference_times: Floats
    live: list[Values]
    change: int

    @classmethod
    def draw(cls, scenario: Scenario, seed: int, after: int = AFTER) -> Stream:
        """The same rows for the same seed."""
        rng = np.random.default_rng([seed, *scenario.name.encode()])
        phase = int(rng.integers(PHASE)) if scenario.message == 1 else 0
        change = scenario.clean + phase
        times = rng.random(REFERENCE) * DAY if scenario.seasonal else np.arange(float(REFERENCE)) * scenario.seconds
        at = np.arange(float(change + after)) * scenario.seconds
        before = table(scenario.before, scenario.width, rng, at[:change])
        changed = table(scenario.after, scenario.width, rng, at[change:])
        live = [np.concatenate(pair) for pair in zip(before, changed, strict=True)]
        known = scenario.before if scenario.reference is None else (scenario.reference,)
        return cls(scenario, table(known, scenario.width, rng, times), times, live, change)


@dataclass(frozen=True)
class Told:
    """What the sidecar said: rows from the change to the first alarm (None: never), of what, and alarms before the change."""

    delay: int | None
    of: str
    before: int


def told(stream: Stream) -> Told:
    """Send the rows through a monitor until it alarms."""
    scenario = stream.scenario
    monitor = Monitor(Settings(), reference(stream), (), 0.0)
    before = 0
    sent = 0
    for frames, now in _messages(stream.live, scenario):
        sent += sum(frame.rows for frame in frames)
        for event in [*monitor.feed_frames(frames, now), *monitor.tick(now)]:
            if not isinstance(event, VerdictChanged | JointChanged) or event.report.state is not State.DRIFT:
                continue
            if event.rows_seen > stream.change:
                return Told(sent - stream.change, _what(event), before)
            before += 1
    return Told(None, "", before)


def reference(stream: Stream) -> Profile:
    """As `drift-sidecar profile` makes it."""
    frame = frame_of(stream.reference, 0, REFERENCE)
    if not stream.scenario.seasonal:
        return profile_of(frame)
    builder = Builder()
    builder.add(frame)
    seasons = RecountBySeason(builder.build(), Season.HOUR_OF_DAY, _TIME, 0.0)
    seasons.add(frame_of([*stream.reference, stream.reference_times], 0, REFERENCE, (*(frame.names or ()), _TIME)))
    return seasons.profile()


def profile_of(frame: Frame) -> Profile:
    """A frame as its own reference."""
    builder = Builder()
    builder.add(frame)
    recount = Recount(builder.build(), own=True)
    recount.add(frame)
    return recount.profile()


def frame_of(columns: list[Values], start: int, stop: int, names: tuple[str, ...] = ()) -> Frame:
    """Some rows of columns, which are called x0, x1, ... where they have no names."""
    part = [column[start:stop] for column in columns]
    numeric = all(column.dtype == np.float64 for column in columns)
    values = np.array(part).T.ravel() if numeric else np.array(part, object).T.ravel().tolist()
    names = names or tuple(f"x{at}" for at in range(len(columns)))
    return Frame(Side.INPUT, names, len(part[0]), len(columns), values)


def _messages(live: list[Values], scenario: Scenario) -> Iterator[tuple[list[Frame], float]]:
    """What comes at once, and when."""
    step = max(scenario.message, STEP if scenario.seconds < 1 else 1)
    for start in range(0, len(live[0]), step):
        stop = min(start + step, len(live[0]))
        now = (stop - 1) * scenario.seconds
        each = range(start, stop, scenario.message)
        yield [frame_of(live, at, at + scenario.message) for at in each], now


def _what(event: VerdictChanged | JointChanged) -> str:
    if isinstance(event, JointChanged):
        return "relations"
    criterion = event.report.criterion
    return event.report.feature if criterion == "psi" else f"{event.report.feature} ({criterion})"

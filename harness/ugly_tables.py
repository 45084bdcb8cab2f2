"""Ten tables of the kinds that break tests made for normal numbers, on which nothing changes; and what the sidecar says of them.

Rows that depend on each other do so in live rows alone: a reference is made of rows that were picked from everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from harness.drift_delays import frame_of, profile_of
from harness.drift_scenarios import LEVELS, Column, Values, autocorrelated, levels, missing, normal, rate, table, zipf
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.arrays import Floats
from sidecar.core.words.events import JointChanged, State, VerdictChanged
from sidecar.core.words.frame import Frame
from sidecar.settings import Settings

Rng = np.random.Generator
REFERENCE = 10_000
STEP = 256
"""Rows that come at once, as messages of one row."""
BATCH = 1_000
SECONDS = 0.000_1
"""Between two rows."""
_PIECE = 20_000


@dataclass(frozen=True)
class Ugly:
    """Columns of live rows and of the reference; rows of a message."""

    live: Callable[[Rng, int], list[Values]]
    reference: Callable[[Rng, int], list[Values]]
    message: int = 1


def _columns(*columns: Column) -> Callable[[Rng, int], list[Values]]:
    return lambda rng, rows: table(columns, len(columns), rng, np.arange(float(rows)) * SECONDS)


def _array(make: Callable[[Rng, int], Floats]) -> Callable[[Rng, int], list[Values]]:
    return lambda rng, rows: list(make(rng, rows))


def sparse(rng: Rng, rows: int) -> Floats:
    """Ten features that are nonzero in 1 % of rows."""
    return np.where(rng.random((10, rows)) < 0.01, rng.exponential(size=(10, rows)), 0.0)


def discrete(rng: Rng, rows: int) -> Floats:
    """Small counts."""
    return rng.poisson(0.7, (8, rows)).astype(np.float64)


def constant_but_few(rng: Rng, rows: int) -> Floats:
    """1 in four rows of a thousand."""
    return np.where(rng.random((6, rows)) < 0.004, 1.0, 0.0)


def heavy_tailed(rng: Rng, rows: int) -> Floats:
    """Of a common scale, so that squares are related."""
    return np.asarray(rng.standard_t(1.5, (10, rows)) * np.exp(rng.normal(size=rows)))


def duplicated(rng: Rng, rows: int) -> Floats:
    """Columns that are there twice, and once more with the other sign."""
    some = rng.normal(size=(4, rows))
    return np.concatenate([some, some, -some])


def wide(rng: Rng, rows: int) -> Floats:
    """The pixels of something: few colours, most of them dark, all from a few sources."""
    sources = rng.normal(size=(6, rows))
    weights = np.random.default_rng(64).normal(size=(64, 6))
    return np.maximum(np.round(weights @ sources / 2 + rng.normal(size=(64, rows)) - 1), 0.0)


def by_class(rng: Rng, rows: int, batch: int = BATCH) -> list[Values]:
    """Ten classes, each with means of its own: rows of a batch are sorted by it."""
    kinds = np.sort(rng.integers(10, size=(-(-rows // batch), batch)), axis=1).ravel()[:rows]
    means = np.random.default_rng(10).normal(size=(10, 8)) * 2
    return list((means[kinds] + rng.normal(size=(rows, 8))).T)


def _same(make: Callable[[Rng, int], list[Values]], message: int = 1) -> Ugly:
    return Ugly(make, make, message)


UGLY: dict[str, Ugly] = {
    "sparse": _same(_array(sparse)),
    "discrete": _same(_array(discrete)),
    "heavy-tailed": _same(_array(heavy_tailed)),
    "autocorrelated": Ugly(_columns(*[autocorrelated(0.0)] * 8), _columns(*[normal()] * 8)),
    "batches sorted by class": Ugly(by_class, lambda rng, rows: by_class(rng, rows, 1), BATCH),
    "64 wide": _same(_array(wide)),
    "constant but few": _same(_array(constant_but_few)),
    "duplicated": _same(_array(duplicated)),
    "nulls 60 %": _same(_columns(*[missing(0.6)] * 8)),
    f"zipf, {LEVELS} levels": _same(_columns(*[zipf(1.0)] * 4, levels(0.01, 0.001), rate(0.01))),
}


@dataclass(frozen=True)
class Alarm:
    """At which row, of what, and in words."""

    row: int
    of: str
    changed: str


def alarms(ugly: Ugly, settings: Settings, rng: Rng, rows: int) -> list[Alarm]:
    """All alarms in so many rows, against a reference of its own."""
    monitor = Monitor(settings, profile_of(frame_of(ugly.reference(rng, REFERENCE), 0, REFERENCE)), (), 0.0)
    found: list[Alarm] = []
    for frames, now in _frames(ugly, rng, rows):
        for event in [*monitor.feed_frames(frames, now), *monitor.tick(now)]:
            if isinstance(event, VerdictChanged) and event.report.state is State.DRIFT:
                report = event.report
                found.append(Alarm(event.rows_seen, f"{report.feature} ({report.criterion})", report.changed))
            elif isinstance(event, JointChanged) and event.report.state is State.DRIFT:
                found.append(Alarm(event.rows_seen, "relations", f"{event.report.pairs[:1]}"))
    return found


def _frames(ugly: Ugly, rng: Rng, rows: int) -> Iterator[tuple[list[Frame], float]]:
    """What comes at once, and when."""
    for begun in range(0, rows, _PIECE):
        columns = ugly.live(rng, min(_PIECE, rows - begun))
        step = max(ugly.message, STEP)
        for at in range(0, len(columns[0]), step):
            stop = min(at + step, len(columns[0]))
            now = (begun + stop) * SECONDS
            yield [frame_of(columns, one, one + ugly.message) for one in range(at, stop, ugly.message)], now

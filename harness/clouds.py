"""Vectors and texts of made-up topics, and how soon the monitor alarms on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.core.reading.decoders import decoders
from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.profile import Profile
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import State, VerdictChanged
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import Settings

Floats = NDArray[np.floating[Any]]

SIZE = 384
_ROWS = 8


class Outcome(NamedTuple):
    """Rows until the first alarm, None if there was none; and the features that drifted."""

    rows: int | None
    features: frozenset[str]


def cloud(rng: np.random.Generator, centres: Floats, rows: int, scatter: float = 1.0) -> Floats:
    """Vectors (rows, SIZE) of length 1, each around one of the centres."""
    chosen = centres[rng.integers(0, len(centres), rows)] + rng.normal(0, scatter / np.sqrt(SIZE), (rows, SIZE))
    return np.asarray(chosen / np.linalg.norm(chosen, axis=1, keepdims=True))


def mixed(rng: np.random.Generator, most: Floats, some: Floats, share: float) -> Floats:
    """`most`, with this share of its rows replaced by rows of `some`."""
    chosen = rng.random(len(most)) < share
    found = most.copy()
    found[chosen] = some[rng.integers(0, len(some), int(chosen.sum()))]
    return found


def of_vectors(rows: Floats) -> Frame:
    """One frame with one tensor."""
    return Frame(Side.INPUT, (), len(rows), 0, [], vectors={"x": rows})


def of_texts(texts: Sequence[str]) -> Frame:
    """One frame with one column."""
    return Frame(Side.INPUT, ("comment",), len(texts), 1, list(texts))


def reference(frame: Frame) -> Profile:
    """As `profile` makes it."""
    builder = Builder()
    builder.add(frame)
    recount = Recount(builder.build(), own=True)
    recount.add(frame)
    return recount.profile()


def watched(profile: Profile, frames: Iterator[Frame]) -> Outcome:
    """Run frames through a monitor with the settings as they come."""
    settings = Settings()
    monitor = Monitor(settings, profile, decoders(settings.decode), now=0.0)
    first: int | None = None
    drifted: set[str] = set()
    rows = 0
    for at, frame in enumerate(frames):
        rows += frame.rows
        now = 0.05 * at
        for event in (*monitor.feed_frames([frame], now), *monitor.tick(now)):
            if isinstance(event, VerdictChanged) and event.report.state is State.DRIFT:
                first = rows if first is None else first
                drifted.add(event.report.feature)
    return Outcome(first, frozenset(drifted))


def vectors(rows: Floats) -> Iterator[Frame]:
    """A few rows a frame."""
    return (of_vectors(rows[at : at + _ROWS]) for at in range(0, len(rows), _ROWS))


def texts(rows: Sequence[str]) -> Iterator[Frame]:
    """A few rows a frame."""
    return (of_texts(rows[at : at + _ROWS]) for at in range(0, len(rows), _ROWS))

"""References that are hardly any, and live rows that fit none: a defined verdict, finite figures, never an exception.

What is defined is in docs/drift.md, under "Bad references".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.profiles import frame, recounted
from sidecar.core.reference.builder import Recount
from sidecar.core.reference.profile_file import dumps, loads
from sidecar.core.scores.comparison import LeastEffects, compare
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import ALL_FEATURES, Event, ReferenceMismatch, State, VerdictChanged
from sidecar.core.words.frame import Side
from sidecar.settings import Settings, WindowSettings

pytestmark = pytest.mark.slow  # each of a hundred references is watched

ROWS = 2_000
SETTINGS = Settings(window=WindowSettings(rows=500))
RNG = np.random.default_rng(11)
LONG = ["long " * 2_000 + str(at % 3) for at in range(300)]
HUGE = [2**53 + at for at in range(300)]

REFERENCES: dict[str, Sequence[Any]] = {
    "constant": [3.0] * 1_000,
    "all missing": [None] * 1_000,
    "one row": [3.0],
    "one category": ["only"] * 1_000,
    "fewer rows than bins": RNG.normal(size=12).tolist(),
    "infinities": [math.inf, -math.inf] * 200,
    "some infinities": [*RNG.normal(size=400).tolist(), math.inf, -math.inf],
    "whole numbers beyond 2^53": HUGE,
    "categories of 10,000 characters": LONG,
}
OTHERS: dict[str, list[Any]] = {
    "numbers": RNG.normal(1_000, 1, ROWS).tolist(),
    "names": [f"other {at % 7}" for at in range(ROWS)],
    "nothing": [None] * ROWS,
    "infinities": [math.inf] * ROWS,
    "garbage": ["x", 1, None, True, math.nan, -math.inf, 10**400, "1e999"] * (ROWS // 8),
}
SAYS_NOTHING = {"one row", "fewer rows than bins"}
"""With fewer than thirty rows a reference says nothing that one could differ from."""

CANNOT_DIFFER = {("all missing", "names"), ("infinities", "numbers")}
"""A column without values counts as numeric, so names are missing numbers there, each a violation of type; without finite values
there are no edges, and any number is like any other."""


def watched(reference: Sequence[Any], live: Sequence[Any]) -> tuple[list[Event], Monitor]:
    profile = loads(dumps(recounted({"x": list(reference)})))
    monitor = Monitor(SETTINGS, profile, (), 0.0)
    events: list[Event] = []
    for at in range(0, len(live), 16):
        events += monitor.feed_frames([frame({"x": list(live[at : at + 16])})], at / 50)
        events += monitor.tick(at / 50 + 0.1)
    return [*events, *monitor.finish(len(live) / 50)], monitor


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float):
        yield value


def drifts(events: list[Event]) -> bool:
    """Or is in mismatch, where the rows have nothing that the reference knows."""
    told = (State.DRIFT, State.MISMATCH)
    return any(isinstance(event, VerdictChanged) and event.report.state in told for event in events)


def again(values: Sequence[Any]) -> list[Any]:
    """Rows like the reference's, drawn from it."""
    return [values[at] for at in np.random.default_rng(5).integers(0, len(values), ROWS)]


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("other", OTHERS)
def test_any_rows_against_any_reference_give_finite_figures(name: str, other: str) -> None:
    events, monitor = watched(REFERENCES[name], OTHERS[other])

    view = msgspec.to_builtins(monitor.view().sides)
    assert all(math.isfinite(number) for number in numbers(view))
    assert all(math.isfinite(number) for event in events for number in numbers(msgspec.to_builtins(event)))


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("other", [*OTHERS, "no rows"])
def test_a_single_look_at_any_rows_against_any_reference_gives_finite_figures(name: str, other: str) -> None:
    profile = recounted({"x": list(REFERENCES[name]), "y": list(REFERENCES[name])})
    rows = OTHERS.get(other, [])
    live = Recount(profile)
    live.add(frame({"x": rows, "y": rows}))

    found = msgspec.to_builtins(compare(profile, live.profile(), LeastEffects(0.1, 0.1)))

    assert len(found["features"]) == 2
    assert all(math.isfinite(number) for number in numbers(found))


@pytest.mark.parametrize("name", REFERENCES)
def test_rows_like_the_reference_are_never_drift(name: str) -> None:
    events, monitor = watched(REFERENCES[name], again(REFERENCES[name]))

    assert not drifts(events)
    assert monitor.view().sides[0].features[0].state in (State.OK, State.INSUFFICIENT)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        (name, other)
        for name in sorted(set(REFERENCES) - SAYS_NOTHING)
        for other in ("numbers", "names")
        if (name, other) not in CANNOT_DIFFER
    ],
)
def test_other_rows_are_drift(name: str, other: str) -> None:
    assert drifts(watched(REFERENCES[name], OTHERS[other])[0])


@pytest.mark.parametrize(("name", "other"), sorted(CANNOT_DIFFER))
def test_what_a_reference_has_no_bins_for_is_no_drift(name: str, other: str) -> None:
    events, monitor = watched(REFERENCES[name], OTHERS[other])

    assert not drifts(events)
    assert monitor.view().violations.get(("x", "type"), 0) == (ROWS if other == "names" else 0)


@pytest.mark.parametrize("name", sorted(SAYS_NOTHING))
def test_a_reference_of_a_few_rows_says_nothing_false_in_a_single_look(name: str) -> None:
    profile = recounted({"x": list(REFERENCES[name])})
    live = recounted({"x": again(REFERENCES[name])})
    same = type(live)({Side.INPUT: profile.sides[Side.INPUT]})

    assert compare(profile, same, LeastEffects(0.1, 0.1)).features[0].state is State.INSUFFICIENT


def test_a_live_stream_with_none_of_the_features_is_named_and_judged_by_nothing() -> None:
    profile = recounted({"x": RNG.normal(size=500).tolist()})
    monitor = Monitor(SETTINGS, profile, (), 0.0)

    events = monitor.feed_frames([frame({"y": [1.0] * 300})], 1.0)

    assert any(isinstance(event, ReferenceMismatch) for event in events)
    assert monitor.view().sides[0].features[0].state is State.INSUFFICIENT
    assert monitor.view().violations["x", "missing_feature"] == 300
    assert not any(isinstance(event, VerdictChanged) and event.report.feature == ALL_FEATURES for event in events)

"""Laws that every sink keeps, made and asked for by what the registry says of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.observed import STARTED, TRACE, drifted_monitor, exchange
from sidecar.core.words.events import (
    ConstraintsReplaced,
    DecodeFailed,
    Event,
    ExchangeSeen,
    JointChanged,
    LearningRefused,
    ReferenceChanged,
    ReferenceLearned,
    ReferenceMismatch,
    State,
    StreamBegan,
    StreamsFull,
    VerdictChanged,
    WindowClosed,
)
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import Rule, RuleChanged, RuleReport, RuleState
from sidecar.settings import Settings
from sidecar.settings.catalogue import catalogue
from sidecar.settings.load import load
from sidecar.sink import RESULTS, Exposition, Observed, Pushed, Sink
from sidecar.sinks import SINKS, Listed, make_sinks
from tests.sinks.test_driftlog import JOINT, report

HOSTILE = "\x00\ud800\n\"</script>\\'{}%s" * 10
EMPTY = Exchange(0, 0, 0, "", "", "", 0, Outcome.CLIENT_GONE, Message(), Message())
RULE = RuleReport(
    Side.INPUT, HOSTILE, Rule.RANGE, RuleState.VIOLATED, HOSTILE, 0.01, 1.0, 10**9, float("inf"), float("nan")
)
EVENTS: list[Event] = [
    ExchangeSeen(exchange(), 0),
    ExchangeSeen(exchange(trace=TRACE, status=999, outcome=Outcome.UPSTREAM_GONE), 10**9),
    ExchangeSeen(EMPTY, 0),
    VerdictChanged(STARTED, State.OK, 1, report(HOSTILE, float("inf"), State.DRIFT)),
    VerdictChanged(0.0, State.DRIFT, 0, report("", float("nan"), State.INSUFFICIENT)),
    WindowClosed(Side.OUTPUT, STARTED, STARTED, 0, ()),
    JointChanged(STARTED, State.OK, 9, JOINT),
    RuleChanged(STARTED, RuleState.OK, 9, RULE),
    ConstraintsReplaced(STARTED, 10**9),
    LearningRefused(STARTED, Side.INPUT, HOSTILE, 0.5, HOSTILE, 1),
    ReferenceChanged(STARTED, "", HOSTILE),
    ReferenceLearned(STARTED, Side.INPUT, 2000, "ab" * 32),
    DecodeFailed(STARTED, "v2_json", "syntax", HOSTILE, 10**12),
    ReferenceMismatch(STARTED, Side.INPUT, HOSTILE),
    StreamBegan(STARTED, HOSTILE, HOSTILE, HOSTILE, "learning"),
    StreamsFull(STARTED, 16, 10**9),
    *drifted_monitor().finish(STARTED + 100),
]


NOWHERE = "http://127.0.0.1:9/v1"
"""Where nobody listens."""


def asking(key: str, folder: Path) -> Any:
    """A value of a setting that asks for a sink."""
    setting = catalogue()[key]
    return True if setting.type is bool else str(folder / "written") if setting.writes_file else NOWHERE


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Every sink is asked for."""
    asked = {listed.asked_by: asking(listed.asked_by, tmp_path) for listed in SINKS if listed.asked_by}
    return load(None, {}, {**asked, "drain.flush_seconds": 0.2}).settings


@pytest.fixture(autouse=True)
def stdout_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    with (tmp_path / "stdout").open("w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        yield


@pytest.fixture(autouse=True)
def no_thread_is_left_behind() -> Iterator[None]:
    """An exporter that goes on trying to reach its collector draws from `random`, which Hypothesis forbids in other tests."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("end of"):  # it ends when the exporter has
            thread.join(30)
            assert not thread.is_alive()


def check_takes(sink: Sink) -> None:
    """Every event, at once, and the end; and something came of it."""
    for event in EVENTS:
        sink.handle(event)
    if isinstance(sink, Pushed):
        assert sink.due(STARTED)
        sink.push(b"# TYPE up gauge\nup 1\n# EOF\n")
    sink.flush()
    assert set(sink.results) <= set(RESULTS)
    assert all(count >= 0 for count in sink.results.values())
    told = sum(sink.results.values())
    if isinstance(sink, Exposition):
        told += len(sink.render(Observed(None, drifted_monitor().view(), {}), "")[0])
    assert told > 0, f"{sink.name} says nothing of {len(EVENTS)} events"


@pytest.mark.slow
@pytest.mark.parametrize("listed", SINKS, ids=lambda listed: listed.name)
def test_every_sink_takes_every_event_and_can_be_flushed_and_tells_something(
    listed: Listed, settings: Settings
) -> None:
    check_takes(listed.make(settings))


@pytest.mark.parametrize("listed", SINKS, ids=lambda listed: listed.name)
def test_every_sink_is_called_as_it_is_listed(listed: Listed, settings: Settings) -> None:
    assert listed.make(settings).name == listed.name


def test_only_what_the_settings_ask_for_is_made(settings: Settings) -> None:
    assert [sink.name for sink in make_sinks(Settings())] == ["prometheus", "driftlog"]
    assert [sink.name for sink in make_sinks(settings)] == [listed.name for listed in SINKS]


def test_events_of_all_kinds_are_tried() -> None:
    assert {type(event) for event in EVENTS} == set(Event.__args__)

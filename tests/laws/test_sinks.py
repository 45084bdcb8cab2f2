from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import sidecar.sinks
from harness.observed import STARTED, TRACE, drifted_monitor, exchange
from sidecar.core.words.events import (
    DecodeFailed,
    Event,
    ExchangeSeen,
    JointChanged,
    LearningRefused,
    ReferenceChanged,
    ReferenceLearned,
    ReferenceMismatch,
    State,
    VerdictChanged,
    WindowClosed,
)
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.core.words.frame import Side
from sidecar.settings import CaptureSettings, DrainSettings, LogSettings, OtlpSettings, Settings, TraceSettings
from sidecar.sinks import SINKS, Listed, make_sinks
from tests.sinks.test_driftlog import JOINT, report

HOSTILE = "\x00\ud800\n\"</script>\\'{}%s" * 10
EMPTY = Exchange(0, 0, 0, "", "", "", 0, Outcome.CLIENT_GONE, Message(), Message())
EVENTS: list[Event] = [
    ExchangeSeen(exchange(), 0),
    ExchangeSeen(exchange(trace=TRACE, status=999, outcome=Outcome.UPSTREAM_GONE), 10**9),
    ExchangeSeen(EMPTY, 0),
    VerdictChanged(STARTED, State.OK, 1, report(HOSTILE, float("inf"), State.DRIFT)),
    VerdictChanged(0.0, State.DRIFT, 0, report("", float("nan"), State.INSUFFICIENT)),
    WindowClosed(Side.OUTPUT, STARTED, STARTED, 0, ()),
    JointChanged(STARTED, State.OK, 9, JOINT),
    LearningRefused(STARTED, Side.INPUT, HOSTILE, 0.5, HOSTILE, 1),
    ReferenceChanged(STARTED, "", HOSTILE),
    ReferenceLearned(STARTED, Side.INPUT, 2000, "ab" * 32),
    DecodeFailed(STARTED, "v2_json", "syntax", HOSTILE, 10**12),
    ReferenceMismatch(STARTED, Side.INPUT, HOSTILE),
    *drifted_monitor().finish(STARTED + 100),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        trace=TraceSettings(endpoint="http://127.0.0.1:9/v1/traces"),
        capture=CaptureSettings(path=str(tmp_path / "c.jsonl")),
        otlp=OtlpSettings(metrics_endpoint="http://127.0.0.1:9/v1/metrics", logs_endpoint="http://127.0.0.1:9/v1/logs"),
        log=LogSettings(drift=True),
        drain=DrainSettings(flush_seconds=0.2),
    )


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


@pytest.mark.parametrize("listed", SINKS, ids=lambda listed: listed.name)
def test_every_sink_takes_every_event_and_can_be_flushed(listed: Listed, settings: Settings) -> None:
    sink = listed.make(settings)
    for event in EVENTS:
        sink.handle(event)
    sink.flush()
    assert set(sink.results) <= {"sent", "dropped", "failed"}
    assert all(count >= 0 for count in sink.results.values())


@pytest.mark.parametrize("listed", SINKS, ids=lambda listed: listed.name)
def test_every_sink_is_called_as_it_is_listed(listed: Listed, settings: Settings) -> None:
    assert listed.make(settings).name == listed.name


def test_every_module_of_the_folder_is_listed() -> None:
    folder = Path(os.fspath(sidecar.sinks.__file__)).parent
    modules = {path.stem for path in folder.iterdir() if not path.name.startswith("__")}
    assert modules == {listed.name for listed in SINKS}


def test_only_what_the_settings_ask_for_is_made(settings: Settings) -> None:
    assert [sink.name for sink in make_sinks(Settings())] == ["prometheus", "driftlog"]
    assert [sink.name for sink in make_sinks(settings)] == [listed.name for listed in SINKS]


def test_events_of_all_kinds_are_tried() -> None:
    assert {type(event) for event in EVENTS} == set(Event.__args__)

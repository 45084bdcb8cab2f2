from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest

from harness.observed import SETTINGS, STARTED, TRACE, exchange, monitor, snapshot
from sidecar.core.reading.decoders import decoders
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import Event, ExchangeSeen, ReferenceLearned, VerdictChanged, WindowClosed
from sidecar.core.words.exchange import Exchange
from sidecar.observer.complaints import Complaints, Part
from sidecar.observer.worker import Worker
from sidecar.settings import LearnSettings, Settings
from sidecar.sink import Sink
from sidecar.sinks.prometheus import PrometheusSink


class Recorder:
    """A sink that keeps what it is told."""

    name = "recorder"
    results: Mapping[str, int] = {}

    def __init__(self, every_exchange: bool = False) -> None:
        self.every_exchange = every_exchange
        self.events: list[Event] = []
        self.flushed = 0

    def handle(self, event: Event) -> None:
        self.events.append(event)

    def flush(self) -> None:
        self.flushed += 1


class Broken(Recorder):
    """A sink that fails at everything."""

    name = "broken"

    def handle(self, event: Event) -> None:
        raise RuntimeError("no space left")

    def flush(self) -> None:
        raise RuntimeError("no space left")


class Clock:
    def __init__(self) -> None:
        self.now = STARTED

    def __call__(self) -> float:
        return self.now


def worker(*sinks: Sink, machine: Monitor | None = None, clock: Clock | None = None) -> Worker:
    return Worker(machine or monitor(), sinks, clock or Clock(), Complaints())


def test_rows_that_come_are_counted() -> None:
    working = worker()
    working.exchanges([exchange([{"age": 0.0, "income": 0.0}] * 40)])
    assert working.observed().view.sides[0].rows_total == 40


def test_a_sink_that_wants_every_exchange_is_told_of_every_one() -> None:
    sink = Recorder(every_exchange=True)
    worker(sink).exchanges([exchange(), exchange(trace=TRACE)])
    assert [type(event) for event in sink.events] == [ExchangeSeen, ExchangeSeen]


def test_other_sinks_are_told_of_sampled_exchanges_only() -> None:
    sink = Recorder()
    worker(sink).exchanges([exchange(), exchange(trace=TRACE), exchange()])
    assert [event.exchange.trace for event in sink.events if isinstance(event, ExchangeSeen)] == [TRACE]


def test_the_end_closes_the_window_and_flushes_every_sink() -> None:
    sink = Recorder()
    working = worker(Broken(), sink)
    working.exchanges([exchange([{"age": at / 100, "income": at / 100} for at in range(200)])])
    working.finish()
    assert WindowClosed in {type(event) for event in sink.events}
    assert sink.flushed == 1


def test_a_verdict_that_changes_is_told_and_remembered() -> None:
    sink, clock = Recorder(), Clock()
    working = worker(sink, clock=clock)
    for step in range(40):
        clock.now = STARTED + step
        working.exchanges([exchange([{"age": 3.0 + at / 50, "income": (at - 25) / 25} for at in range(50)])])
        working.tick()
    told = [event for event in sink.events if isinstance(event, VerdictChanged)]
    assert "age" in {event.report.feature for event in told if event.report.state == "drift"}
    assert list(working.memory.changes) == told


def test_a_broken_sink_spoils_nothing_for_the_others() -> None:
    sink = Recorder(every_exchange=True)
    working = worker(Broken(every_exchange=True), sink)
    working.exchanges([exchange()] * 3)
    assert len(sink.events) == 3
    assert working.complaints.counts == dict.fromkeys(Part, 0) | {"sink": 3}


def test_a_fault_of_the_monitor_does_not_end_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = monitor()
    working = worker(machine=machine)

    def fail(exchanges: list[Exchange], now: float) -> list[Event]:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(machine, "feed_many", fail)
        working.exchanges([exchange()])
    working.exchanges([exchange()])
    assert working.complaints.counts == dict.fromkeys(Part, 0) | {"analysis": 1}
    assert working.observed().view.sides[0].rows_total == 1


def test_without_memory_it_does_not_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the monitor nor the worker takes it for a fault of one exchange."""
    ended: list[bool] = []
    working = Worker(monitor(), [], Clock(), Complaints(), exhausted=lambda: ended.append(True))

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("sidecar.core.watching.stream_watch.StreamWatch.take", fail)
    monkeypatch.setattr("sidecar.core.watching.stream_watch.StreamWatch.tick", fail)
    working.exchanges([exchange([{"age": 0.0, "income": 0.0}])])
    working.tick()
    assert ended == [True, True]
    assert working.complaints.counts["analysis"] == 0


def test_a_fault_is_written_once_a_minute_and_counted_always(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    working = worker(Broken(every_exchange=True), clock=clock)
    with caplog.at_level(logging.ERROR):
        working.exchanges([exchange()] * 5)
        assert len(caplog.records) == 1
        clock.now += 61
        working.exchanges([exchange()])
    assert len(caplog.records) == 2
    assert "5 times" in caplog.records[1].getMessage()
    assert working.complaints.counts["sink"] == 6


def test_a_learned_reference_is_announced_so_that_it_can_be_saved() -> None:
    sink, learned = Recorder(), []
    machine = monitor_without_reference()
    working = Worker(machine, [sink], Clock(), Complaints(), lambda: learned.append(machine.reference))
    working.exchanges([exchange([{"age": at / 7, "income": at / 9} for at in range(100)])] * 2)
    assert {event.side for event in sink.events if isinstance(event, ReferenceLearned)} == {"input", "output"}
    assert learned[-1] is not None
    assert learned[-1].sides.keys() == {"input", "output"}


def monitor_without_reference() -> Monitor:
    settings = Settings(learn=LearnSettings(rows=100))
    return Monitor(settings, None, decoders(settings.decode), STARTED)


def test_metrics_come_from_the_sink_that_exposes_them() -> None:
    working = worker(Recorder(), PrometheusSink(SETTINGS))
    working.snapshot(snapshot(requests=7))
    body, content_type = working.metrics("")
    assert content_type.startswith("text/plain")
    assert b"http_server_request_duration_seconds_count" in body


def test_the_last_snapshot_counts() -> None:
    working = worker()
    assert working.last_snapshot is None
    working.snapshot(snapshot(requests=7))
    working.snapshot(snapshot(requests=9))
    observed = working.observed().snapshot
    assert observed is not None
    assert observed.requests[0].durations.counts[4] == 9

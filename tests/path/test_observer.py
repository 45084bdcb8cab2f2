"""Whatever becomes of the observer, the traffic goes on, the memory stays bounded, and the counters become exact again."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

import pytest

from harness.program import (
    PATIENCE_SECONDS,
    Metrics,
    Model,
    Response,
    Sidecar,
    Wire,
    connect,
    eventually,
    resident_bytes,
)
from tests.path.conftest import Start

BODY = b'{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1.5]}],"pad":"%s"}' % (b"x" * 4000)
POST = b"POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
DURATIONS = "http_server_request_duration_seconds_count"


class Pair:
    """A sidecar, and one client that asks one model."""

    def __init__(self, sidecar: Sidecar, client: Wire, model: Wire) -> None:
        self.sidecar = sidecar
        self._client = client
        self._model = model
        self.asked = 0

    def ask(self, times: int) -> None:
        """Requests, each answered before the next."""
        for _ in range(times):
            self._client.send(POST)
            self._model.expect(POST)
            self._model.send(OK)
            self._client.expect(OK)
            self.asked += 1

    def decoded(self) -> float:
        """Exchanges that the present observer has dealt with (each is decoded twice, request and response)."""
        return self.sidecar.metrics().total("sidecar_decoded_total") / 2

    def counted(self) -> bool:
        """The exact counters have all of them."""
        metrics = self.sidecar.metrics()
        return metrics.total(DURATIONS) == metrics.total("sidecar_exchanges_total", outcome="complete") == self.asked


@pytest.fixture
def pair(start: Start) -> Iterator[Pair]:
    model = Model()
    sidecar = start(model.address, **{"handoff.snapshot_seconds": 0.05, "handoff.max_bytes": 1_000_000})
    model.accept().close()
    yield Pair(sidecar, sidecar.connect(), model.accept())
    model.close()


def test_a_killed_observer_costs_no_request_and_its_successor_counts_exactly(pair: Pair) -> None:
    sidecar = pair.sidecar
    pair.ask(20)
    eventually(pair.counted)
    first = sidecar.observer_pid
    os.kill(first, signal.SIGKILL)
    pair.ask(20)
    eventually(lambda: sidecar.metrics().total("sidecar_observer_up") == 0)
    down = sidecar.metrics()
    assert down.total("sidecar_exchanges_total", outcome="complete") == pair.asked
    assert sidecar.admin("GET /api/v1/status").status == 503
    assert sidecar.admin("GET /livez").status == 200
    pair.ask(20)
    eventually(lambda: sidecar.metrics().total("sidecar_observer_up") == 1)
    eventually(pair.counted)
    assert sidecar.observer_pid != first
    assert sidecar.metrics().total("sidecar_observer_restarts_total") == 1
    pair.ask(1)
    eventually(pair.counted)


def test_an_observer_that_is_killed_again_and_again_is_started_again_and_again(pair: Pair) -> None:
    pids = set()
    for _ in range(2):
        pid = pair.sidecar.observer_pid
        pids.add(pid)
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: pair.sidecar.metrics().total("sidecar_observer_up") == 0)
        pair.ask(5)
        eventually(lambda: pair.sidecar.metrics().total("sidecar_observer_up") == 1)
    eventually(pair.counted)
    assert len({*pids, pair.sidecar.observer_pid}) == 3
    assert pair.sidecar.metrics().total("sidecar_observer_restarts_total") == 2


def test_a_stopped_observer_costs_no_request_and_no_memory_and_every_loss_is_counted(pair: Pair) -> None:
    sidecar = pair.sidecar
    pair.ask(20)
    eventually(pair.counted)
    before = resident_bytes(sidecar.pid)
    observer = sidecar.observer_pid
    os.kill(observer, signal.SIGSTOP)
    try:
        pair.ask(2000)  # 8 MB, which neither the socket nor the queue can hold
        assert resident_bytes(sidecar.pid) - before < 6_000_000
    finally:
        os.kill(observer, signal.SIGCONT)
    eventually(pair.counted)
    shed = sidecar.metrics()
    whole = shed.total("sidecar_shed_total", stage="exchange")
    bodies = shed.total("sidecar_shed_total", stage="body")
    assert bodies > 0
    eventually(lambda: pair.decoded() + whole == pair.asked)
    assert sidecar.metrics().total("sidecar_decoded_total", result="truncated") == 2 * bodies


def test_the_metrics_of_a_stopped_observer_do_not_hold_up_health(pair: Pair) -> None:
    observer = pair.sidecar.observer_pid
    os.kill(observer, signal.SIGSTOP)
    try:
        waiting = threading.Thread(target=_ask_for_metrics, args=(pair.sidecar,), daemon=True)
        waiting.start()
        assert pair.sidecar.admin("GET /livez").status == 200
        pair.ask(10)
    finally:
        os.kill(observer, signal.SIGCONT)
    waiting.join(PATIENCE_SECONDS)
    assert not waiting.is_alive()


def _ask_for_metrics(sidecar: Sidecar) -> None:
    with contextlib.suppress(OSError):
        sidecar.metrics()


def test_an_observer_that_refuses_its_settings_ends_the_sidecar_with_the_reason(start: Start) -> None:
    model = Model()
    sidecar = Sidecar(model.address, {"reference": "/nowhere/reference.json"})
    try:
        assert sidecar.wait() == 2
    finally:
        sidecar.kill()
        model.close()


def test_what_a_dying_observer_was_asked_is_answered_without_it(pair: Pair) -> None:
    eventually(lambda: pair.sidecar.metrics().total("sidecar_observer_up") == 1)
    observer = pair.sidecar.observer_pid
    os.kill(observer, signal.SIGSTOP)
    wire = Wire(connect(pair.sidecar.admin_port))
    wire.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    assert pair.sidecar.admin("GET /livez").status == 200  # came later, so the other is with the observer now
    os.kill(observer, signal.SIGKILL)
    answer = Response(wire.rest())
    assert Metrics(answer.body.decode()).samples("sidecar_observer_up")[0][1] == 0

"""The end of a sidecar: asked to leave, it loses no request, and leaves when the last one is done."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.program import Model, Sidecar, Wire, children, eventually
from sidecar import cli
from tests.path.conftest import Start

GET = b"GET / HTTP/1.1\r\nHost: m\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
OK_CLOSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
LONG = 600
"""Seconds: a phase that lasts until the test ends it."""


class Stand(NamedTuple):
    """A sidecar before a model."""

    sidecar: Sidecar
    model: Model
    start: Start

    def line(self) -> tuple[Wire, Wire]:
        """A client's connection and the model's."""
        return self.sidecar.connect(), self.model.accept()

    def draining(self) -> bool:
        """It says that it drains."""
        answer = self.sidecar.admin("GET /readyz")
        return answer.status == 503 and answer.json["status"] == "draining"


@pytest.fixture
def own_model() -> Iterator[Model]:
    model = Model()
    yield model
    model.close()


def stand(start: Start, model: Model, notice: float, timeout: float = LONG) -> Stand:
    sidecar = start(model.address, **{"drain.notice_seconds": notice, "drain.timeout_seconds": timeout})
    model.accept().close()
    return Stand(sidecar, model, start)


def ask(client: Wire, model: Wire, answer: bytes = OK) -> None:
    client.send(GET)
    model.expect(GET)
    model.send(OK)
    client.expect(answer)


def refuses(port: int) -> bool:
    with contextlib.suppress(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()
        return False
    return True


@pytest.mark.parametrize("how", ["signal", "command"])
def test_during_the_notice_it_is_not_ready_and_still_serves_new_and_old_connections(
    start: Start, own_model: Model, how: str
) -> None:
    it = stand(start, own_model, notice=LONG)
    old, old_model = it.line()
    ask(old, old_model)
    assert it.sidecar.admin("GET /readyz").status in {200, 503}
    own_model.accept().close()  # the probe of readiness
    if how == "signal":
        it.sidecar.signal()
    else:
        assert it.sidecar.admin("POST /drain").status == 202
    eventually(it.draining)
    assert it.sidecar.admin("GET /livez").status == 200
    ask(old, old_model, OK_CLOSE)
    old.expect_end()
    new, new_model = it.line()
    ask(new, new_model, OK_CLOSE)
    new.expect_end()


def test_after_the_notice_idle_connections_are_closed_and_no_new_ones_accepted_and_it_leaves_when_the_last_is_done(
    start: Start, own_model: Model
) -> None:
    it = stand(start, own_model, notice=0.1)
    observer = it.sidecar.observer_pid
    idle, idle_model = it.line()
    ask(idle, idle_model)
    busy, busy_model = it.line()
    busy.send(GET)
    busy_model.expect(GET)
    it.sidecar.signal()
    idle.expect_end()
    idle_model.expect_end()
    eventually(lambda: refuses(it.sidecar.port))
    assert it.draining()
    assert it.sidecar.process.poll() is None
    busy_model.send(OK[:-1])
    assert busy.take(len(OK_CLOSE) - 1) == OK_CLOSE[:-1]
    busy_model.send(OK[-1:])
    busy.expect(OK_CLOSE[-1:])
    busy.expect_end()
    assert it.sidecar.wait() == 0
    assert not Path(f"/proc/{observer}").exists()


def test_pipelined_requests_are_all_answered_before_the_connection_is_closed(start: Start, own_model: Model) -> None:
    it = stand(start, own_model, notice=0)
    client, model = it.line()
    client.send(GET * 2)
    model.expect(GET * 2)
    it.sidecar.signal()
    eventually(lambda: refuses(it.sidecar.port))
    model.send(OK)
    client.expect(OK_CLOSE)
    model.send(OK)
    client.expect(OK_CLOSE)
    client.expect_end()
    assert it.sidecar.wait() == 0


def test_a_body_that_is_still_coming_when_its_answer_is_out_does_not_keep_it(start: Start, own_model: Model) -> None:
    it = stand(start, own_model, notice=0)
    client, model = it.line()
    client.send(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nfirst")
    model.take(44)
    it.sidecar.signal()
    eventually(lambda: refuses(it.sidecar.port))
    model.send(OK)
    client.expect(OK_CLOSE)
    client.send(b"after")
    client.expect_end()
    assert it.sidecar.wait() == 0


@pytest.mark.parametrize(
    "said",
    [b"GET /long HTTP/1.1\r\n\r\n", b"PING\r\n", b"GET / HTTP/1.1\r\nHos"],
    ids=["exchange", "opaque", "part of a head"],
)
def test_when_its_time_is_over_what_is_left_is_cut_with_a_reset(start: Start, own_model: Model, said: bytes) -> None:
    it = stand(start, own_model, notice=0, timeout=0.3)
    client, model = it.line()
    client.send(said)
    model.expect(said)
    it.sidecar.signal()
    client.expect_reset()
    assert it.sidecar.wait() == 0


def test_a_signal_that_follows_the_command_cuts_nothing_short(start: Start, own_model: Model) -> None:
    it = stand(start, own_model, notice=0)
    client, model = it.line()
    client.send(GET)
    model.expect(GET)
    assert it.sidecar.admin("POST /drain").status == 202
    for _ in range(2):
        it.sidecar.signal(signal.SIGTERM)
        eventually(it.draining)
    model.send(OK)
    client.expect(OK_CLOSE)
    assert it.sidecar.wait() == 0


def test_an_interrupt_drains_and_a_second_one_leaves_at_once(start: Start, own_model: Model) -> None:
    it = stand(start, own_model, notice=LONG)
    observer = it.sidecar.observer_pid
    it.sidecar.signal(signal.SIGINT)
    eventually(it.draining)
    it.sidecar.signal(signal.SIGINT)
    assert it.sidecar.wait() == 1
    eventually(lambda: not Path(f"/proc/{observer}").exists())


def test_the_observer_flushes_last_and_has_heard_everything(start: Start, own_model: Model, tmp_path: Path) -> None:
    captured = tmp_path / "capture.jsonl"
    sidecar = start(own_model.address, **{"drain.notice_seconds": 0, "capture.path": captured})
    own_model.accept().close()
    client, model = sidecar.connect(), own_model.accept()
    for _ in range(50):
        ask(client, model)
    client.send(GET)
    model.expect(GET)
    sidecar.signal()
    model.send(OK)
    client.head()
    assert sidecar.wait() == 0
    assert len(captured.read_text().splitlines()) == 51


def test_a_stopped_observer_does_not_keep_it_from_leaving(start: Start, own_model: Model) -> None:
    sidecar = start(own_model.address, **{"drain.notice_seconds": 0, "drain.flush_seconds": 0.2})
    observer = sidecar.observer_pid
    os.kill(observer, signal.SIGSTOP)
    sidecar.signal()
    assert sidecar.wait() == 0
    assert children(sidecar.pid) == []
    assert not Path(f"/proc/{observer}").exists()


def test_a_drain_that_is_ended_is_as_if_it_had_not_begun(start: Start, own_model: Model) -> None:
    it = stand(start, own_model, notice=LONG)
    assert it.sidecar.admin("DELETE /drain").status == 409
    admin = f"127.0.0.1:{it.sidecar.admin_port}"
    assert cli.main(["drain", "--admin", admin]) == 0
    eventually(it.draining)

    assert cli.main(["drain", "--admin", admin, "--end"]) == 0

    assert it.sidecar.admin("GET /readyz").status == 200
    own_model.accept().close()  # the probe of readiness
    client, model = it.line()
    for _ in range(2):
        ask(client, model, OK)

"""The moment before the model is there: it refuses, it is slow to accept, or the client is gone again."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.program import PATIENCE_SECONDS, Model, Sidecar, Wire, eventually, free_ports, open_sockets

GET = b"GET / HTTP/1.1\r\nHost: m\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(scope="module")
def alone() -> Iterator[Sidecar]:
    """A sidecar whose model is not there."""
    sidecar = Sidecar(f"127.0.0.1:{free_ports(1)[0]}", {"handoff.snapshot_seconds": 0.05})
    sidecar.connect().close()
    yield sidecar
    sidecar.kill()


def expect_refusal(client: Wire) -> None:
    head, _, body = client.rest().partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "http/1.1 503 service unavailable"
    assert {"x-sidecar-error: upstream-refused", "retry-after: 1", "content-type: application/problem+json"} <= set(
        lines
    )
    assert f"content-length: {len(body)}" in lines
    assert json.loads(body)["status"] == 503


def test_a_refused_request_gets_an_answer_that_tells_it_from_the_models(alone: Sidecar) -> None:
    with alone.connect() as client:
        client.send(GET)
        expect_refusal(client)
    eventually(lambda: alone.exchanges() == {"upstream_refused": 1})
    assert alone.metrics().total("http_server_request_duration_seconds_count", http_response_status_code="503") == 1


def test_a_refused_request_in_pieces_is_answered_when_its_head_is_whole(alone: Sidecar) -> None:
    with alone.connect() as client:
        client.send_each(GET)
        expect_refusal(client)


def test_a_refused_client_that_sends_no_more_gets_its_answer(alone: Sidecar) -> None:
    with alone.connect() as client:
        client.send(GET)
        client.end()
        expect_refusal(client)


def test_a_refused_client_with_a_large_body_still_gets_its_answer(alone: Sidecar) -> None:
    with alone.connect() as client:
        client.send(b"POST / HTTP/1.1\r\nContent-Length: 33554432\r\n\r\n")
        sender = threading.Thread(target=client.send, args=(b"x" * 33_554_432,))
        sender.start()
        expect_refusal(client)
        sender.join()


@pytest.mark.parametrize("data", [b"PING\r\n", b"\x16\x03\x01\x00\x05"])
def test_a_refused_connection_of_another_protocol_is_closed_without_an_answer(alone: Sidecar, data: bytes) -> None:
    with alone.connect() as client:
        client.send(data)
        client.expect_end()


def test_a_refused_client_that_only_sends_no_more_is_closed(alone: Sidecar) -> None:
    with alone.connect() as client:
        client.end()
        client.expect_end()


def test_refused_clients_leave_nothing_behind(alone: Sidecar) -> None:
    at_rest = open_sockets(alone.pid)
    clients = [alone.connect() for _ in range(20)]
    for client in clients:
        client.send(GET)
    for client in clients:
        client.reset()
    eventually(lambda: open_sockets(alone.pid) <= at_rest)
    eventually(lambda: alone.metrics().total("http_server_active_requests") == 0)


class Busy:
    """A model whose queue of connections is full, so that the next ones have to wait (the kernel tries again)."""

    def __init__(self) -> None:
        self._sock = socket.create_server(("127.0.0.1", 0), backlog=0)
        self._sock.settimeout(PATIENCE_SECONDS)
        self.port = self._sock.getsockname()[1]
        self._first = socket.create_connection(("127.0.0.1", self.port))

    def accept(self) -> Wire:
        """Free the queue; returns the connection that waited."""
        self._sock.accept()[0].close()
        return Wire(self._sock.accept()[0])

    def close(self) -> None:
        """No more."""
        self._first.close()
        self._sock.close()


@pytest.fixture
def busy() -> Iterator[Busy]:
    busy = Busy()
    yield busy
    busy.close()


def test_what_a_client_sends_before_the_model_is_there_waits_for_it_and_so_does_its_end(busy: Busy) -> None:
    sidecar = Sidecar(f"127.0.0.1:{busy.port}")
    try:
        with sidecar.connect() as client:
            client.send(GET)
            client.end()
            eventually(lambda: sidecar.admin("GET /livez").status == 200)
            with busy.accept() as accepted:
                accepted.expect(GET)
                accepted.expect_end()
                accepted.send(OK)
                client.expect(OK)
    finally:
        sidecar.kill()


def test_clients_that_leave_before_the_model_is_there_leave_nothing_behind(busy: Busy) -> None:
    sidecar = Sidecar(f"127.0.0.1:{busy.port}", {"http.connect_timeout_seconds": 2})
    try:
        eventually(lambda: sidecar.metrics().total("sidecar_observer_up") == 1)
        at_rest = open_sockets(sidecar.pid)
        clients = [sidecar.connect() for _ in range(10)]
        for client in clients:
            client.send(GET)
        eventually(lambda: open_sockets(sidecar.pid) > at_rest)
        for client in clients:
            client.reset()
        eventually(lambda: open_sockets(sidecar.pid) <= at_rest)
    finally:
        sidecar.kill()


def test_a_model_that_does_not_accept_in_time_counts_as_refusing(busy: Busy) -> None:
    sidecar = Sidecar(f"127.0.0.1:{busy.port}", {"http.connect_timeout_seconds": 0.2})
    try:
        with sidecar.connect() as client:
            client.send(GET)
            expect_refusal(client)
    finally:
        sidecar.kill()


def test_without_files_for_more_connections_it_goes_on_with_those_it_has() -> None:
    with contextlib.closing(Model()) as model:
        sidecar = Sidecar(model.address)
        try:
            with sidecar.connect() as client, model.accept() as accepted:
                eventually(lambda: sidecar.metrics().total("sidecar_observer_up") == 1)
                used = len(list(Path(f"/proc/{sidecar.pid}/fd").iterdir()))
                _, hard = resource.prlimit(sidecar.pid, resource.RLIMIT_NOFILE)
                resource.prlimit(sidecar.pid, resource.RLIMIT_NOFILE, (used + 8, hard))
                crowd = [sidecar.connect() for _ in range(40)]
                _ask(client, accepted)
                for each in crowd:
                    each.reset()
                resource.prlimit(sidecar.pid, resource.RLIMIT_NOFILE, (hard, hard))
                _ask(client, accepted)
            with sidecar.connect() as client:
                client.send(GET)
                accepted = model.accept()
                while not _asks(accepted):  # one of the crowd
                    accepted = model.accept()
                accepted.send(OK)
                client.expect(OK)
        finally:
            sidecar.kill()


def _ask(client: Wire, accepted: Wire) -> None:
    client.send(GET)
    accepted.expect(GET)
    accepted.send(OK)
    client.expect(OK)


def _asks(accepted: Wire) -> bool:
    with contextlib.suppress(ConnectionError):
        return accepted.take(len(GET)) == GET
    return False

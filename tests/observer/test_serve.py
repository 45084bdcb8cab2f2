from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from harness.observed import SETTINGS, exchange, monitor, snapshot
from sidecar.handoff.receive import receive_hello
from sidecar.handoff.wire import NONE, AckReader, FrameReader, Hello, acknowledge, encode
from sidecar.observer.complaints import Complaints
from sidecar.observer.serve import serve, steady_clock
from sidecar.observer.worker import Worker
from tests.observer.test_worker import Recorder

HALF = [exchange([{"age": 0.5, "income": 0.5}] * 10)] * 5


class Served:
    """An observer in the test's own loop, with both of its sockets."""

    def __init__(self, tmp_path: Path) -> None:
        self.sink = Recorder(every_exchange=True)
        clock = steady_clock()
        self.worker = Worker(monitor(), [self.sink], clock, Complaints())
        self.handoff, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.path = str(tmp_path / "admin")
        admin = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        admin.bind(self.path)
        admin.listen()
        self.handoff.sendall(encode(Hello(SETTINGS)) + encode(list(HALF)))
        reader = FrameReader()
        hello, early = receive_hello(theirs, reader)
        self.running = serve(hello.settings, self.worker, clock, admin, theirs, reader, early)

    def acknowledged(self, exchanges: int) -> None:
        """Block until so many are acknowledged."""
        left = exchanges
        while left:
            left -= sum(AckReader().feed(self.handoff.recv(len(acknowledge(NONE)), socket.MSG_WAITALL)))


@pytest.fixture(autouse=True)
def signals_as_they_were() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_frames_behind_the_hello_and_later_ones_are_dealt_with_and_acknowledged(tmp_path: Path) -> None:
    served = Served(tmp_path)

    def traffic() -> None:
        served.handoff.sendall(encode(list(HALF)) + encode(snapshot(10)))
        served.acknowledged(10)
        served.handoff.close()

    thread = threading.Thread(target=traffic)
    thread.start()
    asyncio.run(asyncio.wait_for(served.running, 10))
    thread.join()
    assert served.worker.observed().view.sides[0].rows_total == 100
    assert served.worker.last_snapshot == snapshot(10)


def test_the_end_of_the_handoff_ends_the_observer_after_a_flush(tmp_path: Path) -> None:
    served = Served(tmp_path)
    served.handoff.shutdown(socket.SHUT_WR)
    asyncio.run(asyncio.wait_for(served.running, 10))
    served.handoff.close()
    assert served.sink.flushed == 1


def test_the_admin_pages_are_there_while_it_runs(tmp_path: Path) -> None:
    served = Served(tmp_path)

    async def ask() -> int:
        running = asyncio.ensure_future(served.running)
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(served.path)) as session,
            session.get("http://observer/api/v1/status") as response,
        ):
            status = response.status
        served.handoff.close()
        await asyncio.wait_for(running, 10)
        return status

    assert asyncio.run(ask()) == 200


def test_the_clock_starts_as_the_wall_clock_and_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = time.time()
    clock = steady_clock()
    assert abs(clock() - wall) < 5
    monkeypatch.setattr(time, "time", lambda: wall - 3600)
    assert clock() >= wall - 5

"""What counts as added by the sidecar: the time in which it holds bytes, not that of whoever its writing wakes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from harness.talk import make_services
from sidecar.proxy import splice
from sidecar.proxy.conversation import Conversation
from sidecar.proxy.head import RequestHead
from sidecar.proxy.splice import Downstream, Upstream
from sidecar.proxy.tally import Waiting

REQUEST = b"POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nContent-Length: 2\r\n\r\n{}"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n{}"
PREEMPTED = 3_000_000
"""Nanoseconds that each write takes, since the kernel runs the reader first."""


class Clock:
    """Goes on by one nanosecond with each look."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        self.now += 1
        return self.now


class Preempted(asyncio.Transport):
    """A transport whose every write takes long."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._clock.now += PREEMPTED

    def write_eof(self) -> None:
        pass


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(splice, "monotonic_ns", found)
    return found


@pytest.fixture
def splices(clock: Clock) -> Splices:
    return Splices(clock)


class Splices:
    """Both halves of one connection, joined, without sockets."""

    def __init__(self, clock: Clock) -> None:
        self.services = make_services()
        self.client = Downstream(self.services, _never, lambda _: None)
        self.model = Upstream(self.client.conversation, self.client)
        self.client.transport = self.model.transport = Preempted(clock)
        self.client.peer, self.model.peer = self.model, self.client

    @property
    def added(self) -> float:
        """Seconds, of all exchanges."""
        snapshot = self.services.tally.snapshot(0, ready=True, draining=False, connections=0, waiting=Waiting())
        assert sum(snapshot.added.counts) == 1
        return snapshot.added.total


async def _never(factory: Callable[[], asyncio.Protocol]) -> None:
    """Opens nothing."""


@pytest.mark.parametrize("answer", [ANSWER, UNTIL_CLOSE])
def test_a_reader_that_runs_while_we_write_to_it_is_not_our_time(splices: Splices, answer: bytes) -> None:
    splices.client.data_received(REQUEST)
    splices.model.data_received(answer)
    splices.model.eof_received()
    assert 0 < splices.added < 10e-9


def test_what_a_model_takes_to_close_after_its_last_byte_is_not_our_time(splices: Splices, clock: Clock) -> None:
    splices.client.data_received(REQUEST)
    splices.model.data_received(UNTIL_CLOSE)
    clock.now += 1_000_000_000
    splices.model.eof_received()
    assert 0 < splices.added < 10e-9


def test_the_time_in_which_we_hold_a_request_is(
    splices: Splices, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = splices.client.conversation
    begin = conversation._ask

    def slow(head: RequestHead) -> bytes:
        clock.now += 500_000
        return begin(head)

    monkeypatch.setattr(Conversation, "_ask", lambda _, head: slow(head))
    splices.client.data_received(REQUEST)
    splices.model.data_received(ANSWER)
    assert 500e-6 < splices.added < 501e-6

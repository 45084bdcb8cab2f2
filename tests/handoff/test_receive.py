"""The observer's end of the handoff: frames in order, and an acknowledgement of what was dealt with."""

from __future__ import annotations

import asyncio
import socket

import pytest

from harness.observed import snapshot
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.handoff.receive import Receiver, receive_hello
from sidecar.handoff.wire import NONE, AckReader, Counts, FrameReader, Hello, acknowledge, encode
from sidecar.settings import ModelSettings, Settings

HELLO = Hello(Settings(model=ModelSettings(name="churn")))


def exchange(number: int) -> Exchange:
    return Exchange(number, 1, 1, "GET", "/", "/", 200, Outcome.COMPLETE, Message(), Message())


@pytest.mark.parametrize("cut", [0, 1, 5, 20])
def test_the_hello_is_waited_for_however_it_is_cut_and_what_came_with_it_is_kept(cut: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        data = bytes(encode(HELLO)) + bytes(encode([exchange(7)]))
        ours.sendall(data[:cut])
        ours.sendall(data[cut:])
        hello, early = receive_hello(theirs, FrameReader())
        assert (hello, early) == (HELLO, [[exchange(7)]])
        assert not theirs.getblocking()


def test_a_traffic_process_that_is_gone_before_its_hello_is_a_connection_error() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(bytes(encode(HELLO))[:-1])
        ours.close()
        with pytest.raises(ConnectionError, match="before it said hello"):
            receive_hello(theirs, FrameReader())


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)


class Heard:
    """A receiver, and what it passed on, in order."""

    def __init__(self) -> None:
        self.batches: list[object] = []
        self.receiver = Receiver(FrameReader(), self._take, self.batches.append)
        self.transport = Transport()
        self.receiver.connection_made(self.transport)

    def _take(self, batch: list[Exchange]) -> Counts:
        self.batches.append(batch)
        return len(batch) - 1, *NONE[1:-1], 1

    @property
    def acknowledged(self) -> list[Counts]:
        written, size = self.transport.written, len(acknowledge(NONE))
        return [AckReader().feed(written[at : at + size]) for at in range(0, len(written), size)]


def test_exchanges_come_in_small_batches_and_are_acknowledged_once_a_read() -> None:
    heard = Heard()
    many = [exchange(number) for number in range(150)]
    heard.receiver.data_received(bytes(encode(many)) + bytes(encode([exchange(150)])))
    assert heard.batches == [many[:64], many[64:128], many[128:], [exchange(150)]]
    assert heard.acknowledged == [(151 - 4, 0, 0, 0, 0, 4)]


def test_a_snapshot_is_passed_on_and_answered_by_a_count_of_none_as_a_sign_of_life() -> None:
    heard = Heard()
    for byte in bytes(encode(snapshot())):
        heard.receiver.data_received(bytes([byte]))
    assert heard.batches == [snapshot()]
    assert heard.acknowledged == [NONE]


@pytest.mark.parametrize("how", ["eof", "lost"])
def test_it_knows_when_the_traffic_process_has_ended(how: str) -> None:
    heard = Heard()
    assert not heard.receiver.ended.is_set()
    heard.receiver.eof_received() if how == "eof" else heard.receiver.connection_lost(None)
    assert heard.receiver.ended.is_set()

"""The handoff over a socket: bounded, never waiting, and with every loss counted, whatever becomes of the reader."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Coroutine, Iterator
from typing import Any

import msgspec
import pytest
import uvloop
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from harness.observed import analysed, snapshot
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.core.words.snapshot import Snapshot
from sidecar.handoff.receive import Receiver, receive_hello
from sidecar.handoff.socket import SocketHandoff
from sidecar.handoff.wire import Counts, Frame, FrameReader, Hello, acknowledge
from sidecar.settings import HandoffSettings, Settings

HELLO = Hello(Settings())
SMALL_BUFFERS = 4096
LARGE_BUFFERS = 100_000
LONG_SECONDS = 20.0
"""A time that only a broken program needs."""


def exchange(body: int = 0) -> Exchange:
    message = Message(b"", b"x" * body, body)
    return Exchange(0, 1, 1, "GET", "/", "/", 200, Outcome.COMPLETE, message, Message())


class Reader:
    """The other end, driven by hand and without an event loop."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.setblocking(False)
        self.frames: list[Frame] = []
        self.acknowledged = 0
        self._reader = FrameReader()

    def read(self) -> None:
        """Take all that is in the socket."""
        try:
            while data := self.sock.recv(65_536):
                self.frames += self._reader.feed(data)
        except BlockingIOError:
            pass

    @property
    def exchanges(self) -> list[Exchange]:
        """Those that came, in order."""
        return [each for frame in self.frames if isinstance(frame, list) for each in frame]

    def acknowledge(self) -> None:
        """Say that all is dealt with."""
        count = len(self.exchanges) - self.acknowledged
        if count:
            self.sock.send(acknowledge(analysed(count)))
            self.acknowledged += count


class Bench:
    """A handoff, what it shed, and its readers."""

    def __init__(self, loop: asyncio.AbstractEventLoop, **changes: Any) -> None:
        self.shed: Counter[tuple[str, str]] = Counter()
        self.handoff = SocketHandoff(loop, HandoffSettings(**changes), self._on_shed)
        self.readers: list[Reader] = []
        self.offered = 0

    def _on_shed(self, stage: str, reason: str, count: int) -> None:
        self.shed[stage, reason] += count

    def attach(self, buffer: int = SMALL_BUFFERS) -> Reader:
        """A new observer, on a socket that takes about `buffer` bytes."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        self.handoff.attach(ours, HELLO)
        self.readers.append(Reader(theirs))
        return self.readers[-1]

    def offer(self, body: int = 0) -> bool:
        """Offer an exchange with a body of so many bytes."""
        self.offered += 1
        return self.handoff.offer(exchange(body))

    @property
    def lost(self) -> int:
        """Whole exchanges that were shed."""
        return sum(count for (stage, _), count in self.shed.items() if stage != "body")

    @property
    def acknowledged(self) -> int:
        """By all readers together."""
        return sum(reader.acknowledged for reader in self.readers)

    def close(self) -> None:
        """Leave no socket open."""
        self.handoff.detach()
        for reader in self.readers:
            reader.sock.close()


async def turns(count: int = 5) -> None:
    """Let the event loop see what is readable and writable."""
    for _ in range(count):
        await asyncio.sleep(0)


def in_loop(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner.get_loop()


@pytest.fixture
def bench(loop: asyncio.AbstractEventLoop) -> Iterator[Bench]:
    bench = Bench(loop, max_items=5, max_bytes=10_000)
    yield bench
    bench.close()


def test_the_newest_is_refused_when_there_is_no_room_for_more_items(bench: Bench) -> None:
    assert [bench.offer() for _ in range(7)] == [True] * 5 + [False] * 2
    assert bench.shed == {("exchange", "items"): 2}


def test_bodies_are_shed_before_whole_exchanges(bench: Bench) -> None:
    assert bench.offer(9000)
    assert bench.offer(5000)
    assert bench.shed == {("body", "bytes"): 1}
    reader = bench.attach(LARGE_BUFFERS)
    reader.read()
    whole, shed = reader.exchanges
    assert (len(whole.request.body), whole.request.truncated) == (9000, False)
    assert (shed.request.body, shed.request.body_bytes, shed.request.truncated) == (b"", 5000, True)
    assert not shed.response.truncated


def test_exchanges_are_shed_when_not_even_their_heads_fit(loop: asyncio.AbstractEventLoop) -> None:
    bench = Bench(loop, max_items=1000, max_bytes=1000)
    assert [bench.offer() for _ in range(3)] == [True, True, False]
    assert bench.shed == {("exchange", "bytes"): 1}
    assert bench.handoff.waiting_bytes <= 1000


def test_without_an_observer_exchanges_wait_for_the_next_one(bench: Bench) -> None:
    bench.offer()
    bench.handoff.flush()
    assert bench.handoff.busy
    reader = bench.attach()
    reader.read()
    assert reader.frames[0] == HELLO
    assert len(reader.exchanges) == 1
    assert bench.handoff.waiting_bytes == 0


def test_a_snapshot_is_skipped_while_bytes_wait_in_front_of_it(bench: Bench) -> None:
    assert not bench.handoff.send_snapshot(snapshot())
    reader = bench.attach()
    bench.offer(9500)
    bench.handoff.flush()  # more than the socket takes
    assert bench.handoff.waiting_bytes > 0
    assert not bench.handoff.send_snapshot(snapshot())
    reader.read()
    assert not any(isinstance(frame, Snapshot) for frame in reader.frames)


def test_a_stalled_reader_costs_no_more_memory_than_the_bounds(loop: asyncio.AbstractEventLoop) -> None:
    bench = Bench(loop, max_items=10_000, max_bytes=100_000)
    bench.attach()
    for _ in range(3000):
        bench.offer(300)
        bench.handoff.flush()
        assert bench.handoff.waiting_bytes <= 100_000 + 9 + 64 * 100  # one frame's own overhead may come on top
    assert bench.lost > 0
    bench.close()
    in_kernel = bench.offered - bench.lost - len(bench.handoff._queue)
    assert in_kernel == 0  # what was sent and not acknowledged is counted as lost


async def _kill_in_mid_stream() -> None:
    bench = Bench(asyncio.get_running_loop(), max_items=500, max_bytes=2_000_000)
    reader = bench.attach()
    for _ in range(400):
        bench.offer(2000)
    bench.handoff.flush()
    while not reader.exchanges:  # one frame of several
        reader.read()
        await turns(1)
    reader.acknowledge()
    await turns()
    reader.sock.close()
    await turns()
    waiting = len(bench.handoff._queue)
    assert waiting > 0
    assert bench.shed["handoff", "observer_gone"] == 400 - reader.acknowledged - waiting > 0
    second = bench.attach()
    while bench.handoff.busy:
        second.read()
        second.acknowledge()
        await turns()
    assert bench.offered == bench.acknowledged + bench.lost
    bench.close()


def test_what_a_dying_observer_had_not_acknowledged_is_counted() -> None:
    in_loop(_kill_in_mid_stream())


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), st.integers(0, 6000)),
        st.tuples(st.sampled_from(["flush", "attach", "read", "acknowledge", "kill", "snapshot", "turns"]), st.just(0)),
    ),
    max_size=60,
)


async def _act(actions: list[tuple[str, int]]) -> None:
    bench = Bench(asyncio.get_running_loop(), max_items=8, max_bytes=12_000)
    alive: Reader | None = None
    for action, number in actions:
        if action == "offer":
            bench.offer(number)
        elif action == "flush":
            bench.handoff.flush()
        elif action == "attach":
            await turns()  # likewise
            alive = bench.attach()
        elif action == "snapshot":
            bench.handoff.send_snapshot(snapshot())
        elif action == "turns":
            await turns(2)
        elif action == "kill" and alive is not None:
            await turns()  # acknowledgements that are under way arrive
            alive.sock.close()
            alive = None
        elif action == "read" and alive is not None:
            alive.read()
        elif action == "acknowledge" and alive is not None:
            alive.acknowledge()
            await turns()
        assert len(bench.handoff._queue) <= 8
    await turns()
    bench.handoff.detach()
    assert bench.offered == bench.acknowledged + bench.lost + len(bench.handoff._queue)
    assert bench.handoff._queued_bytes == sum(size for _, size in bench.handoff._queue)
    assert bench.handoff._unacknowledged == 0
    bench.close()


@given(ACTIONS)
@hypothesis_settings(deadline=None)
def test_offered_equals_acknowledged_and_shed_and_waiting_whatever_happens(actions: list[tuple[str, int]]) -> None:
    in_loop(_act(actions))


async def _drain_to_a_slow_reader() -> None:
    bench = Bench(asyncio.get_running_loop(), max_items=500, max_bytes=1_000_000)
    reader = bench.attach()
    for _ in range(200):
        bench.offer(2000)
    last = msgspec.structs.replace(snapshot(1234), handoff_bytes=0)
    drain = asyncio.create_task(bench.handoff.drain(last, LONG_SECONDS))
    while not drain.done():
        reader.read()
        reader.acknowledge()
        await turns(1)
    assert drain.result()
    reader.read()
    assert len(reader.exchanges) == 200
    assert reader.frames[-1] == last
    assert bench.lost == 0
    bench.close()


def test_a_drain_sends_everything_and_then_the_last_snapshot_whole() -> None:
    in_loop(_drain_to_a_slow_reader())


async def _drain_to_a_stalled_reader() -> None:
    bench = Bench(asyncio.get_running_loop(), max_items=500, max_bytes=1_000_000)
    reader = bench.attach()
    for _ in range(400):
        bench.offer(2000)
    assert not await bench.handoff.drain(snapshot(), 0.05)
    assert bench.lost == 400
    assert not bench.handoff.busy
    reader.read()
    assert reader.sock.recv(1) == b""
    bench.close()


def test_a_drain_to_a_stalled_observer_gives_up_in_time_and_counts_what_is_lost() -> None:
    in_loop(_drain_to_a_stalled_reader())


async def _receive() -> None:
    bench = Bench(asyncio.get_running_loop())
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    bench.handoff.attach(ours, HELLO)
    bench.offer(10)
    bench.handoff.flush()
    reader = FrameReader()
    hello, early = receive_hello(theirs, reader)
    batches: list[list[Exchange]] = []
    snapshots: list[Snapshot] = []

    def take(batch: list[Exchange]) -> Counts:
        batches.append(batch)
        return analysed(len(batch))

    receiver = Receiver(reader, take, snapshots.append)
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: receiver, sock=theirs)
    receiver.frames(early)
    bench.offer(20)
    assert await bench.handoff.drain(snapshot(), LONG_SECONDS)
    await receiver.ended.wait()
    assert hello == HELLO
    assert [len(each.request.body) for batch in batches for each in batch] == [10, 20]
    assert snapshots == [snapshot()]
    transport.close()
    await turns()


def test_the_receiver_deals_with_all_frames_acknowledges_them_and_hears_the_end() -> None:
    in_loop(_receive())


def test_an_observer_whose_traffic_process_is_gone_before_hello_hears_so() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs, pytest.raises(ConnectionError):
        receive_hello(theirs, FrameReader())

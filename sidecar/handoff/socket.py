"""The handoff over a socket, traffic side: a bounded queue, and batched writes that never block.

`offer` is O(1) and refuses the newest when the queue is full; bodies are shed before whole exchanges. Losses are counted
through `on_shed(stage, reason, count)`, including the exchanges that an observer had been sent and did not acknowledge
before it died. The other end is `receive`, the bytes between them are `wire`.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable

import msgspec

from sidecar.core.words.exchange import Exchange, Message
from sidecar.core.words.snapshot import Snapshot
from sidecar.handoff.wire import NONE, AckReader, Hello, encode
from sidecar.settings import HandoffSettings

_BATCH_BYTES = 262_144
"""About how many bytes go into one frame: large enough to spread its cost, small enough to stay a short pause."""
_DRAIN_STEP_SECONDS = 0.005
"""How often a drain looks whether all is out."""
_OVERHEAD = 400
"""Bytes that an exchange takes in memory beside its heads and bodies."""


class SocketHandoff:
    """Queue and writer in one; `attach` gives it the socket of a (new) observer, `detach` takes it away."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, settings: HandoffSettings, on_shed: Callable[[str, str, int], None]
    ) -> None:
        self._loop = loop
        self._max_items = settings.max_items
        self._max_bytes = settings.max_bytes
        self._on_shed = on_shed
        self._queue: deque[tuple[Exchange, int]] = deque()
        self._queued_bytes = 0
        self._socket: socket.socket | None = None
        self._unsent = memoryview(b"")
        self._unacknowledged = 0
        self._acks = AckReader()
        self.heard = 0.0
        """When the observer was last heard of, or attached, on the loop's clock."""
        self.acknowledged = NONE
        """Exchanges that observers have handled, by result, since the start."""

    @property
    def waiting_exchanges(self) -> int:
        """Exchanges that wait for the observer, or for its acknowledgement."""
        return len(self._queue) + self._unacknowledged

    @property
    def waiting_bytes(self) -> int:
        """Bytes that wait for the observer, queued or half written."""
        return self._queued_bytes + len(self._unsent)

    def offer(self, exchange: Exchange) -> bool:
        """Take `exchange`, without its bodies if need be, or refuse it. Never blocks."""
        if len(self._queue) >= self._max_items:
            self._on_shed("exchange", "items", 1)
            return False
        request, response = exchange.request, exchange.response
        size = _OVERHEAD + len(request.head) + len(request.body) + len(response.head) + len(response.body)
        if size > self._max_bytes - self._queued_bytes - len(self._unsent):
            exchange = _without_bodies(exchange)
            size = _OVERHEAD + len(request.head) + len(response.head)
            if size > self._max_bytes - self.waiting_bytes:
                self._on_shed("exchange", "bytes", 1)
                return False
            self._on_shed("body", "bytes", 1)
        self._queue.append((exchange, size))
        self._queued_bytes += size
        return True

    def flush(self) -> None:
        """Write batches until the queue is empty or the socket is full."""
        while self._queue and self._socket is not None and not self._unsent:
            batch = self._batch()
            self._unacknowledged += len(batch)
            self._write(encode(batch))

    def send_snapshot(self, snapshot: Snapshot) -> bool:
        """Send it if nothing waits in front of it; else it is skipped, for the next one says it all again."""
        if self._socket is None or self._unsent:
            return False
        self._write(encode(snapshot))
        return True

    def attach(self, sock: socket.socket, hello: Hello) -> None:
        """A new observer listens on `sock`."""
        self.detach()
        self._socket = sock
        self.heard = self._loop.time()
        self._acks = AckReader()
        self._loop.add_reader(sock, self._on_readable)
        self._write(encode(hello))
        self.flush()

    def detach(self) -> None:
        """The observer is gone. What it had not acknowledged is lost and counted; what waits, waits for the next."""
        if self._socket is None:
            return
        self._loop.remove_writer(self._socket)
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._socket = None
        self._unsent = memoryview(b"")
        if self._unacknowledged:
            self._on_shed("handoff", "observer_gone", self._unacknowledged)
            self._unacknowledged = 0

    async def drain(self, snapshot: Snapshot, timeout: float) -> bool:
        """Send all that waits and a last snapshot, wait until it is acknowledged, and end the stream.

        False if `timeout` seconds were not enough.
        """
        deadline = self._loop.time() + timeout
        self.flush()
        await self._settled(deadline)
        sent = self.send_snapshot(snapshot)
        await self._settled(deadline)
        done = sent and not self.busy
        if self._queue:
            self._on_shed("exchange", "drain", len(self._queue))
            self._queue.clear()
            self._queued_bytes = 0
        self.detach()
        return done

    async def _settled(self, deadline: float) -> None:
        while self.busy and self._socket is not None and self._loop.time() < deadline:
            await asyncio.sleep(_DRAIN_STEP_SECONDS)

    @property
    def busy(self) -> bool:
        """Whether anything is queued, being written, or not acknowledged yet."""
        return bool(self._queue or self._unsent or self._unacknowledged)

    def _batch(self) -> list[Exchange]:
        batch, size = [], 0
        while self._queue and size < _BATCH_BYTES:
            exchange, length = self._queue.popleft()
            batch.append(exchange)
            size += length
        self._queued_bytes -= size
        return batch

    def _write(self, data: bytearray) -> None:
        if self._socket is None:
            return
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:  # the observer died; its supervisor attaches the next one
            self._unsent = memoryview(data)
            self.detach()
            return
        if sent < len(data):
            if not self._unsent:
                self._loop.add_writer(self._socket, self._on_writable)
            self._unsent = memoryview(data)[sent:]

    def _on_readable(self) -> None:
        if self._socket is None:
            return
        try:
            data = self._socket.recv(65_536)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.detach()
            return
        self.heard = self._loop.time()
        handled = self._acks.feed(data)
        self._unacknowledged -= sum(handled)
        self.acknowledged = tuple(map(sum, zip(self.acknowledged, handled, strict=True)))

    def _on_writable(self) -> None:
        if self._socket is None:
            return
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.detach()
            return
        if not self._unsent:
            self._loop.remove_writer(self._socket)
            self.flush()


def _without_bodies(exchange: Exchange) -> Exchange:
    return msgspec.structs.replace(exchange, request=_bodyless(exchange.request), response=_bodyless(exchange.response))


def _bodyless(message: Message) -> Message:
    return Message(message.head, b"", message.body_bytes, truncated=message.truncated or bool(message.body))

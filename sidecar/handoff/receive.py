"""The handoff over a socket, observer side: frames in, acknowledgements out.

Frames are handled in the event loop as they are read. Meanwhile nothing more is read, so the socket fills up and the
traffic process sheds: that is all the back-pressure there is. `worker` of the observer does the work.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterable
from typing import Any

from sidecar.core.words.exchange import Exchange
from sidecar.core.words.snapshot import Snapshot
from sidecar.handoff.wire import NONE, Counts, Frame, FrameReader, Hello, acknowledge

_READ_BYTES = 262_144
_AT_ONCE = 64
"""Exchanges handled before the processor is yielded: on a core that both processes need, traffic then waits for half a
millisecond at most, and not for a time slice of several."""


def receive_hello(sock: socket.socket, reader: FrameReader) -> tuple[Hello, list[Frame]]:
    """Block until the first frame is there; returns it and the frames that came with it.

    Raises ConnectionError if the traffic process is gone.
    """
    sock.setblocking(True)
    while True:
        data = sock.recv(_READ_BYTES)
        if not data:
            raise ConnectionError("the traffic process closed the handoff before it said hello")
        frames = list(reader.feed(data))
        if frames and isinstance(frames[0], Hello):
            sock.setblocking(False)
            return frames[0], frames[1:]


class Receiver(asyncio.Protocol):
    """Passes frames on; `ended` is set when the traffic process closes the handoff."""

    def __init__(
        self,
        reader: FrameReader,
        on_exchanges: Callable[[list[Exchange]], Counts],
        on_snapshot: Callable[[Snapshot], None],
    ) -> None:
        """`on_exchanges` handles a batch and returns what became of it."""
        self._reader = reader
        self._on_exchanges = on_exchanges
        self._on_snapshot = on_snapshot
        self._transport: Any = None
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the handoff is open."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """asyncio: part of a frame, or several."""
        self.frames(self._reader.feed(data))

    def eof_received(self) -> None:
        """asyncio: the traffic process drains or is gone."""
        self.ended.set()

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio: likewise."""
        self.ended.set()

    def frames(self, frames: Iterable[Frame]) -> None:
        """Pass frames on in order; acknowledge the exchanges among them once, and a snapshot alone by none, as a sign of life."""
        done, alive = NONE, False
        for frame in frames:
            if isinstance(frame, Snapshot):
                self._on_snapshot(frame)
                alive = True
            elif isinstance(frame, list):
                for at in range(0, len(frame), _AT_ONCE):
                    handled = self._on_exchanges(frame[at : at + _AT_ONCE])
                    done = tuple(map(sum, zip(done, handled, strict=True)))
                    os.sched_yield()
        if any(done) or alive:
            self._transport.write(acknowledge(done))

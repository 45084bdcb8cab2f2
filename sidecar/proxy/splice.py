"""Two sockets tied together: what one sends goes to the other as it came.

Back-pressure, half-close and resets are passed on; nothing is buffered beyond the transports' own bounds. `Relay` is the
bare splice; `Downstream` and `Upstream` add the conversation that watches, and the connection to the model. What the
conversation found is dealt with only after the bytes are written. Neighbours: `listener` makes the downstreams, `admin_front`
relays to the observer.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from time import monotonic_ns
from typing import Any, Final

from sidecar.proxy.address import Address, keep_alive
from sidecar.proxy.conversation import Conversation, Services

_WRITE_HIGH_WATER = 262_144
"""Bytes that may wait in a transport before the other side is no longer read."""
_LINGER_SECONDS = 2.0
"""How long a refused client may still send, so that our answer is not lost to a reset."""
_RESET = struct.pack("ii", 1, 0)
_FIRST_REQUEST_SECONDS = 1.0
"""How long a client that is accepted in the moment in which idle ones are closed may take to ask."""
_LEFTOVER_READ_BYTES = 65_536
_LEFTOVER_READS = 64
"""A dead connection's receive buffer holds no more than the kernel's limit, 6 MiB by default."""


class Relay(asyncio.Protocol):
    """One socket of a splice: writes what it reads to its peer."""

    __slots__ = ("_at_eof", "peer", "transport")

    def __init__(self) -> None:
        self.transport: Any = None  # uvloop's transport, None until connected
        self.peer: Relay | None = None
        self._at_eof = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the socket is there."""
        self.transport = transport
        self.transport.set_write_buffer_limits(high=_WRITE_HIGH_WATER)

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes came; they go to the peer."""
        if self.peer is not None:
            self.peer.transport.write(data)

    def eof_received(self) -> bool:
        """asyncio: this side sends no more. The other direction goes on."""
        self._at_eof = True
        peer = self.peer
        if peer is None:
            return False
        if peer._at_eof:
            peer.transport.close()
            return False
        with contextlib.suppress(OSError, RuntimeError):  # it is closing already
            peer.transport.write_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio: the socket is gone; a reset is passed on as a reset."""
        peer, self.peer = self.peer, None
        if peer is None:
            return
        peer.peer = None
        if error is not None:
            reset(peer.transport)
        else:
            peer.transport.close()

    def pause_writing(self) -> None:
        """asyncio: this side takes no more for now, so the other is not read."""
        if self.peer is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        """asyncio: this side takes bytes again."""
        if self.peer is not None:
            self.peer.transport.resume_reading()


def reset(transport: Any) -> None:
    """Close with a reset, so that a body that ends with the connection is not taken for complete."""
    sock = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


class Upstream(Relay):
    """The socket to the model."""

    __slots__ = ("_conversation", "_downstream")

    def __init__(self, conversation: Conversation, downstream: Downstream) -> None:
        super().__init__()
        self._conversation = conversation
        self._downstream = downstream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the model accepted."""
        super().connection_made(transport)
        keep_alive(self.transport.get_extra_info("socket"))
        self._downstream.joined(self)

    def data_received(self, data: bytes) -> None:
        """asyncio: the model answers."""
        peer = self.peer
        if peer is None:
            return
        conversation = self._conversation
        step = conversation.from_upstream(data, monotonic_ns())
        if not step.ended:
            peer.transport.write(step.out)
        else:
            now = monotonic_ns()  # before writing: that may wake the client in our place
            peer.transport.write(step.out)
            conversation.forwarded(step, now)
        if step.close:
            peer.transport.close()

    def eof_received(self) -> bool:
        """asyncio: the model sends no more."""
        now = monotonic_ns()
        step = self._conversation.upstream_eof(now)
        if step.out and self.peer is not None:
            self.peer.transport.write(step.out)
        self._conversation.forwarded(step, now)
        return super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio: the connection to the model is gone.

        A model may answer and close before it has read the whole request. Then writing fails first, and the answer
        still waits in the socket's buffer: it is the client's.
        """
        conversation = self._conversation
        if error is not None:
            self._forward_leftovers()
        whole = conversation.answered
        conversation.closed(by_upstream=True, now=monotonic_ns())
        super().connection_lost(None if whole else error)

    def _forward_leftovers(self) -> None:
        fd = self.transport.get_extra_info("socket").fileno()
        with contextlib.suppress(OSError):
            for _ in range(_LEFTOVER_READS):
                data = os.read(fd, _LEFTOVER_READ_BYTES)
                if not data:
                    return
                self.data_received(data)


Connect = Callable[[Callable[[], asyncio.Protocol]], Awaitable[Any]]
"""Opens a connection with the given protocol factory; raises OSError or TimeoutError."""


class Phase(enum.StrEnum):
    """How far a client's connection is on its way to the model."""

    CONNECTING = "connecting"
    """The model has not accepted yet. One read is kept for it, then no more is read."""
    SPLICED = "spliced"
    """Tied to a connection to the model."""
    REFUSING = "refusing"
    """The model did not accept. The client gets our answer as soon as the head of its request is whole."""
    REFUSED = "refused"
    """The answer is out. What still comes is thrown away, so that the client can read it before we close."""
    GONE = "gone"
    """The client's connection is closed."""


class Turn(enum.StrEnum):
    """What moves a client's connection to its next phase."""

    ACCEPTED = "accepted"
    """The model accepted the connection."""
    DECLINED = "declined"
    """The model did not accept it, or not in time."""
    ANSWERED = "answered"
    """The client got our answer, or needs none since it does not speak HTTP/1."""
    LOST = "lost"
    """The client's connection was closed."""


PHASES: Final[dict[Phase, dict[Turn, Phase]]] = {
    Phase.CONNECTING: {Turn.ACCEPTED: Phase.SPLICED, Turn.DECLINED: Phase.REFUSING, Turn.LOST: Phase.GONE},
    Phase.SPLICED: {Turn.LOST: Phase.GONE},
    Phase.REFUSING: {Turn.ANSWERED: Phase.REFUSED, Turn.LOST: Phase.GONE},
    Phase.REFUSED: {Turn.LOST: Phase.GONE},
    Phase.GONE: {},
}
"""phase -> turn -> next phase. What is not listed does not happen."""


class Downstream(Relay):
    """The socket of a client; opens the one to the model."""

    __slots__ = ("_connect", "_connecting", "_early", "_gone", "conversation", "phase")

    def __init__(self, services: Services, connect: Connect, gone: Callable[[Downstream], None]) -> None:
        super().__init__()
        self.conversation = Conversation(services)
        self.phase = Phase.CONNECTING
        self._connect = connect
        self._gone = gone
        self._early = b""  # read while connecting
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: a client connected."""
        super().connection_made(transport)
        self._connecting = asyncio.get_running_loop().create_task(self._open(), name="connect to the model")

    def data_received(self, data: bytes) -> None:
        """asyncio: the client asks."""
        peer = self.peer
        if peer is None:
            self._unspliced(data)
            return
        now = monotonic_ns()
        step = self.conversation.from_client(data, now)
        if step.asked is not None:
            step.asked.added = monotonic_ns() - now  # before writing: that may wake the model in our place
        peer.transport.write(step.out)
        if step.close:
            self.transport.close()  # that was the rest of a body whose answer is out already

    def eof_received(self) -> bool:
        """asyncio: the client sends no more. That is passed on, if need be when the model is there."""
        held = self.conversation.client_eof()
        if held and self.peer is not None:
            self.peer.transport.write(held)
        return super().eof_received() or self.phase is Phase.CONNECTING

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio: the client is gone."""
        self._turn(Turn.LOST)
        if self._connecting is not None:
            self._connecting.cancel()
        self.conversation.closed(by_upstream=False, now=monotonic_ns())
        super().connection_lost(error)
        self._gone(self)

    def joined(self, upstream: Upstream) -> None:
        """The model is there: pass on what came so far. (It may speak first, so nothing may happen in between.)"""
        self._connecting = None
        if self.transport.is_closing():
            upstream.transport.abort()
            return
        self._turn(Turn.ACCEPTED)
        self.peer, upstream.peer = upstream, self
        self.transport.resume_reading()  # before anything is written, which may pause it
        early, self._early = self._early, b""
        if early:
            self.data_received(early)
        if self._at_eof:
            upstream.transport.write_eof()

    def close_if_idle(self) -> None:
        """While draining: leave now unless an exchange is under way. Who was accepted in this moment may ask once."""
        if self.transport is None:
            self.conversation.closing = True
            asyncio.get_running_loop().call_later(_FIRST_REQUEST_SECONDS, self._close_if_silent)
        elif self.conversation.idle and not self._early:
            self.transport.close()
        else:
            self.conversation.closing = True

    def cut(self) -> None:
        """Reset it: the time is up. Who was accepted in this moment has no transport yet, and ends with the process."""
        if self.transport is not None:
            reset(self.transport)

    def _close_if_silent(self) -> None:
        if self.phase is not Phase.GONE:
            self.close_if_idle()

    def _turn(self, turn: Turn) -> None:
        self.phase = PHASES[self.phase][turn]

    async def _open(self) -> None:
        try:
            await self._connect(lambda: Upstream(self.conversation, self))
        except (OSError, TimeoutError):
            if self.peer is not None:  # accepted in the instant in which the time was up
                reset(self.transport)
            elif self.phase is Phase.CONNECTING:
                self._connecting = None
                self._turn(Turn.DECLINED)
                self._refuse_early()

    def _refuse_early(self) -> None:
        if self.transport.is_closing():
            return
        early, self._early = self._early, b""
        if early:
            self._refuse(early)
        if self._at_eof:
            self.transport.close()
        else:
            self.transport.resume_reading()

    def _unspliced(self, data: bytes) -> None:
        if self.phase is Phase.CONNECTING:
            self._early += data
            self.transport.pause_reading()
        elif self.phase is Phase.REFUSING:
            self._refuse(data)

    def _refuse(self, data: bytes) -> None:
        step = self.conversation.refuse(data, monotonic_ns())
        if not step.close:
            return
        self._turn(Turn.ANSWERED)
        if not step.out:
            self.transport.close()
            return
        self.transport.write(step.out)
        self.transport.write_eof()
        asyncio.get_running_loop().call_later(_LINGER_SECONDS, self.transport.close)


def connector(address: Address, timeout: float) -> Connect:
    """How to open connections to `address`."""

    async def connect(factory: Callable[[], asyncio.Protocol]) -> Any:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout):
            if address.path:
                return await loop.create_unix_connection(factory, address.path)
            return await loop.create_connection(factory, address.host, address.port)

    return connect

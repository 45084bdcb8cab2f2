"""Real sockets within one event loop: a model that is a function, and a client, for tests of single parts of the proxy.

`harness.program` starts the whole program instead. Every wait has a bound that only a broken part reaches.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import TypeVar

import uvloop

PATIENCE_SECONDS = 20.0
"""A time that only a broken part needs."""

_T = TypeVar("_T")
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def run(main: Coroutine[object, object, _T]) -> _T:
    """Run a test in an event loop like the traffic process's."""

    async def bounded() -> _T:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await main
        finally:
            await asyncio.sleep(0.01)  # transports close in the next turns of the loop; uvloop hangs when closed before

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(bounded())


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until `condition` holds."""
    while not condition():
        await asyncio.sleep(0.001)


def listening(backlog: int = 16) -> socket.socket:
    """A TCP socket of this machine that listens."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(backlog)
    sock.setblocking(False)
    return sock


def port(sock: socket.socket) -> int:
    """Where it listens."""
    return int(sock.getsockname()[1])


@contextlib.asynccontextmanager
async def model(serve: Serve) -> AsyncIterator[int]:
    """A server that deals with each connection by `serve`; gives its port. Its end waits for the connections'."""
    open_connections: set[asyncio.StreamWriter] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_connections.add(writer)
        with contextlib.suppress(ConnectionError):
            await serve(reader, writer)
        await closed(writer)
        open_connections.discard(writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await until(lambda: not open_connections)


async def closed(writer: asyncio.StreamWriter) -> None:
    """Close a connection, and wait until it is."""
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def client(to: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a port of this machine; its end is a reset, as when a client dies."""
    reader, writer = await asyncio.open_connection("127.0.0.1", to)
    try:
        yield reader, writer
    finally:
        reset(writer)
        await closed(writer)


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with a reset, unless it is closed already."""
    if not writer.is_closing():
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


async def ask(to: int, data: bytes) -> bytes:
    """Send `data` and read all that is answered."""
    async with client(to) as (reader, writer):
        writer.write(data)
        return await reader.read()


async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A model that answers each head with an empty 200 until the client ends."""
    with contextlib.suppress(asyncio.IncompleteReadError):
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

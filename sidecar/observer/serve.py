"""Runs the observer: frames from the handoff, ticks, and the admin pages, until the traffic process closes the handoff.

The only file of the observer that knows sockets and the event loop's clock. It ignores the signals that a terminal
sends to the whole group: the traffic process decides when to end, and signals it by closing the handoff.
"""

from __future__ import annotations

import asyncio
import functools
import signal
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from sidecar.handoff.receive import Receiver
from sidecar.handoff.wire import Frame, FrameReader
from sidecar.observer.admin import Asked, make_app
from sidecar.observer.worker import Worker
from sidecar.settings import Settings

_TICK_SECONDS = 0.25
_SHUTDOWN_SECONDS = 0.5
"""Time that open admin requests may take at the end."""


async def serve(
    settings: Settings,
    worker: Worker,
    clock: Callable[[], float],
    admin: socket.socket,
    handoff: socket.socket,
    reader: FrameReader,
    early: Sequence[Frame],
) -> None:
    """Serve until the handoff ends, then finish. `early` are frames that `reader` returned together with the hello."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    receiver = Receiver(reader, worker.exchanges, worker.snapshot)
    runner = web.AppRunner(make_app(settings, worker, clock), shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    loop = asyncio.get_running_loop()
    pages = await loop.create_unix_server(lambda: _asked(runner, loop), sock=admin)
    loop.set_exception_handler(functools.partial(_unhandled, worker))
    loop.add_signal_handler(signal.SIGHUP, worker.reload)
    transport, _ = await loop.create_connection(lambda: receiver, sock=handoff)
    receiver.frames(early)
    ticks = loop.create_task(_tick(worker), name="ticks")
    await receiver.ended.wait()
    ticks.cancel()
    worker.finish()
    transport.close()
    pages.close()
    await runner.cleanup()


def _unhandled(worker: Worker, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What the worker cannot catch itself, e.g. while a frame is read."""
    if isinstance(context.get("exception"), MemoryError):
        worker.exhausted()
    loop.default_exception_handler(context)


def _asked(runner: web.AppRunner, loop: asyncio.AbstractEventLoop) -> Asked:
    assert runner.server is not None  # since it is set up
    return Asked(runner.server, loop=loop, access_log=None)  # type: ignore[arg-type]  # None is no log, as for AppRunner


async def _tick(worker: Worker) -> None:
    while True:
        await asyncio.sleep(_TICK_SECONDS)
        worker.tick()


def steady_clock() -> Callable[[], float]:
    """Unix time that never decreases when the clock is set: the wall clock is read once, and the monotonic clock is added."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()

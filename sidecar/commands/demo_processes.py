"""The demo's processes: the model server and the sidecar, started and ended as a user would."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Self

from sidecar.errors import SidecarError

_END_SECONDS = 10.0
_STEP, _TRIES = 10, 100
"""Of ports: they stay below those that the kernel gives to clients, which may take one at any moment."""


@contextlib.asynccontextmanager
async def process(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is told to end when the block is left. Ctrl-C reaches only the demo, which then leaves the block."""
    running = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, start_new_session=True)
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running.communicate(), _END_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            running.kill()
        await running.wait()  # until the kernel has ended it, it still holds its ports


async def finished(*command: str) -> None:
    """Run a command to its end. Raises SidecarError if it fails."""
    running = await asyncio.create_subprocess_exec(*command)
    if await running.wait():
        raise SidecarError(f"{' '.join(command)} ended with exit code {running.returncode}")


class Ports:
    """Ports of loopback, each held for the demo from its choice until the program that shall listen at it does, and on.

    Between choice and use another demo that starts now would choose the same one: the model of one would end, and its sidecar
    would stand before the model of the other. So a demo holds the *UDP* port of that number, which no program here wants.
    """

    def __init__(self) -> None:
        self._held = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def take(self, preferred: int) -> int:
        """The preferred port, or else one of the next that end in the same digit. Raises SidecarError if none is free."""
        for port in range(preferred, preferred + _STEP * _TRIES, _STEP):
            if self._hold(port) and is_unused(port):
                return port
        raise SidecarError(
            f"port {preferred} of 127.0.0.1 is in use, and so are the {_TRIES - 1} that were tried after it"
        )

    def _hold(self, port: int) -> bool:
        mark = socket.socket(type=socket.SOCK_DGRAM)
        try:
            mark.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            return False
        self._held.callback(mark.close)
        return True


def is_unused(port: int) -> bool:
    """Whether nobody listens at a port of loopback."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True

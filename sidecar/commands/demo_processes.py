"""The demo's processes: the model server and the sidecar, started and ended as a user would."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from sidecar.errors import SidecarError

_END_SECONDS = 10.0


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


def free_port(preferred: int) -> int:
    """The preferred port of loopback, or any other where it is taken. Raises SidecarError if none is free."""
    for port in (preferred, 0):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                sock.bind(("127.0.0.1", port))
                chosen: int = sock.getsockname()[1]
                return chosen
    raise SidecarError("no port of 127.0.0.1 is free")

"""Keeps an observer running: spawns it, notices its end, and starts it again with backoff.

An observer that refuses its settings at the very start (exit code 2, a message on stderr) ends the whole sidecar: better
no pod than one that seems to watch. Later on nothing that befalls an observer ends the traffic.

The observer is a fresh process, not a fork, so that the traffic process stays small. It inherits two sockets: its end
of the handoff and the listening socket of the admin pages.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

_FIRST_BACKOFF = 0.5
_MAX_BACKOFF = 30.0
_HEALTHY_SECONDS = 60.0
"""An observer that ran this long failed for a new reason: the backoff starts over."""
OUT_OF_MEMORY = 3
"""Exit code of an observer at the limit of its memory, which says nothing itself: that would take memory."""
_REFUSED = 2
"""Exit code of a process that was given bad settings (see sidecar.errors.UserError)."""


class Supervisor:
    """Owns the observer process. It is started by `command` with the numbers of two sockets: its end of the handoff, and
    `admin`, the listening one of the admin pages.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, command: list[str], admin: socket.socket) -> None:
        self._loop = loop
        self._command = command
        self._admin = admin
        self._first = True
        self._hung = False
        self._process: asyncio.SubprocessTransport | None = None
        self._backoff = _FIRST_BACKOFF
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        """Whether an observer runs."""
        return self._process is not None

    def start(
        self,
        on_started: Callable[[socket.socket], None],
        on_ended: Callable[[str], None],
        on_refused: Callable[[], None],
    ) -> None:
        """Spawn an observer, and another one whenever it ends, until `stop`.

        `on_started(sock)` gets our end of each new handoff, `on_ended(reason)` is called when an observer has ended, with a
        reason of `ENDED`, and `on_refused()` when the very first one did not take its settings.
        """
        self._on_started, self._on_ended, self._on_refused = on_started, on_ended, on_refused
        self._task = self._loop.create_task(self._keep_running(), name="supervisor of the observer")

    def kill(self) -> None:
        """End an observer that hangs, so that the next one starts."""
        if self._process is not None:
            self._hung = True
            self._process.kill()

    def signal(self, number: int) -> None:
        """Pass a signal on to the observer, if there is one."""
        if self._process is not None:
            self._process.send_signal(number)

    async def stop(self, timeout: float) -> None:
        """Wait for the observer to end by itself, its handoff being closed; kill it after `timeout` seconds."""
        self._stopping.set()
        if self._task is None:
            return
        try:
            async with asyncio.timeout(timeout):
                await asyncio.shield(self._task)
        except TimeoutError:
            if self._process is not None:
                self._process.kill()
            await self._task

    async def _keep_running(self) -> None:
        while not self._stopping.is_set():
            started = self._loop.time()
            code = await self._run_one()
            if self._stopping.is_set():
                return
            if self._first and code == _REFUSED:
                self._on_refused()
                return
            self._first = False
            if self._loop.time() - started > _HEALTHY_SECONDS:
                self._backoff = _FIRST_BACKOFF
            print(f"observer ended {_how(code)}; starts again in {self._backoff:g} s", file=sys.stderr, flush=True)
            try:
                async with asyncio.timeout(self._backoff):
                    await self._stopping.wait()
            except TimeoutError:
                self._backoff = min(self._backoff * 2, _MAX_BACKOFF)

    async def _run_one(self) -> int | None:
        ended = asyncio.Event()
        try:
            ours = await self._spawn(ended)
        except OSError as error:  # out of memory, processes or descriptors: perhaps not for ever
            print(f"observer cannot be started ({error})", file=sys.stderr, flush=True)
            return None
        self._on_started(ours)
        await ended.wait()
        process, self._process = self._process, None
        code: Any = process.get_returncode() if process is not None else None
        if process is not None:
            process.close()
        hung, self._hung = self._hung, False
        self._on_ended("hung" if hung else "memory" if code == OUT_OF_MEMORY else "other")
        return int(code) if code is not None else None

    async def _spawn(self, ended: asyncio.Event) -> socket.socket:
        """Start an observer; returns our end of its handoff. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        fds = theirs.fileno(), self._admin.fileno()
        try:
            self._process, _ = await self._loop.subprocess_exec(
                lambda: _Watch(ended),
                *self._command,
                *map(str, fds),
                stdin=None,
                stdout=None,
                stderr=None,
                pass_fds=fds,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return ours


def _how(code: int | None) -> str:
    """What a return code says, as `subprocess` gives it: minus the number of a signal that killed it; None if it never ran."""
    if code is None:
        return "before it began"
    if code == OUT_OF_MEMORY:
        return "for want of memory (observer.memory_limit_bytes)"
    if code >= 0:
        return f"with code {code}"
    try:
        return f"by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"by signal {-code}"


class _Watch(asyncio.SubprocessProtocol):
    """Tells when the process has ended."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def process_exited(self) -> None:
        self._ended.set()

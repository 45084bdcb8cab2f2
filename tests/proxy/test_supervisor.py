"""The supervisor: an observer runs as long as the sidecar does, and what befalls it ends nothing but itself."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable

import pytest

from harness.loopback import run, until
from sidecar.proxy import supervisor
from sidecar.proxy.supervisor import OUT_OF_MEMORY, Supervisor

UNTIL_END = "import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); s.send(b'up'); s.recv(1)"
STUBBORN = "import signal, socket, sys; s = socket.socket(fileno=int(sys.argv[1])); s.send(b'up'); signal.pause()"
FAILS = "import sys; sys.exit(%d)"


class Kept:
    """A supervisor and what it told."""

    def __init__(self, program: str, command: str = sys.executable) -> None:
        self.admin = socket.socket(socket.AF_UNIX)
        self.started: list[socket.socket] = []
        self.ended = 0
        self.reasons: list[str] = []
        self.refused = 0
        arguments = [command, "-c", program]
        self.supervisor = Supervisor(asyncio.get_running_loop(), arguments, self.admin)
        self.supervisor.start(self.started.append, self._on_ended, self._on_refused)

    def _on_ended(self, reason: str) -> None:
        self.ended += 1
        self.reasons.append(reason)

    def _on_refused(self) -> None:
        self.refused += 1

    async def up(self) -> bytes:
        """What the newest observer says when it is there."""
        await until(lambda: bool(self.started))
        return await asyncio.get_running_loop().sock_recv(self.started[-1], 2)

    async def stop(self, seconds: float) -> None:
        """End the handoff, as the traffic process does, and then the observer."""
        for sock in self.started:
            sock.close()
        await self.supervisor.stop(seconds)
        self.admin.close()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_FIRST_BACKOFF", 0.01)


def supervised(program: str, body: Callable[[Kept], Awaitable[None]], command: str = sys.executable) -> None:
    async def main() -> None:
        kept = Kept(program, command)
        try:
            await body(kept)
        finally:
            await kept.stop(10)

    run(main())


def test_an_observer_inherits_its_end_of_the_handoff_and_ends_with_it() -> None:
    async def body(kept: Kept) -> None:
        assert await kept.up() == b"up"
        assert kept.supervisor.up
        await kept.stop(10)
        assert (kept.supervisor.up, kept.ended, kept.refused) == (False, 1, 0)

    supervised(UNTIL_END, body)


def test_an_observer_that_dies_has_a_successor(capfd: pytest.CaptureFixture[str]) -> None:
    async def body(kept: Kept) -> None:
        for count in (1, 2):
            assert await kept.up() == b"up"
            kept.supervisor.signal(signal.SIGKILL)
            await until(lambda count=count: kept.ended == count and len(kept.started) > count)  # type: ignore[misc]  # a lambda with a default
        assert await kept.up() == b"up"

    supervised(UNTIL_END, body)
    assert capfd.readouterr().err.count("observer ended by SIGKILL; starts again in ") == 2


def test_settings_that_the_first_observer_refuses_end_it() -> None:
    async def body(kept: Kept) -> None:
        await until(lambda: kept.refused == 1)
        assert (len(kept.started), kept.ended) == (1, 1)

    supervised(FAILS % 2, body)


def test_any_other_failure_is_tried_again() -> None:
    async def body(kept: Kept) -> None:
        await until(lambda: kept.ended >= 2)
        assert kept.refused == 0

    supervised(FAILS % 1, body)


def test_why_it_ended_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    async def body(kept: Kept) -> None:
        assert await kept.up() == b"up"
        kept.supervisor.kill()
        await until(lambda: kept.ended == 1 and len(kept.started) > 1)
        assert await kept.up() == b"up"
        kept.supervisor.signal(signal.SIGKILL)
        await until(lambda: kept.ended == 2)
        assert kept.reasons == ["hung", "other"]

    async def exhausted(kept: Kept) -> None:
        await until(lambda: kept.ended == 1)
        assert kept.reasons == ["memory"]

    supervised(UNTIL_END, body)
    supervised(FAILS % OUT_OF_MEMORY, exhausted)
    assert "observer ended for want of memory" in capfd.readouterr().err


def test_a_program_that_cannot_be_started_is_reported_and_tried_again(capfd: pytest.CaptureFixture[str]) -> None:
    async def body(kept: Kept) -> None:
        await until(lambda: kept.supervisor._backoff > 0.03)
        assert (kept.started, kept.ended, kept.supervisor.up) == ([], 0, False)

    supervised("", body, command="/nowhere/python")
    assert "observer cannot be started" in capfd.readouterr().err


def test_an_observer_that_does_not_end_is_killed() -> None:
    async def body(kept: Kept) -> None:
        assert await kept.up() == b"up"
        await kept.stop(0.05)
        assert (kept.supervisor.up, kept.ended) == (False, 1)

    supervised(STUBBORN, body)


def test_a_signal_without_an_observer_goes_nowhere() -> None:
    async def main() -> None:
        with socket.socket() as admin:
            idle = Supervisor(asyncio.get_running_loop(), [], admin)
            idle.signal(signal.SIGHUP)
            await idle.stop(1)
            assert not idle.up

    run(main())

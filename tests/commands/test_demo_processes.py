"""Processes of the demo end with it, and ports that are taken are passed over."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys

import pytest

from sidecar.commands import demo_processes
from sidecar.commands.demo_processes import Ports, finished, process
from sidecar.errors import SidecarError


def test_a_port_that_is_taken_is_passed_over() -> None:
    with Ports() as ports, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert ports.take(port) > port


def test_a_port_that_is_free_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with Ports() as ports:
        assert ports.take(port) == port


def test_two_demos_that_start_at_once_never_get_the_same_port() -> None:
    """Neither listens yet: a model takes seconds to load, and until then its port looks free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with Ports() as ours, Ports() as theirs:
        assert ours.take(port) != theirs.take(port)


def test_a_port_is_free_again_when_the_demo_has_ended() -> None:
    with Ports() as ports:
        port = ports.take(18_080)

    with Ports() as ports:
        assert ports.take(port) == port


def test_a_process_that_will_not_end_is_killed_and_dead_when_its_block_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_processes, "_END_SECONDS", 0.2)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"

    async def start() -> int | None:
        async with process(sys.executable, "-c", deaf) as running:
            assert running.stdout is not None
            await running.stdout.readline()
        return running.returncode

    assert asyncio.run(start()) == -signal.SIGKILL


def test_a_process_is_ended_when_its_block_is_left() -> None:
    async def start() -> int | None:
        async with process(sys.executable, "-c", "import time; time.sleep(600)") as running:
            pass
        return running.returncode

    assert asyncio.run(start()) == -15


def test_a_step_that_fails_ends_the_demo() -> None:
    with pytest.raises(SidecarError, match="exit code 4"):
        asyncio.run(finished(sys.executable, "-c", "raise SystemExit(4)"))

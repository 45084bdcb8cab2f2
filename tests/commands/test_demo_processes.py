"""Processes of the demo end with it, and ports that are taken are passed over."""

from __future__ import annotations

import asyncio
import socket
import sys

import pytest

from sidecar.commands.demo_processes import finished, free_port, process
from sidecar.errors import SidecarError


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert free_port(port) != port


def test_a_port_that_is_free_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert free_port(port) == port


def test_a_process_is_ended_when_its_block_is_left() -> None:
    async def start() -> int | None:
        async with process(sys.executable, "-c", "import time; time.sleep(600)") as running:
            pass
        return running.returncode

    assert asyncio.run(start()) == -15


def test_a_step_that_fails_ends_the_demo() -> None:
    with pytest.raises(SidecarError, match="exit code 4"):
        asyncio.run(finished(sys.executable, "-c", "raise SystemExit(4)"))

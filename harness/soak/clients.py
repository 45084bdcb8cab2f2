"""The clients of a soak: ask at a steady rate, and compare every byte of every answer.

Whatever is not as it must be is a `Failure` with its times, to be explained by a fault of that moment, or by none. Wrong
bytes are explained by nothing.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.loopback import reset
from harness.soak.exchanges import DIFFERS, RUBBISH, Kind, numbers, without_notice
from sidecar.proxy.head import BLANK_LINE

PATIENCE_SECONDS = 60.0
"""Longer than any fault holds, on a machine that is busy."""
_NOTICE = b"Connection: close\r\n"
_READ_BYTES = 262_144
_MOST_BEHIND_SECONDS = 0.5


@dataclass(frozen=True)
class Failure:
    """An exchange that went otherwise. `what` is `connect` (nobody accepted), `unanswered` (the connection ended before the
    answer began), `cut` (it ended within the answer), `503` (by the sidecar itself), `rubbish` (what a mad model says),
    `late`, `wrong` (other bytes) or `request` (the model was sent other bytes).
    """

    kind: str
    what: str
    began: float
    ended: float
    detail: str = ""


@dataclass
class Book:
    """What became of all exchanges."""

    verified: Counter[str] = field(default_factory=Counter)
    """Those whose answer came as the model sent it, by kind."""
    bytes: int = 0
    failures: list[Failure] = field(default_factory=list)


class Pace:
    """Gives the moments at which exchanges begin: `rate` in a second; 0 means as many as there can be."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._next = time.monotonic()

    async def turn(self, exchanges: int) -> None:
        """Wait for the next moment, and take it for so many."""
        if not self.rate:
            return
        now = time.monotonic()
        self._next = max(self._next, now - _MOST_BEHIND_SECONDS)  # what was not asked in a pause is not made up for
        wait = self._next - now
        self._next += exchanges / self.rate
        if wait > 0:
            await asyncio.sleep(wait)


class Client:
    """One client, which keeps its connection as long as it can. `port` says where the sidecar is now."""

    def __init__(self, port: Callable[[], int], book: Book, seed: int) -> None:
        self._port = port
        self._book = book
        self._numbers = numbers(seed)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self, pace: Pace, over: asyncio.Event) -> None:
        """Ask until it is over."""
        while not over.is_set():
            kind, number = next(self._numbers)
            await pace.turn(kind.depth)
            await self.ask(kind, number)
        self.leave()

    async def ask(self, kind: Kind, number: int) -> None:
        """One exchange, or as many as the kind sends at once; enters what became of it."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                what, detail = await self._exchange(kind, number)
        except TimeoutError:
            what, detail = "late", ""
        if what or kind.closes:
            self.leave()
        if what:
            self._book.failures.append(Failure(kind.name, what, began, time.monotonic(), detail))
            await asyncio.sleep(0.1)  # as any client waits before it tries again

    def leave(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            reset(self._streams[1])
            self._streams = None

    async def _exchange(self, kind: Kind, number: int) -> tuple[str, str]:
        """Why it failed, and with what; twice nothing if it did not."""
        if self._streams is not None and self._streams[0].at_eof():
            self.leave()
        if self._streams is None:
            try:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port(), limit=65_536)
            except OSError as error:
                return "connect", str(error)
        reader, writer = self._streams
        asked = range(number, number + kind.depth)
        writer.write(b"".join(kind.asks(one) for one in asked))
        sending = asyncio.ensure_future(writer.drain())
        sending.add_done_callback(lambda task: task.cancelled() or task.exception())
        noticed = False
        try:
            for one in asked:
                expected = b"".join(kind.answers(one))
                came = await _answer(reader, expected, kind.closes)
                if what := compared(came, expected):
                    return what, repr(came[:200])
                self._book.verified[kind.name] += 1
                self._book.bytes += len(came)
                noticed = came != expected
        finally:
            sending.cancel()
        if noticed:
            self.leave()
        return "", ""


async def _answer(reader: asyncio.StreamReader, expected: bytes, to_the_end: bool) -> bytes:
    """What is answered: as long as what is expected, with the line of a sidecar that drains, or to the end."""
    came = b""
    try:
        came = await reader.readuntil(BLANK_LINE)
        if to_the_end:
            return came + await reader.read(-1)
        known = without_notice(came) if _NOTICE in came and _NOTICE not in expected else came
        left = len(expected) - len(known)
        return came + (await reader.readexactly(left) if left > 0 else b"")
    except asyncio.IncompleteReadError as error:
        return came + error.partial
    except (OSError, asyncio.LimitOverrunError):
        return came


def compared(came: bytes, expected: bytes) -> str:
    """Why an answer is not the expected one; nothing if it is."""
    if expected in (came, without_notice(came)):
        return ""
    if not came:
        return "unanswered"
    if expected.startswith((came, without_notice(came))):
        return "cut"
    if came.startswith(b"HTTP/1.1 503 ") and b"x-sidecar-error" in came:
        return "503"
    if came.startswith(DIFFERS[:12]):
        return "request"
    return "rubbish" if came.startswith(RUBBISH) else "wrong"


async def ask_all(port: Callable[[], int], book: Book, pace: Pace, count: int, seed: int, over: asyncio.Event) -> None:
    """So many clients at work until it is over."""
    rng = random.Random(seed)
    await asyncio.gather(*(Client(port, book, rng.randrange(1 << 30)).run(pace, over) for _ in range(count)))

"""The admin port as the traffic process serves it: answers health and drain itself, and splices the rest to the observer.

Health must not depend on the observer, so it is answered here. While the observer is down, `/metrics` is answered here
too, from the tally (`fallback`), so that its absence can be seen and alerted on. The pages themselves are
`sidecar.observer.admin`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from sidecar.access import CHALLENGE, HEADERS, NO_CONTENT_POLICY, Access, Refused
from sidecar.proxy.head import BLANK_LINE, header_values, request_line
from sidecar.proxy.splice import Connect, Relay, reset

_HEAD_LIMIT = 16_384
_HEAD_SECONDS = 10.0
"""A request that is not whole by then is given up."""
_READERS = 0.5
"""Share of the connections that may be spliced to the observer: readers of the page's event stream stay for ever..."""
_SCRAPES = 0.75
"""...and scrapes still find room beyond them. The rest is for health."""
_SCRAPE_TIMEOUT = re.compile(rb"\r\nx-prometheus-scrape-timeout-seconds: *(\d+(?:\.\d+)?)", re.IGNORECASE)
_SCRAPE_SECONDS = 8.0
_SCRAPE_SPARE_SECONDS = 1.0
"""Of the scraper's patience, for what follows the observer's silence."""
_FIXED = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
_STATUSES = {401: "401 Unauthorized", 403: "403 Forbidden"}


class Answer(NamedTuple):
    """A small HTTP answer."""

    status: str
    body: str
    content_type: str = "application/json"

    def encode(self, head_only: bool) -> bytes:
        """The bytes; every answer closes its connection."""
        body = self.body.encode()
        challenge = f"WWW-Authenticate: {CHALLENGE}\r\n" if self.status.startswith("401") else ""
        head = (
            f"HTTP/1.1 {self.status}\r\nContent-Type: {self.content_type}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Security-Policy: {NO_CONTENT_POLICY}\r\n{_FIXED}{challenge}Connection: close\r\n\r\n"
        )
        return head.encode() + (b"" if head_only else body)


class TrafficControl(NamedTuple):
    """What the admin port asks of the traffic process."""

    access: Access
    draining: Callable[[], bool]
    model_accepts: Callable[[], Awaitable[bool]]
    observer_up: Callable[[], bool]
    metrics: Callable[[], str]
    """The tally as Prometheus text, for when the observer is down."""
    drain: Callable[[], None]
    end_drain: Callable[[], bool]
    """Serve as before; False if there is no drain, or one that ends with the process."""
    drained: Callable[[], Awaitable[bool]]
    """Waits for the end of a drain; False if none begins."""
    connect_observer: Connect


_TOO_MANY = Answer("503 Service Unavailable", '{"detail":"too many connections to the admin port; try again"}')


class Fronts(dict["AdminFront", None]):
    """All open connections to the admin port, oldest first; at most `most`. `gave_way` is called for each that had to go.

    Beyond that the oldest whose request is not whole goes, so that health can always be asked for and traffic keeps its
    descriptors.
    """

    def __init__(self, most: int, gave_way: Callable[[], None]) -> None:
        super().__init__()
        self.most = most
        self.gave_way = gave_way

    @property
    def spliced(self) -> int:
        """How many are tied to the observer, or about to be."""
        return sum(front.tied for front in self)

    def enter(self, front: AdminFront) -> None:
        """Another one; perhaps one goes for it."""
        self[front] = None
        if len(self) > self.most:
            self.gave_way()
            leaves = next((one for one in self if one.waits), front)
            del self[leaves]  # now, not when the kernel has closed it: the next one that enters looks for another
            leaves.give_way()


class AdminFront(Relay):
    """One connection to the admin port. Its first request decides whether it is answered here or by the observer.

    It adds itself to `fronts`, and removes itself when it is closed.
    """

    __slots__ = ("_buffer", "_fronts", "_late", "_path", "_task", "_traffic", "answered", "tied")

    def __init__(self, traffic: TrafficControl, fronts: Fronts) -> None:
        super().__init__()
        self._traffic = traffic
        self._fronts = fronts
        self._buffer = b""
        self._path = b""
        self._task: asyncio.Task[None] | None = None
        self._late: asyncio.TimerHandle | None = None
        self.answered = False
        """The observer has begun to answer."""
        self.tied = False
        """It takes a connection to the observer, until it is closed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: somebody asks."""
        super().connection_made(transport)
        self._late = asyncio.get_running_loop().call_later(_HEAD_SECONDS, self._give_up)
        self._fronts.enter(self)

    def data_received(self, data: bytes) -> None:
        """asyncio: part of a request."""
        if self.peer is not None:
            super().data_received(data)
            return
        self._buffer += data
        if self._task is not None:
            return
        if BLANK_LINE in self._buffer:
            self._on_time()
            self.transport.pause_reading()
            self._task = asyncio.get_running_loop().create_task(self._route(), name="admin request")
        elif len(self._buffer) > _HEAD_LIMIT:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio: the asker is gone."""
        self._fronts.pop(self, None)
        self._on_time()
        if self._task is not None:
            self._task.cancel()
        super().connection_lost(error)

    def _observer_silent(self) -> None:
        """A scrape that the observer does not begin to answer gets what is known here, while its client still waits."""
        self._late = None
        if not self.answered:
            self.observer_ended()

    def observer_ended(self) -> None:
        """The observer has ended: answer for it, or reset if it had begun. Else the client would wait for the next one."""
        observer = self.peer
        if observer is None:
            return
        if self.answered:
            reset(self.transport)
            return
        self.peer = observer.peer = None
        observer.transport.abort()
        self._answer_without_observer()

    @property
    def waits(self) -> bool:
        """Its request is not whole yet."""
        return self._task is None

    def give_way(self) -> None:
        """Be closed at once, for a newer one."""
        self._give_up()

    def _on_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._on_time()
        self.transport.abort()

    async def _route(self) -> None:
        method, target = request_line(self._buffer)
        self._path = path = target.partition(b"?")[0]
        if path == b"/livez":
            answer = Answer("200 OK", '{"status":"alive"}')
        elif path == b"/readyz":
            answer = await readiness(self._traffic)
        elif path == b"/drain":
            answer = self._drain(method)
        elif path == b"/drained":
            answer = Answer(
                "200 OK", json.dumps({"status": "drained" if await self._traffic.drained() else "not draining"})
            )
        elif refused := self._traffic.access.to_read(path.decode("latin-1"), header_values(self._buffer)):
            answer = _refusal(refused)
        elif self._traffic.observer_up():
            await self._splice()
            return
        else:
            answer = _without_observer(self._traffic, path)
        self.transport.write(answer.encode(method == b"HEAD"))
        self.transport.close()

    def _drain(self, method: bytes) -> Answer:
        if method not in (b"POST", b"DELETE"):
            return Answer("405 Method Not Allowed", '{"detail":"use POST, or DELETE to end a drain"}')
        peer: Any = self.transport.get_extra_info("peername")
        refused = self._traffic.access.to_change(header_values(self._buffer), str(peer[0]) if peer else "")
        if refused:
            return _refusal(refused)
        if method == b"POST":
            self._traffic.drain()
            return Answer("202 Accepted", '{"status":"draining"}')
        if self._traffic.end_drain():
            return Answer("200 OK", '{"status":"serving"}')
        return Answer("409 Conflict", '{"detail":"there is no drain that could be ended"}')

    def _answer_without_observer(self) -> None:
        self.transport.write(_without_observer(self._traffic, self._path).encode(head_only=False))
        self.transport.close()

    async def _splice(self) -> None:
        share = _SCRAPES if self._path == b"/metrics" else _READERS
        if self._fronts.spliced >= share * self._fronts.most:
            self._fronts.gave_way()
            self.transport.write(_TOO_MANY.encode(head_only=False))
            self.transport.close()
            return
        self.tied = True
        observer = _ToObserver(self)
        try:
            await self._traffic.connect_observer(lambda: observer)
        except (OSError, TimeoutError):
            self._answer_without_observer()
            return
        if not self._traffic.observer_up():
            # It ended meanwhile, and the connection waits in the backlog for the next one.
            observer.transport.abort()
            self._answer_without_observer()
            return
        self.peer = observer
        if self._path == b"/metrics":
            self._late = asyncio.get_running_loop().call_later(_patience(self._buffer), self._observer_silent)
        observer.transport.write(self._buffer)
        self._buffer = b""
        if not self.transport.is_closing():
            self.transport.resume_reading()


def _patience(head: bytes) -> float:
    """Seconds that a scrape may take, by the header that Prometheus sends."""
    found = _SCRAPE_TIMEOUT.search(head)
    return max(float(found[1]) - _SCRAPE_SPARE_SECONDS, _SCRAPE_SPARE_SECONDS) if found else _SCRAPE_SECONDS


def _refusal(refused: Refused) -> Answer:
    return Answer(_STATUSES[refused.status], json.dumps({"detail": refused.detail}))


class _ToObserver(Relay):
    """The connection to the observer that belongs to an admin connection."""

    __slots__ = ("_front",)

    def __init__(self, front: AdminFront) -> None:
        super().__init__()
        self.peer = self._front = front

    def data_received(self, data: bytes) -> None:
        """asyncio: the observer answers."""
        self._front.answered = True
        self._front._on_time()
        super().data_received(data)


async def readiness(traffic: TrafficControl) -> Answer:
    """Ready means: not draining, and the model accepts a connection. (That we listen is shown by being asked.)"""
    if traffic.draining():
        return Answer("503 Service Unavailable", json.dumps({"status": "draining"}))
    if not await traffic.model_accepts():
        return Answer("503 Service Unavailable", json.dumps({"status": "model does not accept connections"}))
    return Answer("200 OK", json.dumps({"status": "ready"}))


def _without_observer(traffic: TrafficControl, path: bytes) -> Answer:
    if path == b"/metrics":
        return Answer("200 OK", traffic.metrics(), "text/plain; version=0.0.4; charset=utf-8")
    return Answer("503 Service Unavailable", '{"detail":"the observer is restarting; traffic is not affected"}')

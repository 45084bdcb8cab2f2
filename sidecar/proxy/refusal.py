"""A client that is turned away: told so as soon as it asks, in HTTP/1, and then let go.

It never gets a connection to the model, a conversation or a place in the statistics of requests; `overload` counts it.
What does not speak HTTP/1 is closed without a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from sidecar.proxy.conversation import speaks_otherwise, unavailable

_SECONDS: Final = 2.0
"""For the question, our answer and the client's reading of it."""
_ANSWER: Final = b"".join(
    unavailable(
        "too-many-connections",
        "Too many connections",
        "drift-sidecar has as many connections as it may have (http.max_connections, limit of open files)",
    )
)


class Refusal(asyncio.Protocol):
    """One connection that is turned away; calls `gone` when it is closed."""

    __slots__ = ("_answered", "_gone", "_late", "_transport")

    def __init__(self, gone: Callable[[], None]) -> None:
        self._gone = gone
        self._answered = False
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the client is there."""
        self._transport: Any = transport
        self._late = asyncio.get_running_loop().call_later(_SECONDS, transport.abort)  # type: ignore[attr-defined]  # uvloop's

    def data_received(self, data: bytes) -> None:
        """asyncio: it asks. What follows is read and thrown away, else the kernel resets before our answer is read."""
        if self._answered:
            return
        self._answered = True
        if speaks_otherwise(data):
            self._transport.close()
            return
        self._transport.write(_ANSWER)
        self._transport.write_eof()

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio: it is gone."""
        if self._late is not None:
            self._late.cancel()
        self._gone()

"""`/api/v1/live`: the data of the live page as server-sent events, made once for all readers.

It limits its own cost: the more there is to show, the less often an event is made, so that open pages never take a
noticeable part of a core from the analysis. `api` makes the content.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiohttp import web

_SECONDS = 1.0
"""Least time between two events."""
_SHARE = 0.004
"""Most of a core that making events may take."""
_READERS = 32
"""Most pages at once; further ones are refused with 503."""


class LiveEvents:
    """`make` returns the JSON of an event (one line)."""

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make = make
        self._event = b""
        self._due = 0.0
        self._pause = _SECONDS
        self._readers = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Events until the reader leaves."""
        if self._readers >= _READERS:
            raise web.HTTPServiceUnavailable(reason="too many live pages are open")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        self._readers += 1
        try:
            event = self._latest()  # before anything is answered, so that a fault of ours is a 500
            await response.prepare(request)
            while True:
                await response.write(event)
                await asyncio.sleep(self._pause)
                event = self._latest()
        except ConnectionError:
            return response
        finally:
            self._readers -= 1

    def _latest(self) -> bytes:
        now = time.monotonic()
        if now >= self._due:
            began = time.thread_time()
            self._event = b"data: " + self._make() + b"\n\n"
            self._pause = max(_SECONDS, (time.thread_time() - began) / _SHARE)
            self._due = now + 0.9 * self._pause
        return self._event

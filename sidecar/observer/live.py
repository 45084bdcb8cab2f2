"""`/api/v1/live`: what the live page shows, by server-sent events, made once for all who look.

It watches what it costs: the more there is to show, the rarer it is made, so that looking never takes a noticeable part of a
core from the analysis. What is in an event is `api`'s business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiohttp import web

_SECONDS = 1.0
"""Between two events, at the least."""
_SHARE = 0.004
"""Of a core: what making an event may cost."""
_READERS = 32
"""More pages than that at once are asked to come back later."""


class Live:
    """`make` gives an event's JSON (one line)."""

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

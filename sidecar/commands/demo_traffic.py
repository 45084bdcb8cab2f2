"""The demo's client: replays flights as V2 requests, a few rows each, at a steady pace."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp

_REQUESTS_PER_SECOND = 60.0
_MOST_ROWS = 16


class Replay:
    """Sends rows of one file, then of another; counts what it sent."""

    def __init__(self, quiet: Path, changed: Path) -> None:
        self._quiet = quiet
        self._changed = changed
        self._sizes = random.Random(1)
        self.rows = 0
        self.requests = 0

    async def quiet(self, session: aiohttp.ClientSession, url: str, seconds: float) -> None:
        """Rows from before the change."""
        await self._send(session, url, self._quiet, seconds)

    async def changed(self, session: aiohttp.ClientSession, url: str, seconds: float | None) -> None:
        """Rows from after the change; for ever if `seconds` is None."""
        await self._send(session, url, self._changed, seconds)

    async def _send(self, session: aiohttp.ClientSession, url: str, file: Path, seconds: float | None) -> None:
        started = time.monotonic()
        for number, rows in enumerate(self._batches(file)):
            due = started + number / _REQUESTS_PER_SECOND
            now = time.monotonic()
            if seconds is not None and now - started >= seconds:
                return
            await asyncio.sleep(max(0.0, due - now))
            async with session.post(url, json=request(rows, self.requests)) as answer:
                await answer.read()
                answer.raise_for_status()
            self.rows += len(rows)
            self.requests += 1

    def _batches(self, file: Path) -> Iterator[list[dict[str, Any]]]:
        """A few rows each, again and again."""
        while True:
            with file.open() as lines:
                while batch := list(itertools.islice(lines, self._sizes.randint(1, _MOST_ROWS))):
                    yield [json.loads(line) for line in batch]


def request(rows: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """An Open Inference Protocol request: one tensor a column."""
    tensors = []
    for name, first in rows[0].items():
        kind = "BYTES" if isinstance(first, str) else "FP64"
        tensors.append({"name": name, "shape": [len(rows)], "datatype": kind, "data": [row[name] for row in rows]})
    return {"id": str(number), "parameters": {"content_type": "pd"}, "inputs": tensors}

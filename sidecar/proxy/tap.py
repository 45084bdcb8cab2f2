"""Keeps what the observer may read of a body: references to the chunks that were read, within bounds.

Bounded per body (`tap.body_limit_bytes`) and over all exchanges in flight (`tap.memory_limit_bytes`). A body that
passes a bound is not kept at all, since a part of it could not be decoded; the exchange says that it is truncated.
"""

from __future__ import annotations

import random

from sidecar.proxy.tally import Tally
from sidecar.settings import TapSettings


class Tap:
    """The bounds, shared by all connections, and how much of them is in use."""

    __slots__ = ("_rng", "_sample_ratio", "_tally", "body_limit", "everything", "memory_limit", "used")

    def __init__(self, settings: TapSettings, tally: Tally, rng: random.Random) -> None:
        self.body_limit = settings.body_limit_bytes
        self.memory_limit = settings.memory_limit_bytes
        self.used = 0
        self._sample_ratio = settings.sample_ratio
        self.everything = settings.sample_ratio >= 1
        """Every exchange is chosen."""
        self._tally = tally
        self._rng = rng

    def chooses(self) -> bool:
        """Whether the next exchange is one whose bodies are kept."""
        return self.everything or self._rng.random() < self._sample_ratio

    def keep(self, body: Body, piece: bytes) -> None:
        """Count a piece of a body, and keep it if the bounds allow."""
        size = len(piece)
        body.size += size
        if body.truncated or not body.wanted:
            return
        if body.size > self.body_limit:
            self._drop(body)
        elif self.used + size > self.memory_limit:
            self._drop(body)
            self._tally.shed("tap", "memory")
        else:
            self.used += size
            if not body.data:
                body.data = piece
            elif body.more is None:
                body.more = [piece]
            else:
                body.more.append(piece)

    def release(self, body: Body) -> bytes:
        """Hand over what was kept, and give its room back; nothing further is kept."""
        body.wanted = False
        return self._take(body)

    def _take(self, body: Body) -> bytes:
        data = body.data
        if body.more is not None:
            data = b"".join((data, *body.more))
            body.more = None
        self.used -= len(data)
        body.data = b""
        return data

    def _drop(self, body: Body) -> None:
        self._take(body)
        body.truncated = True


class Body:
    """What was kept of one body. `wanted` says whether anything is to be kept."""

    __slots__ = ("data", "more", "size", "truncated", "wanted")

    def __init__(self, wanted: bool) -> None:
        self.data = b""
        self.more: list[bytes] | None = None  # most bodies come in one piece
        self.size = 0
        self.truncated = False
        self.wanted = wanted

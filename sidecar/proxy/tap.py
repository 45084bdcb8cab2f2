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

    __slots__ = ("_rng", "_sample_ratio", "_tally", "body_limit", "memory_limit", "used")

    def __init__(self, settings: TapSettings, tally: Tally, rng: random.Random) -> None:
        self.body_limit = settings.body_limit_bytes
        self.memory_limit = settings.memory_limit_bytes
        self.used = 0
        self._sample_ratio = settings.sample_ratio
        self._tally = tally
        self._rng = rng

    def chooses(self) -> bool:
        """Whether the next exchange is one whose bodies are kept."""
        return self._sample_ratio >= 1 or self._rng.random() < self._sample_ratio

    def keep(self, body: Body, piece: bytes) -> None:
        """Count a piece of a body, and keep it if the bounds allow."""
        size = len(piece)
        body.size += size
        if body.truncated:
            return
        if body.size > self.body_limit:
            self.drop(body)
        elif self.used + size > self.memory_limit:
            self.drop(body)
            self._tally.shed("tap", "memory")
        else:
            self.used += size
            body.pieces.append(piece)

    def drop(self, body: Body) -> None:
        """Keep nothing of this body."""
        self.release(body)
        body.truncated = True

    def release(self, body: Body) -> bytes:
        """Hand over what was kept, and give its room back."""
        data = body.pieces[0] if len(body.pieces) == 1 else b"".join(body.pieces)
        body.pieces.clear()
        self.used -= len(data)
        return data


class Body:
    """What was kept of one body."""

    __slots__ = ("pieces", "size", "truncated")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0
        self.truncated = False

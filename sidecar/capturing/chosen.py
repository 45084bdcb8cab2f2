"""Which exchanges a sink takes, and how much of each: the one filter that all sinks share that take whole exchanges."""

from __future__ import annotations

import random
from collections.abc import Collection

import msgspec

from sidecar.core.reading.capture import Part, Record, record
from sidecar.core.reading.statuses import numbers
from sidecar.core.words.exchange import Exchange
from sidecar.settings import ChosenSettings


class Chosen:
    """The choice that some settings make; `mask` are the keys whose values are masked."""

    def __init__(self, settings: ChosenSettings, mask: Collection[str], rng: random.Random) -> None:
        self._ratio = settings.sample_ratio
        self._routes = frozenset(settings.routes)
        self._statuses = frozenset(numbers(settings.statuses))
        self._longest = settings.max_body_bytes
        self._mask = frozenset(key.casefold() for key in mask)
        self._rng = rng

    def record(self, exchange: Exchange) -> Record | None:
        """The record of an exchange; None if it is not chosen."""
        if self._ratio < 1 and self._rng.random() >= self._ratio:
            return None
        if self._routes and exchange.route not in self._routes:
            return None
        if self._statuses and exchange.status not in self._statuses:
            return None
        made = record(exchange, self._mask)
        return self._cut(made) if self._longest else made

    def _cut(self, made: Record) -> Record:
        parts = {"request": self._without_long(made.request), "response": self._without_long(made.response)}
        return msgspec.structs.replace(made, **parts)

    def _without_long(self, part: Part) -> Part:
        if max(len(part.body), len(part.body_base64) * 3 // 4) <= self._longest:
            return part
        return msgspec.structs.replace(part, body="", body_base64="", truncated=True)

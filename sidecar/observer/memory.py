"""What the live page remembers: changes, the history of scores, and the last exchanges without their payloads.

Bounded, and lost with the observer: the drift log and Prometheus are permanent. No body or header is kept, nor a path, which may
name a customer: the route is kept instead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec

from sidecar.core.words.events import (
    Event,
    JointChanged,
    ReferenceChanged,
    ReferenceLearned,
    VerdictChanged,
    WindowClosed,
)
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import RuleChanged
from sidecar.observer.score_history import ScoreHistory

Change = VerdictChanged | JointChanged | RuleChanged | ReferenceChanged | ReferenceLearned

_CHANGES = 50
_EXCHANGES = 50
_OF_BATCH = 5
"""Exchanges kept of each batch, the last ones: nobody reads all exchanges of dense traffic."""


class Seen(msgspec.Struct, frozen=True):
    """One exchange as metadata. `at` is Unix seconds, durations are seconds; `first_byte_seconds` is None without a response."""

    at: float
    method: str
    route: str
    status: int
    outcome: str
    duration_seconds: float
    first_byte_seconds: float | None
    request_bytes: int
    response_bytes: int
    trace_id: str


class Memory:
    """The last changes and exchanges, oldest first, and the score history of each side of each stream."""

    def __init__(self) -> None:
        self.changes: deque[Change] = deque(maxlen=_CHANGES)
        self.exchanges: deque[Seen] = deque(maxlen=_EXCHANGES)
        self._score_histories: dict[tuple[str, Side], ScoreHistory] = {}  # by stream and side

    def score_history(self, stream: str, side: Side) -> ScoreHistory:
        """Of a side of a stream (empty for the primary one); empty before a window has closed."""
        return self._score_histories.get((stream, side)) or ScoreHistory()

    def saw(self, batch: Sequence[Exchange]) -> None:
        """Keep the last few exchanges of a batch."""
        self.exchanges.extend(map(_seen, batch[-_OF_BATCH:]))

    def handle(self, event: Event) -> None:
        """Take one event; other kinds are ignored."""
        if isinstance(event, WindowClosed):
            if not event.segment:
                self._score_histories.setdefault((event.stream, event.side), ScoreHistory()).add(event)
        elif isinstance(event, Change):
            self.changes.append(event)
            if isinstance(event, ReferenceChanged):
                for side in Side:
                    self._score_histories.pop((event.stream, side), None)


def _seen(exchange: Exchange) -> Seen:
    return Seen(
        at=exchange.started_ns / 1e9,
        method=exchange.method,
        route=exchange.route,
        status=exchange.status,
        outcome=exchange.outcome.value,
        duration_seconds=exchange.duration_ns / 1e9,
        first_byte_seconds=exchange.first_byte_ns / 1e9 if exchange.first_byte_ns else None,
        request_bytes=exchange.request.body_bytes,
        response_bytes=exchange.response.body_bytes,
        trace_id=exchange.trace.trace_id if exchange.trace else "",
    )

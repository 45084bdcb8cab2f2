"""Exact counters and histograms of the traffic process: every exchange is in them, whatever is shed or sampled.

Recording one exchange costs a few dictionary look-ups and bisections. `snapshot()` gives all of it, cumulative, for
the observer to show. Labels come from closed sets: known methods, route templates, status codes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from sidecar.core.exchange import Outcome
from sidecar.core.snapshot import (
    ADDED_BOUNDS,
    DURATION_BOUNDS,
    SIZE_BOUNDS,
    Histogram,
    RequestSeries,
    RouteSeries,
    Snapshot,
)


class Buckets:
    """A histogram under way: a count per bucket (the last is +Inf) and the sum of all values."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def frozen(self) -> Histogram:
        """What was counted so far."""
        return Histogram(tuple(self.counts), self.total)


class Tally:
    """All that is counted, and the gauges beside it."""

    def __init__(self, started_ns: int) -> None:
        self._started_ns = started_ns
        self._requests: dict[tuple[str, str, int], Buckets] = {}
        self._routes: dict[str, tuple[Buckets, Buckets, Buckets]] = {}
        self._added = Buckets(ADDED_BOUNDS)
        self._exchanges: Counter[tuple[str, str]] = Counter()
        self._shed: Counter[tuple[str, str]] = Counter()
        self.active_requests = 0
        self.observer_restarts = 0

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A response's last byte went out `seconds` after the request's first came in."""
        key = (method, route, status)
        buckets = self._requests.get(key)
        if buckets is None:
            buckets = self._requests[key] = Buckets(DURATION_BOUNDS)
        buckets.add(seconds)

    def measured(self, route: str, first_byte: float, request_bytes: int, response_bytes: int, added: float) -> None:
        """The other figures of an answered exchange, in seconds and bytes."""
        histograms = self._routes.get(route)
        if histograms is None:
            histograms = self._routes[route] = (Buckets(DURATION_BOUNDS), Buckets(SIZE_BOUNDS), Buckets(SIZE_BOUNDS))
        histograms[0].add(first_byte)
        histograms[1].add(request_bytes)
        histograms[2].add(response_bytes)
        self._added.add(added)

    def ended(self, outcome: Outcome) -> None:
        """An HTTP/1 exchange ended so."""
        self._exchanges["http1", outcome.value] += 1

    def opaque(self, reason: str) -> None:
        """A connection is forwarded and watched no more. `reason` comes from our own code, never from the wire."""
        self._exchanges["opaque", reason] += 1

    def shed(self, stage: str, reason: str, count: int = 1) -> None:
        """Something that the observer should have had was dropped."""
        self._shed[stage, reason] += count

    def snapshot(self, now_ns: int, ready: bool, draining: bool, connections: int, handoff_bytes: int) -> Snapshot:
        """All of it as of `now_ns`, cumulative since the start."""
        return Snapshot(
            taken_ns=now_ns,
            started_ns=self._started_ns,
            ready=ready,
            draining=draining,
            active_requests=self.active_requests,
            connections=connections,
            handoff_bytes=handoff_bytes,
            observer_restarts=self.observer_restarts,
            requests=tuple(RequestSeries(*key, buckets.frozen()) for key, buckets in self._requests.items()),
            routes=tuple(RouteSeries(route, *(b.frozen() for b in three)) for route, three in self._routes.items()),
            added=self._added.frozen(),
            exchanges=tuple((*key, count) for key, count in self._exchanges.items()),
            shed=tuple((*key, count) for key, count in self._shed.items()),
        )

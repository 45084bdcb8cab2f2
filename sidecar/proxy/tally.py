"""Exact counters and histograms of the traffic process: every exchange is in them, whatever is shed or sampled.

Recording appends numbers to lists; they are sorted into buckets together, at the latest when `snapshot()` is asked
for, because that costs a third of doing it one by one. Labels come from closed sets: known methods, route templates,
status codes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from sidecar.core.words.exchange import Exchange, Outcome
from sidecar.core.words.snapshot import (
    ADDED_BOUNDS,
    DURATION_BOUNDS,
    ENDED,
    OBSERVED,
    REFUSED,
    SHED,
    SIZE_BOUNDS,
    Histogram,
    RequestSeries,
    RouteSeries,
    Snapshot,
)

_PENDING = 2048
"""Values that may wait to be sorted into buckets."""
_NS = 1e9


class Buckets:
    """A histogram under way. Bounds and the total are in the metric's unit, values in `unit` of it (e.g. 1e9 for ns)."""

    __slots__ = ("_bounds", "_counts", "_total", "_unit", "pending")

    def __init__(self, bounds: tuple[float, ...], unit: float = 1.0) -> None:
        self._bounds = [bound * unit for bound in bounds]
        self._counts = [0] * (len(bounds) + 1)
        self.pending: list[int] = []
        """Values that are counted but not sorted yet; whoever appends calls `settle` before there are too many."""
        self._total = 0.0
        self._unit = unit

    def frozen(self) -> Histogram:
        """What was counted so far."""
        self.settle()
        return Histogram(tuple(self._counts), self._total / self._unit)

    def settle(self) -> None:
        """Sort what is pending into the buckets; a value equal to a bound belongs below it (`le`)."""
        values = sorted(self.pending)
        self._total += sum(values)
        before = 0
        for index, bound in enumerate(self._bounds):
            upto = bisect_right(values, bound)
            self._counts[index] += upto - before
            before = upto
        self._counts[-1] += len(values) - before
        self.pending.clear()


class RouteHistograms:
    """The series of one route."""

    __slots__ = ("durations", "first_byte", "name", "request_bytes", "response_bytes")

    def __init__(self, name: str) -> None:
        self.name = name
        self.durations: dict[tuple[str, int], Buckets] = {}
        self.first_byte = Buckets(DURATION_BOUNDS, _NS)
        self.request_bytes = Buckets(SIZE_BOUNDS)
        self.response_bytes = Buckets(SIZE_BOUNDS)


class Waiting(NamedTuple):
    """The handoff at one moment: what waits in it, and exchanges that came out at the other end since the start, by result."""

    bytes: int = 0
    exchanges: int = 0
    observed: tuple[int, ...] = (0,) * len(OBSERVED)


class Tally:
    """All that is counted, and the gauges beside it."""

    def __init__(self, started_ns: int, log_lines_lost: Callable[[], int] = lambda: 0) -> None:
        self._started_ns = started_ns
        self._log_lines_lost = log_lines_lost
        self._routes: dict[str, RouteHistograms] = {}
        self._added = Buckets(ADDED_BOUNDS, _NS)
        self._outcomes: Counter[Outcome] = Counter()
        self._opaque: Counter[str] = Counter()
        self._shed: Counter[tuple[str, str]] = Counter(dict.fromkeys(SHED, 0))
        self._completed = 0  # apart from the other outcomes, because hashing an enum costs more than all the rest
        self.active_requests = 0
        self.observer_restarts = 0
        self.observer_ends: Counter[str] = Counter(dict.fromkeys(ENDED, 0))
        self.refused: Counter[str] = Counter(dict.fromkeys(REFUSED, 0))
        """Connections that were turned away, by reason."""
        self.accept_pauses = 0
        self.connections_limit = 0

    def ended(self, exchange: Exchange, added: int) -> None:
        """An HTTP/1 exchange ended; `added` is how many ns of it we took."""
        if exchange.outcome is Outcome.COMPLETE:
            self._completed += 1
        else:
            self._outcomes[exchange.outcome] += 1
        if not exchange.status:
            return
        route = self._routes.get(exchange.route)
        if route is None:
            route = self._routes[exchange.route] = RouteHistograms(exchange.route)
        durations = route.durations.get((exchange.method, exchange.status))
        if durations is None:
            durations = route.durations[exchange.method, exchange.status] = Buckets(DURATION_BOUNDS, _NS)
        durations.pending.append(exchange.duration_ns)
        route.first_byte.pending.append(exchange.first_byte_ns)
        route.request_bytes.pending.append(exchange.request.body_bytes)
        route.response_bytes.pending.append(exchange.response.body_bytes)
        self._added.pending.append(added)
        if len(self._added.pending) >= _PENDING:  # the longest list of all
            self.settle()

    def settle(self) -> None:
        """Sort all that is pending into its buckets."""
        self._added.settle()
        for route in self._routes.values():
            route.first_byte.settle()
            route.request_bytes.settle()
            route.response_bytes.settle()
            for durations in route.durations.values():
                durations.settle()

    def opaque(self, reason: str) -> None:
        """A connection is forwarded and watched no more. `reason` comes from our own code, never from the wire."""
        self._opaque[reason] += 1

    def shed(self, stage: str, reason: str, count: int = 1) -> None:
        """Something that the observer should have had was dropped."""
        self._shed[stage, reason] += count

    def snapshot(self, now_ns: int, ready: bool, draining: bool, connections: int, waiting: Waiting) -> Snapshot:
        """All of it as of `now_ns`, cumulative since the start."""
        return Snapshot(
            taken_ns=now_ns,
            started_ns=self._started_ns,
            ready=ready,
            draining=draining,
            active_requests=self.active_requests,
            connections=connections,
            handoff_bytes=waiting.bytes,
            handoff_exchanges=waiting.exchanges,
            observer_restarts=self.observer_restarts,
            observer_ends=tuple(self.observer_ends.items()),
            log_lines_lost=self._log_lines_lost(),
            requests=tuple(
                RequestSeries(method, route.name, status, buckets.frozen())
                for route in self._routes.values()
                for (method, status), buckets in route.durations.items()
            ),
            routes=tuple(
                RouteSeries(
                    route.name, route.first_byte.frozen(), route.request_bytes.frozen(), route.response_bytes.frozen()
                )
                for route in self._routes.values()
            ),
            added=self._added.frozen(),
            exchanges=(
                ("http1", Outcome.COMPLETE.value, self._completed),
                *(("http1", outcome.value, count) for outcome, count in self._outcomes.items()),
                *(("opaque", reason, count) for reason, count in self._opaque.items()),
            ),
            observed=tuple(zip(OBSERVED, waiting.observed, strict=True)),
            shed=tuple((*key, count) for key, count in self._shed.items()),
            connections_limit=self.connections_limit,
            refused=tuple(self.refused.items()),
            accept_pauses=self.accept_pauses,
        )

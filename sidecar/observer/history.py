"""The traffic of the last minutes, one point a second or so, from differences of snapshots.

For the live page only, so that it has something to show at once; Prometheus keeps the real history.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from sidecar.core.words.exchange import Outcome
from sidecar.core.words.snapshot import ADDED_BOUNDS, DURATION_BOUNDS, Histogram, Snapshot

_SPAN_SECONDS = 1.0
_POINTS = 300
"""Five minutes."""
_QUANTILES = (0.5, 0.95, 0.99)


class Point(msgspec.Struct, frozen=True):
    """One interval, which ended at `at` (Unix seconds). Quantiles are seconds, None without requests."""

    at: float
    requests_per_second: float
    errors_per_second: float
    """Responses of 500 and above, and exchanges in which the model closed the connection or refused it."""
    shed_per_second: float
    p50: float | None
    p95: float | None
    p99: float | None
    added_p50: float | None
    added_p99: float | None


class History:
    """The last five minutes."""

    def __init__(self) -> None:
        self.points: deque[Point] = deque(maxlen=_POINTS)
        """Oldest first."""
        self._last: Snapshot | None = None

    def add(self, snapshot: Snapshot) -> None:
        """Take a snapshot; adds a point if the last one is a second ago."""
        last = self._last
        if last is None or last.started_ns != snapshot.started_ns:
            self._last = snapshot
        elif snapshot.taken_ns - last.taken_ns >= _SPAN_SECONDS * 1e9:
            self.points.append(_point(last, snapshot))
            self._last = snapshot


def quantile(ratio: float, bounds: Sequence[float], counts: Sequence[int]) -> float | None:
    """The quantile of a histogram at `ratio`, linear within a bucket, as PromQL's histogram_quantile.

    `counts` are per bucket, one more than `bounds`. None if it is empty; beyond the last bound, that bound.
    """
    rank = ratio * sum(counts)
    if not rank:
        return None
    below = 0.0
    for low, high, count in zip((0.0, *bounds), bounds, counts, strict=False):
        if count and below + count >= rank:
            return low + (high - low) * (rank - below) / count
        below += count
    return bounds[-1]


def _point(before: Snapshot, after: Snapshot) -> Point:
    seconds = (after.taken_ns - before.taken_ns) / 1e9
    durations = _difference(_durations(before), _durations(after))
    added = _difference([before.added], [after.added])
    p50, p95, p99 = (quantile(ratio, DURATION_BOUNDS, durations) for ratio in _QUANTILES)
    return Point(
        at=after.taken_ns / 1e9,
        requests_per_second=(_ended(after) - _ended(before)) / seconds,
        errors_per_second=(errors(after) - errors(before)) / seconds,
        shed_per_second=(_shed(after) - _shed(before)) / seconds,
        p50=p50,
        p95=p95,
        p99=p99,
        added_p50=quantile(0.5, ADDED_BOUNDS, added),
        added_p99=quantile(0.99, ADDED_BOUNDS, added),
    )


def errors(snapshot: Snapshot) -> int:
    """Exchanges that failed at the model: answered with 500 or above, or not completely.

    A refused one was answered with our own 503, so it is counted already.
    """
    answered = sum(sum(one.durations.counts) for one in snapshot.requests if one.status >= 500)
    gone = sum(count for _, outcome, count in snapshot.exchanges if outcome == Outcome.UPSTREAM_GONE.value)
    return answered + gone


def _durations(snapshot: Snapshot) -> list[Histogram]:
    return [one.durations for one in snapshot.requests]


def _difference(before: Iterable[Histogram], after: Iterable[Histogram]) -> list[int]:
    old, new = _total(before), _total(after)
    return [max(0, b - a) for a, b in zip(old or [0] * len(new), new, strict=True)] if new else []


def _total(histograms: Iterable[Histogram]) -> list[int]:
    return [sum(column) for column in zip(*(one.counts for one in histograms), strict=True)]


def _ended(snapshot: Snapshot) -> int:
    return sum(count for protocol, _, count in snapshot.exchanges if protocol != "opaque")


def _shed(snapshot: Snapshot) -> int:
    return sum(count for _, _, count in snapshot.shed)

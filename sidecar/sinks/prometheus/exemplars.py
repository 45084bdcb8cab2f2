"""Trace ids of sampled exchanges, one per bucket of the duration histograms, which link a graph to a trace.

The last one wins. Bounded, because a model could answer with ever new status codes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from prometheus_client.samples import Exemplar

from sidecar.core.words.exchange import Exchange
from sidecar.core.words.snapshot import DURATION_BOUNDS, Histogram

_MAX_SERIES = 512


class Exemplars:
    """Keeps the last sampled exchange of each bucket, by method, route and status."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str, int], list[Exemplar | None]] = {}

    def remember(self, exchange: Exchange) -> None:
        """Take the exchange's trace id, if it is sampled."""
        if exchange.trace is None or not exchange.trace.sampled:
            return
        key = (exchange.method, exchange.route, exchange.status)
        buckets = self._series.get(key)
        if buckets is None:
            if len(self._series) >= _MAX_SERIES:
                return
            buckets = self._series[key] = [None] * (len(DURATION_BOUNDS) + 1)
        seconds = exchange.duration_ns / 1e9
        ended = (exchange.started_ns + exchange.duration_ns) / 1e9
        exemplar = Exemplar({"trace_id": exchange.trace.trace_id}, seconds, round(ended, 3))
        buckets[bisect_left(DURATION_BOUNDS, seconds)] = exemplar

    def of(self, method: str, route: str, status: int, durations: Histogram) -> Sequence[Exemplar | None]:
        """One exemplar or None per bucket; None while the bucket is empty in the last snapshot."""
        buckets = self._series.get((method, route, status), ())
        return [exemplar if count else None for exemplar, count in zip(buckets, durations.counts, strict=False)]

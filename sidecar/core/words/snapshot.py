"""What the traffic process counted, as a cumulative snapshot.

Snapshots travel over the handoff. A lost or repeated one does no harm, and a restarted observer is exact after the next one.
Histogram counts are per bucket, not cumulative, and one longer than their bounds: the last bucket is +Inf.
"""

from __future__ import annotations

import msgspec

DURATION_BOUNDS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
)  # fmt: skip
"""Seconds; the buckets of the semantic conventions for http.server.request.duration, preceded by .001 and .0025."""

ADDED_BOUNDS = (
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1,
)  # fmt: skip
"""Seconds; microsecond buckets for the latency that the sidecar adds."""

SIZE_BOUNDS = (
    64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0, 16777216.0, 67108864.0,
)  # fmt: skip
"""Bytes; powers of four from 64 B to 64 MiB."""


SHED = (
    ("tap", "memory"), ("body", "bytes"), ("exchange", "items"), ("exchange", "bytes"), ("exchange", "drain"),
    ("handoff", "observer_gone"),
)  # fmt: skip
"""(stage, reason) of what may be dropped on the way to the observer. Each is exported from 0, so that the first loss is
visible."""


OBSERVED = ("analysed", "refused", "unread", "unwatched", "empty", "error")
"""What became of an exchange that an observer has handled: its rows were counted; the model did not accept it; nothing of it
could be read (`sidecar_decoded_total` says why); there were too many streams; it was empty; a fault of ours cost it."""

REFUSED = ("connections", "descriptors", "admin")
"""Why a connection was turned away: `http.max_connections` are open, or as many as the limit of open files allows; or it was one
of too many to the admin port."""


ENDED = ("memory", "hung", "other")
"""Why an observer ended: it was at the limit of its memory, it answered nothing and was killed, or anything else."""


class Histogram(msgspec.Struct, frozen=True):
    """Counts per bucket and the sum of all values."""

    counts: tuple[int, ...]
    total: float


class RequestSeries(msgspec.Struct, frozen=True):
    """`http_server_request_duration_seconds` for one method, route and status."""

    method: str
    route: str
    status: int
    durations: Histogram


class RouteSeries(msgspec.Struct, frozen=True):
    """The histograms that are labelled by route alone."""

    route: str
    first_byte: Histogram
    request_bytes: Histogram
    response_bytes: Histogram


class Snapshot(msgspec.Struct, frozen=True):
    """Everything the traffic process counted since its start; gauges are as of `taken_ns` (Unix time in nanoseconds)."""

    taken_ns: int
    started_ns: int
    ready: bool
    draining: bool
    active_requests: int
    connections: int
    handoff_bytes: int
    handoff_exchanges: int
    observer_restarts: int
    observer_ends: tuple[tuple[str, int], ...]
    """(reason, count), a reason of `ENDED`."""
    log_lines_lost: int
    """Of the traffic process."""
    requests: tuple[RequestSeries, ...]
    routes: tuple[RouteSeries, ...]
    added: Histogram
    exchanges: tuple[tuple[str, str, int], ...]
    """(protocol, outcome, count)"""
    observed: tuple[tuple[str, int], ...]
    """HTTP/1 exchanges that observers have handled: (result, count), a result of `OBSERVED`. Of all that ended, the rest was shed
    (`exchange`, `handoff`) or waits."""
    shed: tuple[tuple[str, str, int], ...]
    """(stage, reason, count)"""
    connections_limit: int
    """Most clients at a time."""
    refused: tuple[tuple[str, int], ...]
    """Connections that were turned away: (reason, count)."""
    accept_pauses: int
    """Times that accepting was put off, because the kernel had no descriptor or memory."""

    @property
    def shed_by_faults(self) -> tuple[str, str, int]:
        """What faults of the observer cost, as an entry of `shed`."""
        return "observer", "error", dict(self.observed).get("error", 0)

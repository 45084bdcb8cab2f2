"""What `/api/v1/status` says of the model, the observer and the traffic of the last minutes."""

from __future__ import annotations

import msgspec


class Model(msgspec.Struct, frozen=True):
    """The model that is watched."""

    name: str
    version: str
    upstream: str
    """Where it listens."""


class Observer(msgspec.Struct, frozen=True):
    """The process that answers."""

    started: float
    """Unix seconds."""
    restarts: int


class Quantiles(msgspec.Struct, frozen=True):
    """Seconds; null where nothing was measured."""

    p50: float | None
    p95: float | None
    p99: float | None


class ExchangeCount(msgspec.Struct, frozen=True):
    """Exchanges that ended so, since the start."""

    protocol: str
    outcome: str
    count: int


class ShedCount(msgspec.Struct, frozen=True):
    """What was dropped on the way to the observer, since the start."""

    stage: str
    reason: str
    count: int


class RequestSummary(msgspec.Struct, frozen=True):
    """Answers of one method, route and status since the start."""

    method: str
    route: str
    status: int
    count: int
    total_seconds: float
    """Of all their durations."""
    p50: float | None
    """Seconds, as `p95` and `p99`; null where there are none."""
    p95: float | None
    p99: float | None


class Traffic(msgspec.Struct, frozen=True):
    """What the traffic process counted, as of its last snapshot."""

    started: float
    """Unix seconds."""
    at: float
    """Unix seconds of the snapshot."""
    ready: bool
    draining: bool
    active_requests: int
    connections: int
    handoff_bytes: int
    """Waiting for the observer."""
    errors: int
    """Answers of 500 and above, and exchanges in which the model vanished."""
    latency_seconds: Quantiles
    """From the first byte of the request to the last of the response."""
    added_seconds: Quantiles
    """What the sidecar adds."""
    exchanges: list[ExchangeCount]
    shed: list[ShedCount]
    requests: list[RequestSummary]

"""Settings of the traffic process: the model, what is kept of its traffic, the handoff, draining.

The attribute docstrings are the manual, here and in the neighbours: see the package.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from sidecar.settings.types import Natural, Positive, Ratio, Seconds, Section


class ModelSettings(Section, frozen=True):
    name: str = "model"
    """Label `model_name` of every metric, and of spans and log lines. Set it as soon as two models share a Prometheus;
    the default only makes a first trial work."""
    version: str = ""
    """Label `model_version`. Set it to compare releases. Empty by default, since only you know what counts as a
    version."""


class HttpSettings(Section, frozen=True):
    routes: tuple[str, ...] = ()
    """Route templates of your model beside the known ones, e.g. `/predict/{tenant}`. Other paths are labelled `other`,
    because a label must not carry what a client chose."""
    probes: tuple[str, ...] = (
        "/v2/health/live",
        "/v2/health/ready",
        "/healthz",
        "/livez",
        "/readyz",
        "/health",
        "/ping",
    )
    """Paths that are forwarded but left out of every statistic, as health probes are. The default lists the usual ones
    of Kubernetes and of the inference protocols; add your own, or their latency is mixed with the model's."""
    head_limit_bytes: Annotated[int, Meta(ge=1024)] = 65_536
    """Longest head of a message, in bytes; a longer one makes its connection opaque: forwarded, counted, watched no
    more. Raise it for unusually large cookies or tokens. 64 KiB is more than most servers accept themselves."""
    head_memory_limit_bytes: Natural = 33_554_432
    """Bytes of the heads of all messages under way together, with 1 KiB for each exchange; a connection whose head would
    exceed it becomes opaque: forwarded, counted with the reason `memory`, watched no more. Raise it, and the container's
    memory with it, when that reason grows. 32 MiB suit 10,000 requests in flight with heads of 2 KiB."""
    max_connections: Positive = 10_000
    """Most clients that are connected at a time; further ones get a 503, counted in `sidecar_refused_connections_total`.
    The limit of open files may allow fewer: each client takes two. Raise it, and the container's memory by 12 kB each,
    for more. 10,000 are far more than a model server serves at a time."""
    connect_timeout_seconds: Seconds = 5.0
    """How long, in seconds, to wait for the model to accept a connection before the client gets a 503. Raise it for a
    model whose backlog fills up. Within a pod a connection takes less than a millisecond, so 5 s is only reached by a
    model that hangs."""


class TapSettings(Section, frozen=True):
    body_limit_bytes: Natural = 1_048_576
    """Longest body, in bytes, that is kept for decoding; a longer one is forwarded whole, marked truncated and not
    kept, because a part of it could not be decoded. Raise it for large batches. 1 MiB holds about 5,000 rows of 20
    numbers in JSON."""
    memory_limit_bytes: Natural = 8_388_608
    """Bytes of all bodies in flight together; a body that would exceed it is not kept, and counted as shed. Raise it
    when `sidecar_shed_total{stage="tap"}` grows, and the container's memory with it. 8 MiB suits eight of the largest
    bodies at once."""
    sample_ratio: Ratio = 1.0
    """Share of exchanges, from 0 to 1, whose bodies are kept. Lower it to save CPU of the observer at high rates;
    counts and durations stay exact whatever it is. The default keeps all, so that rare values are seen."""


class HandoffSettings(Section, frozen=True):
    max_items: Positive = 4096
    """Exchanges that may wait for the observer; further ones are shed and counted. Raise it when bursts are shed with
    reason `items`. The default is what a second of 4,000 requests makes while the observer restarts."""
    max_bytes: Positive = 2_097_152
    """Bytes that may wait for the observer; bodies are shed before whole exchanges. Raise it when bodies are shed with
    reason `bytes`. 2 MiB bounds what a stopped observer costs in memory."""
    flush_seconds: Annotated[float, Meta(ge=0.0005, le=1)] = 0.01
    """How long, in seconds, exchanges are collected before they are written to the observer together. Lower it to see
    drift sooner by as much. 10 ms makes batches large enough that writing them costs little per request."""
    snapshot_seconds: Annotated[float, Meta(ge=0.05, le=10)] = 0.25
    """How often, in seconds, the exact counters go to the observer. It bounds how old they are in a scrape. 0.25 s is
    far below any scrape interval."""


class ObserverSettings(Section, frozen=True):
    memory_limit_bytes: Annotated[int, Meta(ge=134_217_728)] = 268_435_456
    """Bytes of memory that the observer may allocate (RLIMIT_DATA); beyond it, it ends alone and starts again, counted in
    `sidecar_observer_ends_total{reason="memory"}`, while the traffic goes on. Raise it, and the container's memory with it, for
    thousands of features. It starts with 80 MB, and 256 MiB leave the traffic process as much again of the injected 512 MiB."""


class DrainSettings(Section, frozen=True):
    notice_seconds: Seconds = 3.0
    """After SIGTERM: how long, in seconds, new connections are still served while load balancers learn that the pod
    leaves. Raise it where endpoints take longer to spread. A few seconds is what it usually takes."""
    timeout_seconds: Seconds = 25.0
    """After SIGTERM: when, in seconds, the last connections are cut. Raise it for long streams. 25 s and
    `drain.flush_seconds` fit into the grace period of 30 s that Kubernetes gives by default; keep their sum below
    yours."""
    flush_seconds: Seconds = 3.0
    """How long, in seconds, the observer may take to flush its sinks at the end. Raise it for a slow collector. 3 s is
    what `drain.timeout_seconds` leaves of the default grace period, with room to spare."""

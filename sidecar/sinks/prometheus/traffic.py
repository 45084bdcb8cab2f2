"""Metric families of the traffic and of the sidecar itself, from the snapshot of the traffic process. Names are a contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client.core import Metric

from sidecar.core.words.snapshot import ADDED_BOUNDS, DURATION_BOUNDS, SIZE_BOUNDS, Histogram, RouteSeries, Snapshot
from sidecar.sinks.prometheus.exemplars import Exemplars
from sidecar.sinks.prometheus.families import Families

_ROUTE = ("http_route",)


def traffic_families(families: Families, snapshot: Snapshot, exemplars: Exemplars) -> Iterable[Metric]:
    """All families of a snapshot."""
    yield families.histogram(
        "http_server_request_duration_seconds",
        "Time from a request's first byte to its response's last.",
        ("http_request_method", "http_route", "http_response_status_code"),
        DURATION_BOUNDS,
        (
            (
                (series.method, series.route, str(series.status)),
                series.durations,
                exemplars.of(series.method, series.route, series.status, series.durations),
            )
            for series in snapshot.requests
        ),
    )
    yield from _histograms_by_route(families, snapshot.routes)
    yield families.histogram(
        "sidecar_added_latency_seconds",
        "Time that the sidecar itself took of each request, both ways together.",
        (),
        ADDED_BOUNDS,
        [((), snapshot.added, ())],
    )
    yield families.counter(
        "sidecar_exchanges",
        "Exchanges by protocol and outcome; connections that are not watched by the reason.",
        ("protocol", "outcome"),
        (((protocol, outcome), count) for protocol, outcome, count in snapshot.exchanges),
    )
    yield families.counter(
        "sidecar_shed",
        "What was dropped on the way to the observer, by the stage that dropped it and why.",
        ("stage", "reason"),
        (((stage, reason), count) for stage, reason, count in (*snapshot.shed, snapshot.shed_by_faults)),
    )
    yield from _process(families, snapshot)


def _histograms_by_route(families: Families, routes: Sequence[RouteSeries]) -> Iterable[Metric]:
    def rows(field: str) -> Iterable[tuple[Sequence[str], Histogram, Sequence[None]]]:
        return (((series.route,), getattr(series, field), ()) for series in routes)

    yield families.histogram(
        "http_server_request_body_size_bytes", "Size of request bodies.", _ROUTE, SIZE_BOUNDS, rows("request_bytes")
    )
    yield families.histogram(
        "http_server_response_body_size_bytes", "Size of response bodies.", _ROUTE, SIZE_BOUNDS, rows("response_bytes")
    )
    yield families.histogram(
        "sidecar_upstream_first_byte_seconds",
        "Time from a request's first byte to its response's first.",
        _ROUTE,
        DURATION_BOUNDS,
        rows("first_byte"),
    )


def _process(families: Families, snapshot: Snapshot) -> Iterable[Metric]:
    yield families.gauge("http_server_active_requests", "Requests in flight.", (), [((), snapshot.active_requests)])
    yield families.gauge(
        "sidecar_handoff_bytes", "Bytes that wait for the observer.", (), [((), snapshot.handoff_bytes)]
    )
    yield families.gauge(
        "sidecar_handoff_exchanges",
        "Exchanges that wait for the observer or its acknowledgement.",
        (),
        [((), snapshot.handoff_exchanges)],
    )
    yield families.counter(
        "sidecar_observed",
        "Exchanges that the observer has handled, by what became of them.",
        ("result",),
        (((result,), count) for result, count in snapshot.observed),
    )
    yield families.counter(
        "sidecar_observer_restarts", "Times the observer was started again.", (), [((), snapshot.observer_restarts)]
    )
    yield families.counter(
        "sidecar_observer_ends",
        "Times the observer ended, by why.",
        ("reason",),
        (((reason,), count) for reason, count in snapshot.observer_ends),
    )
    yield from _connections(families, snapshot)


def _connections(families: Families, snapshot: Snapshot) -> Iterable[Metric]:
    yield families.gauge("sidecar_connections", "Clients that are connected.", (), [((), snapshot.connections)])
    yield families.gauge("sidecar_connections_limit", "Most clients at a time.", (), [((), snapshot.connections_limit)])
    yield families.counter(
        "sidecar_refused_connections",
        "Connections that were turned away, because there are as many as there may be.",
        ("reason",),
        (((reason,), count) for reason, count in snapshot.refused),
    )
    yield families.counter(
        "sidecar_accept_pauses",
        "Times that accepting was put off, because the kernel had no descriptor or memory.",
        (),
        [((), snapshot.accept_pauses)],
    )

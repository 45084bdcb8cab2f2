"""The tally as Prometheus text, for the moments in which there is no observer to ask.

Only what must not stop meanwhile: how the model serves, that the observer is down, and what is lost. The names are those of
the Prometheus sink; the counters go on where it left off, because both read the same snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from sidecar.core.words.snapshot import DURATION_BOUNDS, RequestSeries, Snapshot
from sidecar.settings import ModelSettings

Labels = dict[str, str]


def render(snapshot: Snapshot, model: ModelSettings) -> str:
    """Prometheus text format 0.0.4."""
    common = {"model_name": model.name, "model_version": model.version}
    families: list[tuple[str, str, str, Iterable[tuple[Labels, float]]]] = [
        ("sidecar_observer_up", "gauge", "1 while the observer runs.", [({}, 0)]),
        (
            "sidecar_observer_restarts_total",
            "counter",
            "Times the observer was started again.",
            [({}, snapshot.observer_restarts)],
        ),
        (
            "sidecar_observer_ends_total",
            "counter",
            "Times the observer ended, by why.",
            [({"reason": r}, n) for r, n in snapshot.observer_ends],
        ),
        ("http_server_active_requests", "gauge", "Requests in flight.", [({}, snapshot.active_requests)]),
        ("sidecar_handoff_bytes", "gauge", "Bytes that wait for the observer.", [({}, snapshot.handoff_bytes)]),
        (
            "sidecar_handoff_exchanges",
            "gauge",
            "Exchanges that wait for the observer or its acknowledgement.",
            [({}, snapshot.handoff_exchanges)],
        ),
        (
            "sidecar_observed_total",
            "counter",
            "Exchanges that the observer has handled, by what became of them.",
            [({"result": r}, n) for r, n in snapshot.observed],
        ),
        (
            "sidecar_exchanges_total",
            "counter",
            "Exchanges by protocol and outcome.",
            [({"protocol": p, "outcome": o}, n) for p, o, n in snapshot.exchanges],
        ),
        (
            "sidecar_log_lines_lost_total",
            "counter",
            "Lines on standard output and error that nobody took in time.",
            [({"process": "traffic"}, snapshot.log_lines_lost)],
        ),
        ("sidecar_connections", "gauge", "Clients that are connected.", [({}, snapshot.connections)]),
        ("sidecar_connections_limit", "gauge", "Most clients at a time.", [({}, snapshot.connections_limit)]),
        (
            "sidecar_refused_connections_total",
            "counter",
            "Connections that were turned away.",
            [({"reason": r}, n) for r, n in snapshot.refused],
        ),
        ("sidecar_accept_pauses_total", "counter", "Times that accepting was put off.", [({}, snapshot.accept_pauses)]),
        (
            "sidecar_shed_total",
            "counter",
            "What was dropped on the way to the observer.",
            [({"stage": s, "reason": r}, n) for s, r, n in (*snapshot.shed, snapshot.shed_by_faults)],
        ),
    ]
    lines = []
    for name, kind, text, samples in families:
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{_labels(common | labels)} {value}" for labels, value in samples]
    lines += _durations(snapshot.requests, common)
    return "\n".join(lines) + "\n"


def _durations(requests: Sequence[RequestSeries], common: Labels) -> Iterator[str]:
    """As the Prometheus sink writes this histogram."""
    name = "http_server_request_duration_seconds"
    yield f"# HELP {name} Time from a request's first byte to its response's last."
    yield f"# TYPE {name} histogram"
    for one in requests:
        status = {"http_response_status_code": str(one.status)}
        labels = common | {"http_request_method": one.method, "http_route": one.route} | status
        limits = (*map(repr, DURATION_BOUNDS), "+Inf")
        for limit, count in zip(limits, accumulate(one.durations.counts), strict=True):
            yield f"{name}_bucket{_labels(labels | {'le': limit})} {float(count)}"
        yield f"{name}_count{_labels(labels)} {float(sum(one.durations.counts))}"
        yield f"{name}_sum{_labels(labels)} {one.durations.total}"


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

"""The tally as Prometheus text, for the moments in which there is no observer to ask.

Only what says how the sidecar itself is: that the observer is down, and what is lost meanwhile. The names are those of
the Prometheus sink; the counters go on where it left off, because both read the same snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable

from sidecar.core.snapshot import Snapshot
from sidecar.settings import ModelSettings


def render(snapshot: Snapshot, model: ModelSettings) -> str:
    """Prometheus text format 0.0.4."""
    common = {"model_name": model.name, "model_version": model.version}
    families: list[tuple[str, str, str, Iterable[tuple[dict[str, str], float]]]] = [
        ("sidecar_observer_up", "gauge", "1 while the observer runs.", [({}, 0)]),
        (
            "sidecar_observer_restarts_total",
            "counter",
            "Times the observer was started again.",
            [({}, snapshot.observer_restarts)],
        ),
        ("http_server_active_requests", "gauge", "Requests in flight.", [({}, snapshot.active_requests)]),
        ("sidecar_handoff_bytes", "gauge", "Bytes that wait for the observer.", [({}, snapshot.handoff_bytes)]),
        (
            "sidecar_exchanges_total",
            "counter",
            "Exchanges by protocol and outcome.",
            [({"protocol": p, "outcome": o}, n) for p, o, n in snapshot.exchanges],
        ),
        (
            "sidecar_shed_total",
            "counter",
            "What was dropped on the way to the observer.",
            [({"stage": s, "reason": r}, n) for s, r, n in snapshot.shed],
        ),
    ]
    lines = []
    for name, kind, text, samples in families:
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{_labels(common | labels)} {value}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

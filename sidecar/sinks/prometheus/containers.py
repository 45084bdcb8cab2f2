"""Metric families of containers: the sidecar's own cgroup, and the model's processes where they are visible."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import Metric

from sidecar.core.words.containers import CgroupView, ContainersView, ProcessesView
from sidecar.sinks.prometheus.families import Families


def container_families(families: Families, view: ContainersView) -> Iterable[Metric]:
    """The families of what could be read."""
    if view.own is not None:
        yield from _own(families, view.own)
    if view.model is not None:
        yield from _model(families, view.model)


def _own(families: Families, own: CgroupView) -> Iterable[Metric]:
    prefix = "sidecar_container"
    yield families.counter(f"{prefix}_cpu_seconds", "CPU time of the sidecar's container.", (), [((), own.cpu_seconds)])
    yield families.counter(
        f"{prefix}_cpu_throttled_seconds", "Time that it was throttled by its limit.", (), [((), own.throttled_seconds)]
    )
    yield families.gauge(f"{prefix}_memory_bytes", "Memory of the sidecar's container.", (), [((), own.memory_bytes)])
    limit = [] if own.limit_bytes is None else [((), float(own.limit_bytes))]
    yield families.gauge(f"{prefix}_memory_limit_bytes", "Its limit; absent without one.", (), limit)
    yield families.counter(
        f"{prefix}_oom_events", "Processes in it that were killed for memory.", (), [((), own.oom_events)]
    )


def _model(families: Families, model: ProcessesView) -> Iterable[Metric]:
    prefix = "model_container"
    yield families.counter(f"{prefix}_cpu_seconds", "CPU time of the model's processes.", (), [((), model.cpu_seconds)])
    yield families.gauge(f"{prefix}_memory_bytes", "Their resident memory.", (), [((), model.memory_bytes)])
    yield families.gauge(f"{prefix}_threads", "Their threads.", (), [((), model.threads)])
    open_ones = [] if model.descriptors is None else [((), float(model.descriptors))]
    yield families.gauge(f"{prefix}_descriptors", "Their open files; absent if they are another user's.", (), open_ones)
    yield families.gauge(f"{prefix}_start_time_seconds", "When the oldest was started.", (), [((), model.started)])

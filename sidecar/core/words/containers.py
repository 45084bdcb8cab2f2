"""What is known of containers: the sidecar's own cgroup, and the model's processes where the pod shares its process namespace."""

from __future__ import annotations

import msgspec


class CgroupView(msgspec.Struct, frozen=True):
    """Limits and use of the sidecar's own container, as the kernel counts them."""

    cpu_seconds: float
    throttled_seconds: float
    memory_bytes: int
    limit_bytes: int | None
    """None without a limit."""
    oom_events: int


class ProcessesView(msgspec.Struct, frozen=True):
    """All processes of the model together."""

    cpu_seconds: float
    memory_bytes: int
    threads: int
    descriptors: int | None
    """None where the kernel forbids it, because the processes are another user's."""
    started: float
    """Unix time of the oldest."""


class ContainersView(msgspec.Struct, frozen=True):
    """Own container and model; None where there is nothing to read."""

    own: CgroupView | None = None
    model: ProcessesView | None = None

"""The patch: a pod in, the same pod with the sidecar out. Pure: no socket, no clock, and the pod given is not touched.

What was changed is written into one annotation, so that a second run finds it done and `remove` can undo it, and only
it: what others changed since stays theirs. The steps are in the neighbours: `wishes` reads annotations, `model` finds
the container, `redirect` moves ports, `container` makes the sidecar.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sidecar.inject.options import Options, Refused

__all__ = ["Options", "Patched", "Refused", "inject", "remove"]


class Patched(NamedTuple):
    """What became of a pod."""

    pod: dict[str, Any]
    operations: list[dict[str, Any]]
    """A JSON patch (RFC 6902) from the pod given to this one; empty if nothing changes."""
    warnings: list[str]
    """For whoever created the pod: what is not watched, or not as it seems."""
    skipped: str | None
    """Why the pod got no sidecar; None if it has one."""


def inject(pod: dict[str, Any], options: Options, namespace: str = "") -> Patched:
    """Add the sidecar to a pod. Raises Refused, which names the annotation or field, the reason and the mend."""
    raise NotImplementedError


def remove(pod: dict[str, Any]) -> dict[str, Any]:
    """The pod without the sidecar and all that came with it; an unpatched pod comes back as it is."""
    raise NotImplementedError

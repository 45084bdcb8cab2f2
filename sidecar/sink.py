"""The contract of a sink: something that tells the outside. Each one is a file in `sidecar/sinks`.

A sink runs in the observer only. It must never block the event loop for long, never raise on any event, and count what
it could not deliver: `results` feeds `sidecar_sink_events_total`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sidecar.core.events import Event


class Sink(Protocol):
    """Takes every event; ignores the kinds that are not its business."""

    name: str
    """Label value `sink`."""

    results: Mapping[str, int]
    """Events by result (`sent`, `dropped`, `failed`), cumulative."""

    def handle(self, event: Event) -> None:
        """Take one event; must return at once."""

    def flush(self) -> None:
        """Push out what is buffered; called at the end, may take up to `drain.flush_seconds`."""

"""The contract of a sink: something that tells the outside. Each one is a file in `sidecar/sinks`.

A sink runs in the observer only. It must never block the event loop for long, never raise on any event, and count what
it could not deliver: `results` feeds `sidecar_sink_events_total`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from sidecar.core.reading.metrics_page import Merging
from sidecar.core.words.containers import ContainersView
from sidecar.core.words.events import Event
from sidecar.core.words.snapshot import Snapshot
from sidecar.core.words.view import MonitorView

RESULTS = ("sent", "dropped", "failed")
"""What may become of an event. Each is exported from 0 on: the first loss must be seen."""


class Sink(Protocol):
    """Takes every event; ignores the kinds that are not its business."""

    name: str
    """Label value `sink`."""

    every_exchange: bool
    """False where only exchanges that carry a sampled trace are its business; it is spared the others."""

    results: Mapping[str, int]
    """Events by result (`RESULTS`), cumulative; nothing at all for a sink that is read."""

    def handle(self, event: Event) -> None:
        """Take one event; must return at once."""

    def flush(self) -> None:
        """Push out what is buffered; called at the end, may take up to `drain.flush_seconds`."""


class Observed(NamedTuple):
    """All that there is to tell at one moment, for sinks that are read instead of pushed to, and for the live page."""

    snapshot: Snapshot | None
    """None until the traffic process has sent its first."""
    view: MonitorView
    sinks: Mapping[str, Mapping[str, int]]
    """sink -> result -> events"""
    reloads: Mapping[str, int] = {}
    """result -> reloads of the reference"""
    containers: ContainersView = ContainersView()
    merging: Merging | None = None
    """The model's own metrics; None where none are wanted."""


@runtime_checkable
class Pushed(Protocol):
    """What a sink has beside, when it wants what `/metrics` answers every so often."""

    def due(self, now: float) -> bool:
        """It is time to push; asking puts the next time off."""

    def push(self, exposition: bytes) -> None:
        """Take it; must return at once."""


@runtime_checkable
class Exposition(Protocol):
    """What a sink has beside, when it is read: `/metrics`."""

    def render(self, observed: Observed, accept: str) -> tuple[bytes, str]:
        """Body and content type for a client whose `Accept` header is `accept`."""

"""The contract of a sink, which takes events of the monitor out of the pod. Each sink is a file in `sidecar/sinks`.

Sinks run in the observer only. A sink must not block the event loop, must not raise whatever the event is, and must count
what it could not deliver: `results` is exported as `sidecar_sink_events_total`.
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
"""What can become of an event. Each is exported from 0 on, so that `rate()` sees the first loss."""

FLUSH_SHARE = 0.6
"""Share of `drain.flush_seconds` that the last sending may take; the rest is left to the other sinks."""


class Sink(Protocol):
    """Takes every event, and ignores the kinds that it does not export."""

    name: str
    """Value of the label `sink`."""

    every_exchange: bool
    """Whether it needs every exchange. False: it gets only those that carry a sampled trace."""

    results: Mapping[str, int]
    """Events by result (`RESULTS`), cumulative; empty for a sink that is read instead of pushed to."""

    def handle(self, event: Event) -> None:
        """Take one event; must return at once."""

    def flush(self) -> None:
        """Send what is buffered. Called once, at the end; may take up to `drain.flush_seconds`."""


class Observed(NamedTuple):
    """The state of the sidecar at one moment, for sinks that are read instead of pushed to, and for the live page."""

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
    faults: Mapping[str, int] = {}
    """kind -> times that something of ours failed"""
    log_lines_lost: int = 0
    """Of the observer."""


@runtime_checkable
class Pushed(Protocol):
    """A sink that also sends what `/metrics` answers, at intervals."""

    def due(self, now: float) -> bool:
        """Whether it is time to push, at `now` (seconds of a steady clock). If so, the next interval begins."""

    def push(self, exposition: bytes) -> None:
        """Take what `/metrics` answers; must return at once."""


@runtime_checkable
class Exposition(Protocol):
    """A sink that is read: it answers `/metrics`."""

    def render(self, observed: Observed, accept: str) -> tuple[bytes, str]:
        """Body and content type for a client whose `Accept` header is `accept`."""

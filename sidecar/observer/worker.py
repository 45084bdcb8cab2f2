"""Joins monitor, sinks and memory: exchanges go to the monitor, its events to the sinks. Nothing that happens here ends
the observer.

It is driven from outside (exchanges, snapshots, ticks, the end), knows no socket, and gets its clock as an argument. An
exception in the monitor or in a sink is counted and logged at most once a minute per kind, because one bad message must
not stop the analysis of all others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from sidecar.core.reading.metrics_page import Merging
from sidecar.core.reference.profile import Profile
from sidecar.core.words.containers import ContainersView
from sidecar.core.words.events import Event, ExchangeSeen, ReferenceLearned
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.snapshot import OBSERVED, Snapshot
from sidecar.core.words.view import MonitorView
from sidecar.observer.complaints import Complaints, Part
from sidecar.observer.history import History
from sidecar.observer.memory import Memory
from sidecar.observer.reload import Reloader
from sidecar.sink import Exposition, Observed, Pushed, Sink


class Analysis(Protocol):
    """The part of a monitor that the worker uses (see sidecar.core.watching.monitor)."""

    results: Counter[str]

    def feed_many(self, exchanges: Sequence[Exchange], now: float) -> list[Event]:
        """Decode and count a batch."""

    def tick(self, now: float) -> list[Event]:
        """Do what is due by time."""

    def finish(self, now: float) -> list[Event]:
        """Judge waiting rows and close open windows."""

    def view(self) -> MonitorView:
        """All figures as of now."""

    def since(self, time: float, now: float) -> Profile | None:
        """The rows since `time` as the next reference; None without rows."""

    def live(self) -> Profile | None:
        """The rows since the references were taken up; None without rows."""


def _exhausted() -> None:
    raise MemoryError


class Worker:
    """Drives one monitor and its sinks. `on_learned` is called after each learned reference."""

    def __init__(
        self,
        monitor: Analysis,
        sinks: Sequence[Sink],
        clock: Callable[[], float],
        complaints: Complaints,
        on_learned: Callable[[], None] = lambda: None,
        reloader: Reloader | None = None,
        containers: Callable[[], ContainersView] = ContainersView,
        log_lines_lost: Callable[[], int] = lambda: 0,
        *,
        exhausted: Callable[[], object] = _exhausted,
    ) -> None:
        self._monitor = monitor
        self._sinks = sinks
        self._for_all = [sink for sink in sinks if sink.every_exchange]
        self._pushed = [sink for sink in sinks if isinstance(sink, Pushed)]
        self._clock = clock
        self.complaints = complaints
        self._on_learned = on_learned
        self._reloader = reloader
        self._containers = containers
        self._log_lines_lost = log_lines_lost
        self.exhausted = exhausted
        """Called when there is no memory left; it ends the process."""
        self._snapshot: Snapshot | None = None
        self.history = History()
        """The traffic, second by second."""
        self.memory = Memory()
        """What happened, for the live page."""
        self.started = clock()
        """Unix time."""

    def exchanges(self, batch: Sequence[Exchange]) -> tuple[int, ...]:
        """Take a batch of exchanges from the handoff; returns how many became what, in the order of `OBSERVED`."""
        before = self._monitor.results.copy()
        self._guarded(Part.PAGE, "memory", self.memory.saw, batch)
        self._emit(self._ask("feed_many", batch, self._clock()))
        handled = [self._monitor.results[result] - before[result] for result in OBSERVED]
        handled[OBSERVED.index("error")] += len(batch) - sum(handled)  # of a batch that failed as a whole
        return tuple(handled)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Take the counters of the traffic process."""
        self._snapshot = snapshot
        self._guarded(Part.PAGE, "history", self.history.add, snapshot)

    def tick(self) -> None:
        """Called a few times a second."""
        self._emit(self._ask("tick", self._clock()))
        if self._reloader:
            self._emit(
                self._guarded(Part.REFERENCE, "looking for a new reference", self._reloader.look, self._clock()) or ()
            )

        for sink in self._pushed:
            if sink.due(self._clock()):
                self._guarded(Part.SINK, "pushing metrics", lambda sink=sink: sink.push(self.metrics("text/plain")[0]))

    def reload(self) -> None:
        """Read the reference file again, now."""
        if self._reloader:
            self._emit(
                self._guarded(Part.REFERENCE, "reading the reference", self._reloader.reload, self._clock()) or ()
            )

    def finish(self) -> None:
        """The end: close windows, and flush every sink."""
        self._emit(self._ask("finish", self._clock()))
        for sink in self._sinks:
            self._guarded(Part.SINK, f"sink {sink.name}", sink.flush)

    @property
    def last_snapshot(self) -> Snapshot | None:
        """The last counters of the traffic process; None before the first."""
        return self._snapshot

    def observed(self) -> Observed:
        """Everything that sinks and pages may show, as of now."""
        containers = self._guarded(Part.CONTAINERS, "looking at containers", self._containers) or ContainersView()
        return self.overview()._replace(containers=containers)

    def overview(self) -> Observed:
        """As `observed`, without the containers: reading these opens many files, and pages ask often."""
        sinks = {sink.name: sink.results for sink in self._sinks}
        return Observed(
            self._snapshot,
            self._monitor.view(),
            sinks,
            self._reloader.results if self._reloader else {},
            faults=self.complaints.counts,
            log_lines_lost=self._log_lines_lost(),
        )

    def since(self, time: float) -> Profile | None:
        """The rows since `time` (Unix seconds) as the next reference, with its lineage; None without rows."""
        return self._monitor.since(time, self._clock())

    def live(self) -> Profile | None:
        """The rows since the reference was taken up, as a profile in its bins; None without rows."""
        return self._monitor.live()

    def metrics(self, accept: str, merging: Merging | None = None) -> tuple[bytes, str]:
        """Body and content type of `/metrics` for an `Accept` header, with the model's own metrics. Raises LookupError
        without a sink that exposes metrics.
        """
        for sink in self._sinks:
            if isinstance(sink, Exposition):
                return sink.render(self.observed()._replace(merging=merging), accept)
        raise LookupError("no sink exposes metrics")

    def _ask(self, method: str, *arguments: Any) -> list[Event]:
        events: list[Event] | None = self._guarded(
            Part.ANALYSIS, f"monitor {method}", getattr(self._monitor, method), *arguments
        )
        return events or []

    def _emit(self, events: Iterable[Event]) -> None:
        """Pass events to the sinks. Most sinks take only sampled exchanges, and most exchanges are not sampled."""
        for event in events:
            untraced = isinstance(event, ExchangeSeen) and event.exchange.trace is None
            for sink in self._for_all if untraced else self._sinks:
                self._guarded(Part.SINK, f"sink {sink.name}", sink.handle, event)
            if not isinstance(event, ExchangeSeen):
                self._guarded(Part.PAGE, "memory", self.memory.handle, event)
            if isinstance(event, ReferenceLearned):
                self._guarded(Part.REFERENCE, "saving the learned reference", self._on_learned)

    def _guarded(self, part: Part, what: str, act: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return act(*arguments)
        except MemoryError:
            self.exhausted()
            return None
        except Exception as error:  # noqa: BLE001  # no message may stop the analysis
            self.complaints.add(part, what, error, self._clock())
            return None

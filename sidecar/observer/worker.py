"""The observer's machine room: exchanges into the monitor, what it says to the sinks, and nothing that can end it.

It is driven from outside (exchanges, snapshots, ticks, the end) and knows no socket; time is a callable it is given. An
exception in the monitor or in a sink is counted, complained about at most once a minute a kind, and goes no further: one
bad message must not cost the watch over all the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from sidecar.core.reading.metrics_page import Merging
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.words.containers import ContainersView
from sidecar.core.words.events import Event, ExchangeSeen, ReferenceLearned
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Side
from sidecar.core.words.snapshot import Snapshot
from sidecar.core.words.view import MonitorView
from sidecar.observer.complaints import Complaints
from sidecar.observer.history import History
from sidecar.observer.memory import Memory
from sidecar.observer.reload import Reloader
from sidecar.sink import Exposition, Observed, Pushed, Sink


class Analysis(Protocol):
    """What the worker asks of a monitor (see sidecar.core.watching.monitor)."""

    def feed_many(self, exchanges: Sequence[Exchange], now: float) -> list[Event]:
        """Decode and count a batch."""

    def tick(self, now: float) -> list[Event]:
        """Do what time asks for."""

    def finish(self, now: float) -> list[Event]:
        """Close what is open."""

    def view(self) -> MonitorView:
        """Every figure, as of now."""

    def live_profile(self, side: Side) -> SideProfile | None:
        """What came on a side; None while there is no reference."""


class Worker:
    """Joins monitor, sinks and history. `on_learned` is told of each reference that was learned."""

    def __init__(
        self,
        monitor: Analysis,
        sinks: Sequence[Sink],
        clock: Callable[[], float],
        complaints: Complaints,
        on_learned: Callable[[], None] = lambda: None,
        reloader: Reloader | None = None,
        containers: Callable[[], ContainersView] = ContainersView,
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
        self._snapshot: Snapshot | None = None
        self.history = History()
        """How the traffic was, second by second."""
        self.memory = Memory()
        """What happened, for the live page."""
        self.started = clock()
        """Unix time."""

    def exchanges(self, batch: Sequence[Exchange]) -> None:
        """A batch of exchanges came over the handoff."""
        self._guarded("memory", self.memory.saw, batch)
        self._emit(self._ask("feed_many", batch, self._clock()))

    def snapshot(self, snapshot: Snapshot) -> None:
        """The traffic process's counters came."""
        self._snapshot = snapshot
        self._guarded("history", self.history.add, snapshot)

    def tick(self) -> None:
        """Called some times a second."""
        self._emit(self._ask("tick", self._clock()))
        if self._reloader:
            self._emit(self._guarded("looking for a new reference", self._reloader.look, self._clock()) or ())

        for sink in self._pushed:
            if sink.due(self._clock()):
                self._guarded("pushing metrics", lambda sink=sink: sink.push(self.metrics("text/plain")[0]))

    def reload(self) -> None:
        """Read the reference's file again, now."""
        if self._reloader:
            self._emit(self._guarded("reading the reference", self._reloader.reload, self._clock()) or ())

    def finish(self) -> None:
        """The end: close the windows, and let every sink push out what it holds."""
        self._emit(self._ask("finish", self._clock()))
        for sink in self._sinks:
            self._guarded(f"sink {sink.name}", sink.flush)

    @property
    def last_snapshot(self) -> Snapshot | None:
        """The traffic process's counters as they came last."""
        return self._snapshot

    def observed(self) -> Observed:
        """All that there is to tell now."""
        containers = self._guarded("looking at containers", self._containers) or ContainersView()
        return self.looked()._replace(containers=containers)

    def looked(self) -> Observed:
        """The same without the containers, for who asks often: to look at them reads many files."""
        sinks = {sink.name: sink.results for sink in self._sinks}
        return Observed(self._snapshot, self._monitor.view(), sinks, self._reloader.results if self._reloader else {})

    def live(self) -> Profile | None:
        """What came since the reference was taken up, as a profile in its bins; None where nothing came."""
        sides = {side: self._monitor.live_profile(side) for side in Side}
        known = {side: found for side, found in sides.items() if found is not None and found.counts.any()}
        return Profile(known) if known else None

    def metrics(self, accept: str, merging: Merging | None = None) -> tuple[bytes, str]:
        """`/metrics` for a client that accepts so, with the model's own. Raises LookupError if no sink exposes metrics."""
        for sink in self._sinks:
            if isinstance(sink, Exposition):
                return sink.render(self.observed()._replace(merging=merging), accept)
        raise LookupError("no sink exposes metrics")

    def _ask(self, method: str, *arguments: Any) -> list[Event]:
        events: list[Event] | None = self._guarded(f"monitor {method}", getattr(self._monitor, method), *arguments)
        return events or []

    def _emit(self, events: Iterable[Event]) -> None:
        """Tell the sinks. Most sinks care for sampled exchanges alone, and most exchanges are not sampled."""
        for event in events:
            untraced = isinstance(event, ExchangeSeen) and event.exchange.trace is None
            for sink in self._for_all if untraced else self._sinks:
                self._guarded(f"sink {sink.name}", sink.handle, event)
            if not isinstance(event, ExchangeSeen):
                self._guarded("memory", self.memory.handle, event)
            if isinstance(event, ReferenceLearned):
                self._guarded("saving the learned reference", self._on_learned)

    def _guarded(self, kind: str, act: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return act(*arguments)
        except Exception as error:  # noqa: BLE001  # nothing that a message brings may end the watch
            self.complaints.add(kind, error, self._clock())
            return None

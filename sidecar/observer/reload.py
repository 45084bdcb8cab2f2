"""Takes up a reference file that was replaced, without a restart: looked for now and then, or at once on SIGHUP.

A URL is asked again on SIGHUP only. A file that cannot be read or is not a profile is complained about, and the
reference that is in use stays. What a change means for verdicts is the monitor's business.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Protocol

from sidecar.core.reference.profile import Profile
from sidecar.core.words.events import Event
from sidecar.errors import ReferenceFileError, ReferenceUnreachableError
from sidecar.observer.complaints import Complaints
from sidecar.observer.reference import read_reference

Signature = tuple[int, int, int]


class Switches(Protocol):
    """What is asked of a monitor (see sidecar.core.watching.monitor)."""

    def switch(self, reference: Profile, now: float) -> list[Event]:
        """Compare with another reference from now on; nothing happens if it is the same."""


class Reloader:
    """Watches one file. `results` counts what came of each reload: `ok`, `unchanged`, `failed`."""

    def __init__(self, path: str, every_seconds: float, monitor: Switches, complaints: Complaints) -> None:
        """An empty path, or 0 seconds, is never looked at by itself."""
        self.results: Counter[str] = Counter()
        self._path = path
        self._every = every_seconds
        self._monitor = monitor
        self._complaints = complaints
        self._seen = self._signature()
        self._due = 0.0

    def look(self, now: float) -> list[Event]:
        """Called some times a second: reload if the file has another signature than at the last look."""
        if not self._path or not self._every or now < self._due:
            return []
        self._due = now + self._every
        return self.reload(now) if self._signature() != self._seen else []

    def reload(self, now: float) -> list[Event]:
        """Read the file again, whatever it looks like from outside."""
        if not self._path:
            return []
        self._seen = self._signature()
        try:
            events = self._monitor.switch(read_reference(self._path), now)
        except (ReferenceFileError, ReferenceUnreachableError) as error:
            self.results["failed"] += 1
            self._complaints.add("the reference that was replaced", error, now)
            return []
        self.results["ok" if events else "unchanged"] += 1
        return events

    def _signature(self) -> Signature | None:
        """What changes when a file is written, moved over, or a link to it is turned (as for a ConfigMap)."""
        try:
            found = Path(self._path).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

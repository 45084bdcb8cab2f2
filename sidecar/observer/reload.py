"""Takes up a reference file that was replaced, without a restart: checked every few seconds, or at once on SIGHUP.

A URL is fetched again only on SIGHUP, or if it could not be fetched at the start. If a file cannot be read or is not a
profile, the failure is logged, and the current reference stays. The monitor decides what a change means for verdicts, and
`last_good` keeps what was read for the next start.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Protocol

from sidecar.core.reference.profile import Profile
from sidecar.core.words.events import Event
from sidecar.errors import ReferenceFileError, ReferenceUnreachableError
from sidecar.last_good import Failure, LastGood
from sidecar.observer.complaints import Complaints, Part
from sidecar.reference_store import read_reference

Signature = tuple[int, int, int]


class Switches(Protocol):
    """The part of a monitor that is used here (see sidecar.core.watching.monitor)."""

    def switch(self, reference: Profile, now: float) -> list[Event]:
        """Compare with another reference from now on; does nothing if it is the same."""


class Reloader:
    """Watches one file. `results` counts reloads by result: `ok`, `unchanged`, `failed`."""

    def __init__(
        self,
        path: str,
        every_seconds: float,
        monitor: Switches,
        complaints: Complaints,
        failed: Failure | None = None,
    ) -> None:
        """With an empty path, or 0 seconds, only `reload` reads. `failed` is why the monitor began with the last good one."""
        self.results: Counter[str] = Counter()
        self._path = path
        self._every = every_seconds
        self._monitor = monitor
        self._complaints = complaints
        self._seen = self._signature()
        self._due = 0.0
        self._failed = failed
        self._again = failed is not None and self._seen is None
        """There is no file that could change, so it is read anew until that succeeds."""

    def look(self, now: float) -> list[Event]:
        """Called a few times a second: reload if the signature of the file has changed."""
        if self._failed is not None:
            self._complain("the reference, in whose place is the last good one", self._failed, now)
            self._failed = None
        if not self._path or not self._every or now < self._due:
            return []
        self._due = now + self._every
        return self.reload(now) if self._again or self._signature() != self._seen else []

    def reload(self, now: float) -> list[Event]:
        """Read the file again, also if its signature is the same."""
        if not self._path:
            return []
        self._seen = self._signature()
        try:
            reference = read_reference(self._path)
        except (ReferenceFileError, ReferenceUnreachableError) as error:
            self._complain("the reference that was replaced", error, now)
            return []
        self._again = False
        events = self._monitor.switch(reference, now)
        if events:
            LastGood(self._path).keep(reference)
        self.results["ok" if events else "unchanged"] += 1
        return events

    def _complain(self, what: str, error: Failure, now: float) -> None:
        self.results["failed"] += 1
        self._complaints.add(Part.REFERENCE, what, error, now)

    def _signature(self) -> Signature | None:
        """Inode, modification time and size: changes if the file is written, replaced, or its link is switched (as for
        a ConfigMap).
        """
        try:
            found = Path(self._path).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

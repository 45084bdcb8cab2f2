"""Faults inside the observer: always counted, logged to stderr at most once a minute each.

A fault that occurs with every message would otherwise fill the log of the pod.
"""

from __future__ import annotations

import enum
import logging
from collections import Counter

import msgspec

from sidecar.plain_text import told

_EVERY_SECONDS = 60.0
_log = logging.getLogger("sidecar.observer")


class Part(enum.StrEnum):
    """What of the observer failed; values of the label `kind` of `sidecar_faults_total`."""

    ANALYSIS = "analysis"
    """Decoding, counting and judging."""
    SINK = "sink"
    REFERENCE = "reference"
    """A reference that was replaced could not be read, or a learned one not be saved."""
    PAGE = "page"
    """An answer of the admin port, or what the live page remembers."""
    MERGE = "merge"
    """The model's own metrics."""
    CONTAINERS = "containers"


class Fault(msgspec.Struct, frozen=True):
    """The last fault of its kind, as the log says it."""

    kind: Part
    what: str
    """What failed."""
    error: str
    """Its type, with its message where that is ours or the system's; a library's may repeat a value."""
    at: float
    """Unix seconds."""
    count: int
    """Faults of this kind since the observer's start."""


class Complaints:
    """Counts faults and limits the log. What failed is named by our own code, so there are few of them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys((part.value for part in Part), 0))
        """Faults by part, each from 0, so that the first is an increase."""
        self.last: dict[str, Fault] = {}
        """The last fault of each kind."""
        self._added: Counter[str] = Counter()
        self._written: dict[str, tuple[float, int]] = {}

    def add(self, part: Part, what: str, error: Exception, now: float) -> None:
        """`what` failed with `error` at `now` (seconds); logs it with its traceback, if a minute has passed."""
        self.counts[part.value] += 1
        self._added[what] += 1
        self.last[what] = Fault(part, what, told(error), now, self._added[what])
        at, count = self._written.get(what, (float("-inf"), 0))
        if now - at < _EVERY_SECONDS:
            return
        self._written[what] = now, self._added[what]
        times = self._added[what] - count
        _log.error("%s failed (%d times since last said): %s", what, times, told(error), exc_info=error)

"""Faults inside the observer: always counted, logged to stderr at most once a minute per kind.

A fault that occurs with every message would otherwise fill the log of the pod.
"""

from __future__ import annotations

import logging
from collections import Counter

_EVERY_SECONDS = 60.0
_log = logging.getLogger("sidecar.observer")


class Complaints:
    """Counts faults and limits the log; kinds come from our own code, so there are few."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """Faults by kind."""
        self._written: dict[str, tuple[float, int]] = {}

    def add(self, kind: str, error: Exception, now: float) -> None:
        """`kind` failed with `error` at `now` (seconds); logs it with its traceback, if a minute has passed."""
        self.counts[kind] += 1
        at, count = self._written.get(kind, (float("-inf"), 0))
        if now - at < _EVERY_SECONDS:
            return
        self._written[kind] = now, self.counts[kind]
        times = self.counts[kind] - count
        _log.error("%s failed (%d times since last said): %r", kind, times, error, exc_info=error)

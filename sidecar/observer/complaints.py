"""What went wrong inside the observer: counted always, written to stderr at most once a minute a kind.

A fault that comes with every message would otherwise fill the log of the pod, and cost more than the work it spoils.
"""

from __future__ import annotations

import logging
from collections import Counter

_EVERY_SECONDS = 60.0
_log = logging.getLogger("sidecar.observer")


class Complaints:
    """Counts and rations; kinds come from our own code, so there are few."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """How often each kind went wrong."""
        self._written: dict[str, tuple[float, int]] = {}

    def add(self, kind: str, error: Exception, now: float) -> None:
        """`kind` went wrong with `error` at `now`; writes it, with its traceback, if it is time to."""
        self.counts[kind] += 1
        at, count = self._written.get(kind, (float("-inf"), 0))
        if now - at < _EVERY_SECONDS:
            return
        self._written[kind] = now, self.counts[kind]
        times = self.counts[kind] - count
        _log.error("%s failed (%d times since last said): %r", kind, times, error, exc_info=error)

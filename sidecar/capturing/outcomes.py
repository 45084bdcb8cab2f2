"""What became of captured exchanges: counted by result, and said once a minute if some were lost."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from sidecar.rationed import Rationed

_log = logging.getLogger("sidecar.capturing")


class Outcomes:
    """The results of one sink. Threads may share it as long as each result is counted by one of them."""

    def __init__(self, sink: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.results: Counter[str] = Counter()
        self._sink = sink
        self._dropped = Rationed(_log, clock)
        self._failed = Rationed(_log, clock)

    def sent(self, count: int = 1) -> None:
        """So many exchanges were delivered."""
        self.results["sent"] += count

    def dropped(self, why: str, count: int = 1) -> None:
        """So many were given up by ourselves, since there was no room."""
        self.results["dropped"] += count
        self._dropped.warn(f"sink {self._sink} dropped {self.results['dropped']} exchanges so far: {why}")

    def failed(self, why: str, count: int = 1) -> None:
        """So many were refused by the disk or by the other side."""
        self.results["failed"] += count
        self._failed.warn(f"sink {self._sink} failed for {self.results['failed']} exchanges so far: {why}")

"""A warning that is logged at most once a minute, however often it is given: what fails at every event must not fill a log.

Whoever counts the failures does so itself. Neighbours: `export` and `capturing.outcomes`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

EVERY_SECONDS = 60.0


class Rationed:
    """Warnings of one kind."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._said = float("-inf")

    def warn(self, text: str) -> None:
        """Log it, unless one was logged less than a minute ago."""
        now = self._clock()
        if now - self._said >= EVERY_SECONDS:
            self._said = now
            self._log.warning("%s (said at most once a minute)", text)

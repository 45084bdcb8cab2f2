"""Decides when a window closes: after so many rows or so long, whichever comes first, but never with too few rows.

It counts rows and takes the time as an argument; the monitor keeps what was counted in the window.
"""

from __future__ import annotations

from sidecar.settings import WindowSettings


class Window:
    """The open window of one side. Times are seconds on any one clock."""

    def __init__(self, settings: WindowSettings, now: float) -> None:
        self._settings = settings
        self.started = now
        self.rows = 0

    @property
    def room(self) -> int:
        """Rows until it is full, at least 1."""
        return max(self._settings.rows - self.rows, 1)

    def due(self, now: float) -> bool:
        """Whether to close it: it is full, or its time is over and it has `min_rows`. A smaller one stays open."""
        if self.rows >= self._settings.rows:
            return True
        over = now - self.started >= self._settings.seconds
        return over and self.rows >= min(self._settings.min_rows, self._settings.rows)

    def restart(self, now: float) -> None:
        """Start the next window."""
        self.started = now
        self.rows = 0

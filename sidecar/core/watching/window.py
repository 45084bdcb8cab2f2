"""When a window closes: after so many rows or so long, whichever comes first, but never with too few rows to say anything.

It counts rows and takes the time as an argument; what was counted in the window is the monitor's.
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
        """Rows until it is full."""
        return max(self._settings.rows - self.rows, 1)

    def due(self, now: float) -> bool:
        """Whether it is to be closed: full, or over with at least `min_rows`. One that is smaller goes on."""
        if self.rows >= self._settings.rows:
            return True
        over = now - self.started >= self._settings.seconds
        return over and self.rows >= min(self._settings.min_rows, self._settings.rows)

    def restart(self, now: float) -> None:
        """Begin the next one."""
        self.started = now
        self.rows = 0

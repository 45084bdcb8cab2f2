"""Where lines wait until a receiver has taken them: in memory, bounded. `spool` is the same on a disk."""

from __future__ import annotations

import threading
from collections import deque
from typing import Protocol


class Outbox(Protocol):
    """One thread puts, another takes the oldest and settles it."""

    keeps: bool
    """Whether what waits at the end is there after a restart."""

    def put(self, line: bytes) -> str:
        """Take a line. Returns why there is no room for it; empty if it was taken. Raises OSError."""

    def oldest(self) -> bytes | None:
        """The oldest line, the same until it is settled; None if nothing waits. Raises OSError."""

    def settle(self) -> None:
        """The oldest line was dealt with. Raises OSError."""

    def waiting(self) -> int:
        """Lines that wait, of those that were put in this life."""


class MemoryOutbox:
    """Refuses the newest, beyond so many lines or bytes."""

    keeps = False

    def __init__(self, max_lines: int, max_bytes: int) -> None:
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, line: bytes) -> str:
        """Take a line, or say why not."""
        with self._lock:
            if len(self._lines) >= self._max_lines or self._bytes + len(line) > self._max_bytes:
                return "the receiver is slower than the exchanges, or away"
            self._lines.append(line)
            self._bytes += len(line)
        return ""

    def oldest(self) -> bytes | None:
        """The oldest line, until it is settled."""
        return self._lines[0] if self._lines else None

    def settle(self) -> None:
        """The oldest line was dealt with."""
        with self._lock:
            self._bytes -= len(self._lines.popleft())

    def waiting(self) -> int:
        """How many wait."""
        return len(self._lines)

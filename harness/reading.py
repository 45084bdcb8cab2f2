"""A progress that adds up what it is told, for tests of data files."""

from __future__ import annotations


class Told:
    """Bytes that were dealt with."""

    def __init__(self) -> None:
        self.size = 0

    def advance(self, size: int) -> None:
        """`size` more bytes."""
        self.size += size

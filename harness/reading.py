"""What tests of data files share: a progress that adds up what it is told, and the cells of a frame."""

from __future__ import annotations

from typing import Any

from sidecar.core.words.frame import Frame


class Told:
    """Bytes that were dealt with."""

    def __init__(self) -> None:
        self.size = 0

    def advance(self, size: int) -> None:
        """`size` more bytes."""
        self.size += size


def cells(frame: Frame) -> list[Any]:
    """All cells, row by row, whatever form the columns have."""
    return list(frame.values)

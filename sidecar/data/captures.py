"""Reads captured exchanges, as the capture sink wrote them, through the decoders: the rows that a live sidecar would see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sidecar.core.reading.capture import loads
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.intake import Intake
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame
from sidecar.data.columns import Columns
from sidecar.data.progress import Progress
from sidecar.errors import DataError
from sidecar.settings import DecodeSettings


def is_capture(file: Path) -> bool:
    """Whether the first line is a captured exchange."""
    with file.open("rb") as lines:
        try:
            loads(lines.readline())
        except DataError:
            return False
    return True


def exchanges(file: Path, progress: Progress) -> Iterator[Exchange]:
    """The exchanges in order. Raises DataError, which names the line at fault."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            progress.advance(len(line))
            if line.strip():
                yield loads(line, f"{file}, line {number}")


def read(file: Path, columns: Columns, progress: Progress) -> Iterator[Frame]:
    """The frames of all exchanges that decode. `columns` is ignored, since captures know their sides."""
    settings = DecodeSettings()
    intake = Intake(settings, decoders(settings))
    for exchange in exchanges(file, progress):
        yield from intake.frames(exchange, 0.0, [])

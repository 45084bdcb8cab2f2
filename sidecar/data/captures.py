"""Reads captured exchanges, as the capture sink wrote them, through the decoders: the rows that a live sidecar would see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from sidecar.core.reading.capture import loads
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.intake import Intake, Reading
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame
from sidecar.core.words.stream import Answered, StreamKey
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
    """The frames of exchanges whose requests were accepted, of the stream that the columns name, or of all of them.

    The choice of columns does not apply, for sides are known here.
    """
    for reading in _accepted(file, progress):
        if columns.stream in (None, reading.key):
            yield from reading.frames


def streams(files: Iterable[Path], progress: Progress) -> dict[str, StreamKey]:
    """The streams that captures hold accepted rows of, by what a reference may call them."""
    found = first_readings(files, progress)
    models = Counter(key.model for key in found)
    return {key.model if key.model and models[key.model] == 1 else "".join(key): key for key in found}


def first_readings(files: Iterable[Path], progress: Progress) -> dict[StreamKey, Reading]:
    """The first accepted exchange with rows of each stream."""
    found: dict[StreamKey, Reading] = {}
    for file in files:
        for reading in _accepted(file, progress):
            if any(frame.rows for frame in reading.frames):
                found.setdefault(reading.key, reading)
    return found


def _accepted(file: Path, progress: Progress) -> Iterator[Reading]:
    settings = DecodeSettings()
    intake = Intake(settings, decoders(settings))
    for exchange in exchanges(file, progress):
        reading = intake.read(exchange, 0.0, [])
        if reading is not None and reading.answered is Answered.ACCEPTED:
            yield reading

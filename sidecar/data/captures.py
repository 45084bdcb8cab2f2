"""Reads captured exchanges, as the capture sink wrote them, through the decoders: the rows that a live sidecar would see that
has the same settings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from sidecar.core.reading.capture import loads
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.intake import Intake, Reading, settings_of
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
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
    for reading in _accepted(file, columns.decode, progress):
        if columns.stream in (None, reading.key):
            names = settings_of(columns.decode, reading.declared).feature_names
            yield from (_named(frame, names) for frame in reading.frames)


def _named(frame: Frame, names: tuple[str, ...]) -> Frame:
    """With the names that the settings have for inputs that carry none."""
    if not names or frame.names is not None or frame.side is not Side.INPUT or frame.width != len(names):
        return frame
    return msgspec.structs.replace(frame, names=names)


def streams(files: Iterable[Path], decode: DecodeSettings, progress: Progress) -> dict[str, StreamKey]:
    """The streams that captures hold accepted rows of, by what a reference may call them."""
    found = first_readings(files, decode, progress)
    models = Counter(key.model for key in found)
    return {key.model if key.model and models[key.model] == 1 else "".join(key): key for key in found}


def first_readings(files: Iterable[Path], decode: DecodeSettings, progress: Progress) -> dict[StreamKey, Reading]:
    """The first accepted exchange with rows of each stream."""
    found: dict[StreamKey, Reading] = {}
    for file in files:
        for reading in _accepted(file, decode, progress):
            if any(frame.rows for frame in reading.frames):
                found.setdefault(reading.key, reading)
    return found


def _accepted(file: Path, decode: DecodeSettings, progress: Progress) -> Iterator[Reading]:
    intake = Intake(decode, decoders(decode))
    for exchange in exchanges(file, progress):
        reading = intake.read(exchange, 0.0, [])
        if reading is not None and reading.answered is Answered.ACCEPTED:
            yield reading

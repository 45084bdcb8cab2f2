"""Reads captured exchanges, as the capture sink wrote them, through the decoders: the rows that a live sidecar would see that
has the same settings.

A capture is a file, or a directory whose files are read in their order. The last line of a file may be cut, by a crash or
because it is being written: it is left out, and that is said.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from sidecar.capturing import parquet
from sidecar.capturing.bounded_directory import capture_files
from sidecar.capturing.rotated import OLDER
from sidecar.core.reading.capture import exchange_of, loads
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.intake import Intake, Reading, settings_of
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.stream import Answered, StreamKey
from sidecar.data.columns import Columns
from sidecar.data.jsonl import SUFFIXES
from sidecar.data.parquet import SUFFIXES as PARQUET
from sidecar.data.parquet import import_pyarrow
from sidecar.data.progress import Progress
from sidecar.errors import DataError
from sidecar.settings import DecodeSettings

_log = logging.getLogger("sidecar.data")


def files_of(capture: Path) -> list[Path]:
    """The files of a capture: itself, or those of a directory in their order; none if it is neither."""
    if capture.is_dir():
        return [found.path for found in capture_files(capture)]
    return [capture] if capture.is_file() else []


def size_of(capture: Path) -> int:
    """In bytes, of all files together."""
    return sum(file.stat().st_size for file in files_of(capture))


def is_capture(path: Path) -> bool:
    """Whether it is a directory of captures, Parquet of them, or JSON lines whose first is a captured exchange."""
    if path.is_dir():
        return bool(files_of(path))
    if path.suffix.lower() in PARQUET and path.is_file():
        return parquet.holds_records(path)
    if not path.name.lower().removesuffix(OLDER).endswith(SUFFIXES) or not path.is_file():
        return False
    with path.open("rb") as lines:
        try:
            loads(lines.readline())
        except DataError:
            return False
    return True


def exchanges(capture: Path, progress: Progress) -> Iterator[Exchange]:
    """The exchanges in order. Raises DataError, which names the line at fault."""
    for file in files_of(capture):
        yield from (_rows if file.suffix.lower() in PARQUET else _lines)(file, progress)


def _rows(file: Path, progress: Progress) -> Iterator[Exchange]:
    import_pyarrow(file)
    try:
        for number, record in enumerate(parquet.read(file), start=1):
            yield exchange_of(record, f"{file}, row {number}")
    except (ValueError, LookupError, OSError) as error:  # pyarrow's own errors among them
        fix = "Give what the capture sink wrote (`capture.path`)"
        raise DataError(str(file), f"cannot be read as captured exchanges ({error})", fix) from error
    progress.advance(file.stat().st_size)


def _lines(file: Path, progress: Progress) -> Iterator[Exchange]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            progress.advance(len(line))
            place = f"{file}, line {number}"
            try:
                read = loads(line, place) if line.strip() else None
            except DataError:
                if line.endswith(b"\n"):
                    raise
                _log.warning("%s: is cut off, and left out", place)
                return
            if read is not None:
                yield read


def read(capture: Path, columns: Columns, progress: Progress) -> Iterator[Frame]:
    """The frames of exchanges whose requests were accepted, of the stream that the columns name, or of all of them.

    The choice of columns does not apply, for sides are known here.
    """
    for reading in _accepted(capture, columns.decode, progress):
        if columns.stream in (None, reading.key):
            names = settings_of(columns.decode, reading.declared).feature_names
            yield from (_named(frame, names) for frame in reading.frames)


def _named(frame: Frame, names: tuple[str, ...]) -> Frame:
    """With the names that the settings have for inputs that carry none."""
    if not names or frame.names is not None or frame.side is not Side.INPUT or frame.width != len(names):
        return frame
    return msgspec.structs.replace(frame, names=names)


def streams(captures: Iterable[Path], decode: DecodeSettings, progress: Progress) -> dict[str, StreamKey]:
    """The streams that captures hold accepted rows of, by what a reference may call them."""
    found = first_readings(captures, decode, progress)
    models = Counter(key.model for key in found)
    return {key.model if key.model and models[key.model] == 1 else "".join(key): key for key in found}


def first_readings(captures: Iterable[Path], decode: DecodeSettings, progress: Progress) -> dict[StreamKey, Reading]:
    """The first accepted exchange with rows of each stream."""
    found: dict[StreamKey, Reading] = {}
    for capture in captures:
        for reading in _accepted(capture, decode, progress):
            if any(frame.rows for frame in reading.frames):
                found.setdefault(reading.key, reading)
    return found


def _accepted(capture: Path, decode: DecodeSettings, progress: Progress) -> Iterator[Reading]:
    intake = Intake(decode, decoders(decode))
    for exchange in exchanges(capture, progress):
        reading = intake.read(exchange, 0.0, [])
        if reading is not None and reading.answered is Answered.ACCEPTED:
            yield reading

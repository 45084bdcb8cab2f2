"""Reads data files as frames: CSV, Parquet, JSON lines, captured exchanges. `read_frames` picks the reader by the suffix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sidecar.core.words.frame import Frame
from sidecar.data import captures, csv, jsonl, parquet
from sidecar.data.columns import Columns
from sidecar.data.progress import Progress
from sidecar.errors import DataError

READERS = {".csv": csv.read, ".tsv": csv.read, **dict.fromkeys(parquet.SUFFIXES, parquet.read),
           **dict.fromkeys(jsonl.SUFFIXES, jsonl.read)}  # fmt: skip


def read_frames(path: str, columns: Columns, progress: Progress) -> Iterator[Frame]:
    """The rows of a file as frames of bounded size. Raises DataError, which names file, row and column."""
    file = Path(path)
    if captures.is_capture(file):
        yield from captures.read(file, columns, progress)
        return
    if not file.is_file():
        raise DataError(path, "is not a file", "Give the path of a CSV, Parquet or JSON-lines file, or of a capture")
    read = READERS.get(file.suffix.lower())
    if read is None:
        known = ", ".join(READERS)
        raise DataError(path, f"has the unknown suffix {file.suffix!r}", f"Name it by what it is: {known}")
    yield from read(file, columns, progress)

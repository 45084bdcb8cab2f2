"""Reads JSON lines: one object per line, whose keys are the columns. An absent key is missing; a list of numbers is a vector."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sidecar.core.reading.tables import parse
from sidecar.core.words.frame import Frame
from sidecar.data.columns import Columns, Places, numbers_of, transposed
from sidecar.data.progress import Progress
from sidecar.errors import DataError, DecodeError

SUFFIXES = (".jsonl", ".ndjson", ".json")

_CHUNK = 4096


def read(file: Path, columns: Columns, progress: Progress) -> Iterator[Frame]:
    """Frames of a few thousand rows. Raises DataError, which names the line and the key at fault."""
    checked = False
    with file.open("rb") as lines:
        numbered = enumerate(lines, start=1)
        while chunk := list(itertools.islice(numbered, _CHUNK)):
            rows = [_row(file, number, line, columns) for number, line in chunk if line.strip()]
            progress.advance(sum(len(line) for _, line in chunk))
            if not rows:
                continue
            names = list(dict.fromkeys(itertools.chain.from_iterable(rows)))
            if not checked:
                columns.check(str(file), names)
                checked = True
            numbers = [number for number, line in chunk if line.strip()]
            cells = transposed([row.get(name) for name in names] for row in rows)
            yield from columns.frames(names, cells, Places(file, numbers))


def _row(file: Path, number: int, line: bytes, columns: Columns) -> dict[str, Any]:
    try:
        row = parse(line)
    except DecodeError as error:
        raise DataError(f"{file}, line {number}", f"is not JSON ({error})", "Write one object a line") from error
    if not isinstance(row, dict):
        raise DataError(f"{file}, line {number}", "is not an object", "Write one object a line")
    for name, value in row.items():
        if isinstance(value, dict | list) and name not in columns.excluded:
            vector = numbers_of(value)
            if vector is None:
                what = f"{file}, line {number}, key {name!r}"
                reason = "holds an object, or a list that is not a list of numbers"
                raise DataError(what, reason, "Flatten it, or leave it out with --exclude")
            row[name] = vector
    return row

"""Reads CSV with a header, in bounded memory. Cells are read as the CSV decoder of live traffic reads them: a number if
it is one, missing if empty, `NA`, `null` or `nan`. The separator is the one of , ; | and tab that is most frequent in
the header.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from sidecar.core.reading.tables import cell_of
from sidecar.core.words.frame import Frame
from sidecar.data.columns import Columns, Places, transposed
from sidecar.data.progress import Progress
from sidecar.errors import DataError

_CHUNK = 4096
_SEPARATORS = ",;\t|"


def read(file: Path, columns: Columns, progress: Progress) -> Iterator[Frame]:
    """Frames of a few thousand rows. Raises DataError, which names the line, if it is not CSV or a row is ragged."""
    with file.open(encoding="utf-8-sig", newline="", errors="strict") as lines:
        try:
            yield from _frames(file, lines, columns, progress)
        except UnicodeDecodeError as error:
            raise DataError(str(file), f"is not UTF-8 ({error})", "Convert it to UTF-8") from error
        except csv.Error as error:
            raise DataError(str(file), f"is not CSV ({error})", "Fix the quoting there") from error


def _frames(file: Path, lines: TextIO, columns: Columns, progress: Progress) -> Iterator[Frame]:
    first = lines.readline()
    separator = max(_SEPARATORS, key=first.count)
    names = _header(file, first, separator)
    columns.check(str(file), names)
    rows = csv.reader(lines, delimiter=separator, strict=True)
    while chunk := list(itertools.islice(_numbered(rows), _CHUNK)):
        for number, row in chunk:
            if len(row) != len(names):
                where = f"{file}, line {number}"
                raise DataError(where, f"has {len(row)} cells, the header {len(names)}", "Fix or remove that line")
        progress.advance(sum(sum(map(len, row)) + len(row) for _, row in chunk))
        cells = [[cell_of(text) for text in column] for column in transposed(row for _, row in chunk)]
        yield from columns.frames(names, cells, Places(file, [number for number, _ in chunk]))


def _header(file: Path, line: str, separator: str) -> list[str]:
    if not line.strip():
        raise DataError(str(file), "is empty, or its first line is", "The first line must name the columns")
    names = next(csv.reader([line], delimiter=separator))
    if all(isinstance(cell_of(name), float) for name in names):
        raise DataError(f"{file}, line 1", "holds only numbers", "The first line must name the columns")
    return names


def _numbered(rows: Any) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the number of its last line."""
    for row in rows:
        if row:
            yield rows.line_num + 1, row  # the header is line 1

"""CSV with a header, in bounded memory. A cell that is a number is one; an empty one, `NA`, `null` or `nan` is missing."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sidecar.core.frame import Frame
from sidecar.core.tables import cell_of
from sidecar.data.columns import Columns, transposed
from sidecar.data.progress import Progress
from sidecar.errors import DataError

_CHUNK = 4096
_SEPARATORS = ",;\t|"


def read(file: Path, columns: Columns, progress: Progress) -> Iterator[Frame]:
    """Frames of a few thousand rows. Raises DataError for a ragged row, naming it."""
    with file.open(encoding="utf-8-sig", newline="", errors="strict") as lines:
        try:
            yield from _frames(file, lines, columns, progress)
        except UnicodeDecodeError as error:
            raise DataError(str(file), f"is not UTF-8 ({error})", "Convert it to UTF-8") from error
        except csv.Error as error:
            raise DataError(str(file), f"is not CSV ({error})", "Mend the quoting at that place") from error


def _frames(file: Path, lines: Any, columns: Columns, progress: Progress) -> Iterator[Frame]:
    first = lines.readline()
    if not first.strip():
        raise DataError(str(file), "is empty", "Give a file whose first line names the columns")
    separator = max(_SEPARATORS, key=first.count)
    names = next(csv.reader([first], delimiter=separator))
    columns.check(str(file), names)
    rows = csv.reader(lines, delimiter=separator, strict=True)
    while chunk := list(itertools.islice(rows, _CHUNK)):
        before = rows.line_num - len(chunk)
        for at, row in enumerate(chunk):
            if row and len(row) != len(names):
                where = f"line {before + at + 2} has {len(row)} cells"
                raise DataError(str(file), f"{where}, the header has {len(names)}", "Mend or remove that line")
        filled = [row for row in chunk if row]
        progress.advance(sum(map(len, itertools.chain.from_iterable(filled))) + len(filled) * len(names))
        yield from columns.frames(names, [list(map(cell_of, column)) for column in transposed(filled)])

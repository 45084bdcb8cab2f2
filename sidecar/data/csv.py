"""CSV with a header, in bounded memory. Cells are handed on as they are written; what they are, the column says.

The separator is the one of , ; | and tab that the header has most of. Where pyarrow is installed it reads the rows
(`arrow_csv`), else, and wherever it balks, the standard library does: with the same result, and with words for what is wrong.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from sidecar.core.words.cell_texts import number_of
from sidecar.core.words.cells import Coded, CodedCells
from sidecar.core.words.frame import Frame, named
from sidecar.data.columns import Columns, Places, transposed
from sidecar.data.progress import Progress, Silent
from sidecar.errors import DataError

_CHUNK = 4096
_SEPARATORS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*"')


class Header(NamedTuple):
    """The names of the columns, what separates them, and how many lines and bytes they take, without a byte order mark."""

    names: list[str]
    separator: str
    lines: int
    size: int


def read(file: Path, columns: Columns, progress: Progress) -> Iterator[Frame]:
    """Frames of a mebibyte of text, or a few thousand rows. Raises DataError for what is no CSV, or a ragged row, by line."""
    done = 0
    try:
        from sidecar.data import arrow_csv
    except ImportError:
        pass
    else:
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                header = header_of(file, lines)
            columns.check(str(file), header.names)
            for names, cells, rows in arrow_csv.read(file, header, columns.excluded, progress):
                yield from columns.frames(names, cells, Places(file, range(1, rows + 1), "row"))
                done += rows
            return
        except (arrow_csv.BalkedError, DataError, UnicodeDecodeError, csv.Error):  # said by line, below
            progress = Silent()
    yield from read_by_line(file, columns, progress, done)


def read_by_line(file: Path, columns: Columns, progress: Progress, skip: int = 0) -> Iterator[Frame]:
    """The same with the standard library, without the first `skip` rows."""
    with file.open(encoding="utf-8-sig", newline="", errors="strict") as lines:
        try:
            yield from _frames(file, lines, columns, progress, skip)
        except UnicodeDecodeError as error:
            raise DataError(str(file), f"is not UTF-8 ({error})", "Convert it to UTF-8") from error
        except csv.Error as error:
            raise DataError(str(file), f"is not CSV ({error})", "Fix the quoting there") from error


def header_of(file: Path, lines: TextIO) -> Header:
    """Read the header, which may have line breaks in quotes. Raises DataError where there is none."""
    text = lines.readline()
    while text.count('"') % 2 and (more := lines.readline()):
        text += more
    if not text.strip():
        raise DataError(str(file), "is empty, or its first line is", "The first line must name the columns")
    separator = max(_SEPARATORS, key=_QUOTED.sub("", text).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    names = next(reader)
    if all(number_of(name) is not None for name in names):
        raise DataError(f"{file}, line 1", "holds only numbers", "The first line must name the columns")
    return Header(list(named(names)), separator, reader.line_num, len(text.encode()))


def _frames(file: Path, lines: TextIO, columns: Columns, progress: Progress, skip: int) -> Iterator[Frame]:
    header = header_of(file, lines)
    columns.check(str(file), header.names)
    rows = csv.reader(lines, delimiter=header.separator, strict=True)
    numbered = itertools.islice(_numbered(rows, header.lines), skip, None)
    while chunk := list(itertools.islice(numbered, _CHUNK)):
        for number, row in chunk:
            if len(row) != len(header.names):
                where = f"{file}, line {number}"
                reason = f"has {len(row)} cells, the header {len(header.names)}"
                raise DataError(where, reason, "Fix or remove that line")
        progress.advance(sum(sum(map(len, row)) + len(row) for _, row in chunk))
        cells = [CodedCells(Coded.of(column)) for column in transposed(row for _, row in chunk)]
        yield from columns.frames(header.names, cells, Places(file, [number for number, _ in chunk]))


def _numbered(rows: Any, before: int) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line that it ends on; the header took the lines before."""
    for row in rows:
        if row:
            yield rows.line_num + before, row

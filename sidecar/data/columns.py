"""Which columns of a file are inputs, outputs or excluded, and which must hold numbers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.core.words.cell_texts import PLAIN, Reading, is_missing, number_of
from sidecar.core.words.cells import Columnar, Moments, length_of, listed
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.stream import StreamKey
from sidecar.errors import DataError
from sidecar.settings import DecodeSettings

_SHOWN = 20
"""Columns in a message, and characters of a value."""


@dataclass(frozen=True)
class Places:
    """The positions of the rows of a chunk in their file, for messages."""

    file: Path
    numbers: Sequence[int]
    unit: str = "line"

    def of(self, at: int) -> str:
        """The position of row `at` of the chunk."""
        return f"{self.file}, {self.unit} {self.numbers[at]}"


@dataclass(frozen=True)
class Columns:
    """The user's choice of columns by name; a column that is neither output nor excluded is an input."""

    outputs: frozenset[str] = field(default_factory=frozenset)
    excluded: frozenset[str] = field(default_factory=frozenset)
    named: frozenset[str] = field(default_factory=frozenset)
    """Columns that other options name, so that they must be there."""
    numeric: Mapping[str, Reading] = field(default_factory=dict)
    """Columns of which the user said that they hold numbers, and how: a value that is none is an error."""
    stream: StreamKey | None = None
    """Of captured exchanges: only those of this stream; None means all of them."""
    decode: DecodeSettings = field(default_factory=DecodeSettings)
    """How captured exchanges are read."""

    @classmethod
    def of(cls, outputs: str, excluded: str) -> Columns:
        """From comma-separated names, as given on the command line."""
        return cls(names_in(outputs), names_in(excluded))

    def check(self, source: str, present: Sequence[str]) -> None:
        """Raises DataError if a chosen name is not among those present, or a name is there twice."""
        for name in sorted(self.outputs | self.excluded | self.named):
            if name not in present and f"{name}[0]" not in present:
                near = difflib.get_close_matches(name, present, n=1)
                fix = f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(map(str, present[:_SHOWN]))}"
                raise DataError(source, f"has no column {name!r}", fix)
        if len(set(present)) < len(present):
            twice = next(name for name in present if list(present).count(name) > 1)
            raise DataError(source, f"has more than one column {twice!r}", "Give each column a name of its own")

    def frames(
        self, names: Sequence[str], columns: Sequence[Any], places: Places, precisions: Sequence[str] = ()
    ) -> Iterator[Frame]:
        """The chosen columns, of any form, as one frame a side; `precisions` are those of all columns, as in a frame.

        Raises DataError for a value that is not a number in a numeric column, and for vectors of unequal length.
        """
        self._demand_numbers(names, columns, places)
        rows = length_of(columns[0]) if columns else 0
        for side in Side:
            chosen = [at for at, name in enumerate(names) if self._side(name) is side]
            if chosen and rows:
                vectors = {names[at]: _matrix(names[at], columns[at], places) for at in chosen if _is_wide(columns[at])}
                plain = [at for at in chosen if names[at] not in vectors]
                values = Columnar(columns[at] for at in plain)
                named = tuple(names[at] for at in plain)
                coarse = tuple(precisions[at] for at in plain) if any(precisions) else ()
                yield Frame(side, named, rows, len(plain), values, vectors=vectors or None, precisions=coarse)

    def _demand_numbers(self, names: Sequence[str], columns: Sequence[Any], places: Places) -> None:
        for name, column in zip(names, columns, strict=True):
            reading = self.numeric.get(name)
            if reading is None or name in self.excluded or isinstance(column, np.ndarray | Moments):
                continue
            cells = column if isinstance(column, list) else column.coded().cells
            wrong = next((cell for cell in cells if not _is_number(cell, reading)), None)
            if wrong is not None:
                what = f"{places.of(listed(column).index(wrong))}, column {name!r}"
                raise DataError(what, f"holds {wrong[:_SHOWN]!r}, which is not a number", "Fix it, or leave it empty")

    def _side(self, name: str) -> Side | None:
        whole = name.partition("[")[0]  # of columns that spread a vector
        if name in self.excluded or whole in self.excluded:
            return None
        return Side.OUTPUT if name in self.outputs or whole in self.outputs else Side.INPUT


def numbers_of(values: Any) -> NDArray[np.float64] | None:
    """A non-empty list of numbers as a vector; None for anything else."""
    try:
        vector = np.array(values, np.float64)
    except (ValueError, TypeError, OverflowError):
        return None
    return vector if vector.ndim == 1 and len(vector) else None


def transposed(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Rows to columns."""
    return [list(column) for column in zip(*rows, strict=True)]


def names_in(text: str) -> frozenset[str]:
    """Names separated by commas."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def _is_wide(column: Any) -> bool:
    return isinstance(column, list) and any(isinstance(value, np.ndarray) for value in column)


def _matrix(name: str, column: Sequence[Any], places: Places) -> NDArray[np.float64]:
    """Vectors as a matrix (rows, size), with NaN for a row without one. Raises DataError for unequal lengths."""
    lengths = [None if value is None else len(value) if isinstance(value, np.ndarray) else 0 for value in column]
    size = next(length for length in lengths if length is not None)
    odd = next((at for at, length in enumerate(lengths) if length not in (None, size)), None)
    if odd is not None:
        reason = (
            f"is not a list of {size} numbers, as the one before it" if size else "is a list, the one before it is not"
        )
        raise DataError(f"{places.of(odd)}, column {name!r}", reason, "Fix it, or leave the column out with --exclude")
    return np.array([np.full(size, np.nan) if value is None else value for value in column], np.float64)


def _is_number(cell: Any, reading: Reading = PLAIN) -> bool:
    return not isinstance(cell, str) or is_missing(cell, reading) or number_of(cell, reading) is not None

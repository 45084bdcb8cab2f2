"""Which columns of a file are inputs, outputs or excluded, and which must hold numbers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DataError

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
    kinds: frozenset[str] = field(default_factory=frozenset)
    """Columns whose kind the user gave."""
    numeric: frozenset[str] = field(default_factory=frozenset)
    """Columns that the user declared numeric: any other value in them is an error."""

    @classmethod
    def of(cls, outputs: str, excluded: str) -> Columns:
        """From comma-separated names, as given on the command line."""
        return cls(_names(outputs), _names(excluded))

    def check(self, source: str, present: Sequence[str]) -> None:
        """Raises DataError if a chosen name is not present, or a name is present twice."""
        for name in sorted(self.outputs | self.excluded | self.kinds):
            if name not in present and f"{name}[0]" not in present:
                near = difflib.get_close_matches(name, present, n=1)
                fix = f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(map(str, present[:_SHOWN]))}"
                raise DataError(source, f"has no column {name!r}", fix)
        if len(set(present)) < len(present):
            twice = next(name for name in present if list(present).count(name) > 1)
            raise DataError(source, f"has more than one column {twice!r}", "Give each column a name of its own")

    def frames(self, names: Sequence[str], columns: Sequence[Sequence[Any]], places: Places) -> Iterator[Frame]:
        """The chosen columns, given column by column, as one frame per side.

        Raises DataError for a value that is not a number in a numeric column, and for vectors of unequal length.
        """
        self._demand_numbers(names, columns, places)
        for side in Side:
            chosen = [at for at, name in enumerate(names) if self._side(name) is side]
            if chosen and len(columns[0]):
                rows = len(columns[0])
                vectors = {names[at]: _matrix(names[at], columns[at], places) for at in chosen if _is_wide(columns[at])}
                plain = [at for at in chosen if names[at] not in vectors]
                flat = list(chain.from_iterable(zip(*(columns[at] for at in plain), strict=True)))
                yield Frame(side, tuple(names[at] for at in plain), rows, len(plain), flat, vectors=vectors or None)

    def _demand_numbers(self, names: Sequence[str], columns: Sequence[Sequence[Any]], places: Places) -> None:
        for name, values in zip(names, columns, strict=True):
            if name not in self.numeric or name in self.excluded:
                continue
            for at, value in enumerate(values):
                if isinstance(value, str) and not _is_number(value):
                    what = f"{places.of(at)}, column {name!r}"
                    raise DataError(
                        what, f"holds {value[:_SHOWN]!r}, which is not a number", "Fix it, or leave it empty"
                    )

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


def transposed(rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Rows as columns."""
    return list(zip(*rows, strict=True))


def _is_wide(column: Sequence[Any]) -> bool:
    return any(isinstance(value, np.ndarray) for value in column)


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


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())

"""Columns of cells as a file has them: kept column by column, and as written, until it is known what a column is.

A column of a frame is a list of cells, an array of numbers (NaN is missing), or one of the forms here. Readers of files make
them, `reference` and `binning` read them; a decoder of live traffic needs none, its frames are small.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sidecar.core.words.arrays import Floats


class Cells(Protocol):
    """A column that can be looked at without a Python object for each row."""

    def __len__(self) -> int:
        """Rows."""

    def coded(self) -> Coded:
        """By distinct cell."""

    def head(self, rows: int) -> list[Any]:
        """The first cells."""

    def plain(self) -> Floats | None:
        """All cells as numbers, empty ones as NaN; None unless all are texts of plain numbers that are certainly no codes."""


class Coded(NamedTuple):
    """Distinct cells (None among them where some are missing), and which one each row has (n,)."""

    codes: NDArray[np.int32]
    cells: list[Any]

    @classmethod
    def of(cls, values: Sequence[Any]) -> Coded:
        """Of a list. Cells of different types are different, though they be equal."""
        numbers: dict[Any, int] = {}
        codes = [numbers.setdefault((value.__class__, value), len(numbers)) for value in values]
        return cls(np.array(codes, np.int32), [value for _, value in numbers])

    def counts(self) -> NDArray[np.int64]:
        """Rows of each distinct cell."""
        return np.bincount(self.codes, minlength=len(self.cells)).astype(np.int64)


class CodedCells:
    """A column by distinct cell, from a reader that has it so or can have it at no great cost."""

    def __init__(self, coded: Coded) -> None:
        self._coded = coded

    def __len__(self) -> int:
        return len(self._coded.codes)

    def coded(self) -> Coded:
        """See `Cells`."""
        return self._coded

    def head(self, rows: int) -> list[Any]:
        """See `Cells`."""
        cells = self._coded.cells
        return [cells[code] for code in self._coded.codes[:rows].tolist()]

    def plain(self) -> Floats | None:
        """Not known without a look at each one."""
        return None


class Moments(NamedTuple):
    """A column of moments in time, as files with types have them: Unix seconds (n,), NaN is missing."""

    seconds: Floats


class Columnar:
    """The values of a frame column by column."""

    __slots__ = ("columns",)

    def __init__(self, columns: Iterable[Any]) -> None:
        self.columns = tuple(columns)

    def __len__(self) -> int:
        return sum(map(length_of, self.columns))

    def __iter__(self) -> Any:
        """Row by row, as a flat list would be."""
        return (cell for row in zip(*map(listed, self.columns), strict=True) for cell in row)


def length_of(column: Any) -> int:
    """Rows of a column of any form."""
    return len(column.seconds) if isinstance(column, Moments) else len(column)


def head_of(column: Any, rows: int) -> Any:
    """The first rows of a column of any form; a list, unless it is moments or an array of numbers."""
    if isinstance(column, Moments):
        return Moments(column.seconds[:rows])
    return column[:rows] if isinstance(column, list | np.ndarray) else column.head(rows)


def listed(column: Any) -> list[Any]:
    """A column of any form as a list of cells."""
    if isinstance(column, Moments):
        column = column.seconds
    if isinstance(column, np.ndarray):
        return list(column.tolist())
    return column if isinstance(column, list) else list(column.head(len(column)))

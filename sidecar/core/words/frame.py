"""A frame: the rows that a decoder found in one message, not yet compared with a profile.

Values lie flat and row by row, because frames of many small exchanges are joined before they are binned, and joining
flat lists is the cheapest thing Python does. Those of files lie column by column, as files of millions of rows are read so.
Decoders and readers of files make frames, the monitor and the makers of profiles take them; nobody else.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

import msgspec

from sidecar.core.words.cells import Columnar

PREDICTION = "prediction"
"""The name of outputs that have none."""
CLASS_PARTS = (".class", ".top", ".entropy")
"""What is added to the name of probabilities of classes, for what they say together."""


class Side(enum.StrEnum):
    """Direction of a message: `input` to the model, `output` from it. Label values of the `model_*` metrics."""

    INPUT = "input"
    OUTPUT = "output"


class Lost(msgspec.Struct, frozen=True):
    """What of a message could not be read, though the rest could."""

    rows: int
    """Rows that are not in the frame."""
    cells: dict[int, int]
    """Rows with an unreadable cell, by the number of the column: in the frame these cells are missing."""
    first: str
    """Where the first of these is and of what kind, for a complaint. Never a value."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """`rows` x `width` values in row-major order.

    `names` is None where the payload carries none (a bare matrix): then the reference's order names the columns.
    `values` is a flat list of float, int, bool, str or None, or a flat float64 array; its length is rows * width. Or it is
    `Columnar`, which no decoder makes. `column` reads all of them.
    """

    side: Side
    names: tuple[str, ...] | None
    rows: int
    width: int
    values: Any
    segments: list[int] | None = None
    """The segment of each row, by number; None where there are no segments."""
    vectors: dict[str, Any] | None = None
    """Tensors that are too wide for columns, by name: numeric arrays (rows, size), in addition to the `width` columns."""
    precisions: tuple[str, ...] = ()
    """The binary format in which the sender had the numbers of each column, or of all in one: `float32`, `float16`, `bfloat16`.
    Empty, as a whole or for a column, where that is float64 or not known.
    """
    version: str = ""
    """The model version that a response names; empty if it names none."""
    lost: Lost | None = None
    """What could not be read; None if all could."""
    arrived: float | None = None
    """When the rows came (Unix seconds); None where that is not known, as of files."""

    def column(self, at: int) -> Any:
        """One column: a list of cells, an array of numbers, or a form of `cells`."""
        values = self.values
        return values.columns[at] if values.__class__ is Columnar else values[at :: self.width]


def named(names: Iterable[str]) -> tuple[str, ...]:
    """The names in a header without blanks around them; a column without one is called by its place, as pandas calls it."""
    return tuple(name.strip() or f"Unnamed: {at}" for at, name in enumerate(names))


def spread(name: str, width: int) -> tuple[str, ...]:
    """The names of the `width` columns of a vector: `x[0]`, `x[1]`, ...; `x` alone for one column."""
    return (name,) if width == 1 else tuple(f"{name}[{at}]" for at in range(width))

"""A frame: the rows that a decoder found in one message, not yet compared with a profile.

Values are flat and in row-major order, because frames of many small exchanges are joined before they are binned, and joining flat
lists is the fastest way in Python. Decoders make frames, and the monitor takes them.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec


class Side(enum.StrEnum):
    """Direction of a message: `input` to the model, `output` from it. Label values of the `model_*` metrics."""

    INPUT = "input"
    OUTPUT = "output"


class Frame(msgspec.Struct, frozen=True, gc=False):
    """`rows` x `width` values in row-major order.

    `names` is None where the payload has none (a bare matrix): then the order of the reference names the columns. `values` is a
    flat list of float, int, bool, str or None, or a flat float64 array, of length rows * width.
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
    version: str = ""
    """The model version that a response names; empty if it names none."""


def spread(name: str, width: int) -> tuple[str, ...]:
    """The names of the `width` columns of a vector: `x[0]`, `x[1]`, ...; `x` alone for one column."""
    return (name,) if width == 1 else tuple(f"{name}[{at}]" for at in range(width))

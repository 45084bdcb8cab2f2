"""A frame: the rows that a decoder found in one message, before they meet a profile.

Values lie flat and row by row, because frames of many small exchanges are joined before they are binned, and joining
flat lists is the cheapest thing Python does. Decoders make frames, the monitor takes them; nobody else.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec


class Side(enum.StrEnum):
    """Which way a message went: `input` to the model, `output` from it. Label values of the `model_*` metrics."""

    INPUT = "input"
    OUTPUT = "output"


class Frame(msgspec.Struct, frozen=True, gc=False):
    """`rows` x `width` values in row-major order.

    `names` is None where the payload carries none (a bare matrix): then the reference's order names the columns.
    `values` is a flat list of float, int, bool, str or None, or a flat float64 array; its length is rows * width.
    """

    side: Side
    names: tuple[str, ...] | None
    rows: int
    width: int
    values: Any
    segments: list[int] | None = None
    """The segment of each row, by number; None where there are no segments."""
    vectors: dict[str, Any] | None = None
    """Tensors too wide for columns, by name: numeric arrays (rows, size) that stand beside the `width` columns."""
    version: str = ""
    """The model's version that an answer names; empty where it names none."""


def spread(name: str, width: int) -> tuple[str, ...]:
    """The names of the columns that one value of `width` cells becomes."""
    return (name,) if width == 1 else tuple(f"{name}[{at}]" for at in range(width))

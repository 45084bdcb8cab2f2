"""Shapes of tensors as clients declare them, which may be anything. Pure; raises nothing but DecodeError."""

from __future__ import annotations

import math
from typing import Any

from sidecar.core.words.lookalikes import quoted
from sidecar.errors import DecodeError

_MOST = 2**31
"""More values in a row than any message has."""
_MOST_DIMENSIONS = 64


def extent(name: str, shape: Any, size: int) -> tuple[int, int]:
    """Rows, and values per row, of a tensor with `size` values. Raises DecodeError("shape")."""
    if not isinstance(shape, list) or not 0 < len(shape) <= _MOST_DIMENSIONS or set(map(type, shape)) != {int}:
        raise DecodeError("shape", f"tensor {quoted(name)} has no shape")
    return extent_of(name, shape, size)


def extent_of(name: str, shape: list[int], size: int) -> tuple[int, int]:
    """As `extent`, of a shape that is known to be a list of whole numbers."""
    if len(shape) == 2:
        rows, width = shape
    elif 0 < len(shape) <= _MOST_DIMENSIONS:
        rows, width = shape[0], math.prod(shape[1:])
    else:
        raise DecodeError("shape", f"tensor {quoted(name)} has no shape")
    if rows * width == size and min(shape) >= 0 and 1 <= width <= _MOST:
        return rows, width
    raise DecodeError("shape", f"the shape of tensor {quoted(name)} is not one of {size} values")

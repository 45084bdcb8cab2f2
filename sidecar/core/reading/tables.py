"""From parsed JSON to frames: what all JSON decoders share. Pure; raises nothing but DecodeError.

A cell is a number, a boolean, a string or null. Rows may be lists, objects or single cells; columns may be lists of
cells, or lists of lists of cells, which are spread: `x` becomes `x[0]`, `x[1]`, ... Shapes are checked and sizes are
bounded, so that no message takes memory out of proportion to its bytes. Values are not interpreted.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from sidecar.core.words.frame import Frame, Side, spread
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_FALLBACK_BYTES = 1_048_576
_GUARDED_BYTES = 1_048_576
"""Below this size the parsed payload is small whatever it holds (350,000 empty lists: 22 MB)."""
_MAX_CELLS = 1_000_000
"""Most cells of a payload beyond `_GUARDED_BYTES`, which was mostly compressed: 32 MB as floats."""
_FILLED_CELLS = 200_000
_FILLED_RATIO = 4
"""Rows with missing keys are filled up to this many cells, or this many times the cells that were sent."""
_DIGITS = 18
_BOM = b"\xef\xbb\xbf"
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})
_SCALARS = frozenset({float, int, bool, str, type(None)})


def parse(data: bytes) -> Any:
    """JSON to Python, including NaN, Infinity and a BOM, which strict JSON forbids but servers send. Raises
    DecodeError("syntax").
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if not data.strip():
            raise DecodeError("syntax", "empty body") from error
        if len(data) > _FALLBACK_BYTES:
            raise DecodeError("syntax", str(error)) from error
    try:
        parsed = json.loads(data.removeprefix(_BOM), parse_int=_whole)
        if b"\\u" in data or not data.isascii():  # a lone surrogate cannot be encoded again
            json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise DecodeError("syntax", str(error)) from error
    return parsed


def _whole(digits: str) -> float:
    """As orjson: an integer that does not fit 64 bits is a float, even an infinite one."""
    return int(digits) if len(digits) <= _DIGITS else float(digits)


def kind(value: Any) -> str:
    """The type of a JSON value, for messages."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


class Tables:
    """Makes frames within the bounds of the settings."""

    def __init__(self, settings: DecodeSettings) -> None:
        self._max_rows = settings.max_rows
        self._max_features = settings.max_features

    def parse(self, data: bytes) -> Any:
        """JSON to Python within the bounds. Raises DecodeError: syntax, too_large."""
        self.guard(data, b",")
        if len(data) > _GUARDED_BYTES and data.count(b"[") + data.count(b"{") > 4 * self._max_rows:
            raise DecodeError("too_large", f"nested values beyond 4 for each of {self._max_rows} rows")
        return parse(data)

    def parse_object(self, data: bytes) -> dict[str, Any]:
        """JSON that must be an object. Raises DecodeError: syntax, too_large, structure."""
        parsed = self.parse(data)
        if not isinstance(parsed, dict):
            raise DecodeError("structure", f"expected an object, got {kind(parsed)}")
        return parsed

    def guard(self, data: bytes, separators: bytes) -> None:
        """Raises DecodeError("too_large") for too many cells, before memory is allocated for them."""
        if len(data) > _GUARDED_BYTES and sum(map(data.count, separators)) > _MAX_CELLS:
            raise DecodeError("too_large", f"more than {_MAX_CELLS} cells")

    def frame(self, side: Side, names: tuple[str, ...] | None, rows: int, width: int, values: Any) -> Frame:
        """A frame of flat values in row-major order. Raises DecodeError: too_large, shape."""
        if rows > self._max_rows:
            raise DecodeError("too_large", f"{rows} rows, {self._max_rows} allowed")
        if width > self._max_features:
            raise DecodeError("too_large", f"{width} columns, {self._max_features} allowed")
        if len(values) != rows * width or width < 1:
            raise DecodeError("shape", f"{len(values)} values for {rows} x {width}")
        return Frame(side, names, rows, width, values)

    def fits(self, width: int) -> bool:
        """Whether so many columns are read as single columns."""
        return width <= self._max_features

    def wide(self, side: Side, rows: int, columns: dict[str, Any], vectors: dict[str, Any]) -> Frame:
        """A frame of columns of cells, and of numeric tensors (rows, size) that are too wide for columns. Raises DecodeError."""
        if rows > self._max_rows:
            raise DecodeError("too_large", f"{rows} rows, {self._max_rows} allowed")
        flat = list(chain.from_iterable(zip(*columns.values(), strict=True)))
        if not self.fits(len(columns) + len(vectors)):
            raise DecodeError("too_large", f"{len(columns) + len(vectors)} tensors")
        numbers = {name: _numbers(name, values, rows) for name, values in vectors.items()}
        return Frame(side, tuple(columns), rows, len(columns), flat, vectors=numbers)

    def rows(self, side: Side, rows: Any, names: tuple[str, ...] | None = None, single: str = "value") -> Frame:
        """A frame of rows that are lists, objects or cells; `single` names the column of cells. Raises DecodeError."""
        if not isinstance(rows, list):
            raise DecodeError("structure", f"expected a list of rows, got {kind(rows)}")
        if len(rows) > self._max_rows:
            raise DecodeError("too_large", f"{len(rows)} rows, {self._max_rows} allowed")
        first = rows[0] if rows else None
        if isinstance(first, dict):
            return self._objects(side, rows)
        if isinstance(first, list):
            return self._lists(side, rows, names)
        return self.frame(side, names if names and len(names) == 1 else (single,), len(rows), 1, cells(rows))

    def columns(self, side: Side, columns: dict[str, Any]) -> Frame:
        """A frame of columns by name: lists of cells, or of lists of cells, which are spread; a bare cell is one row.
        Raises DecodeError.
        """
        if not columns:
            raise DecodeError("structure", "no columns")
        flat = list(chain.from_iterable(self._column(name, values) for name, values in columns.items()))
        rows = len(flat[0][1])
        if any(len(values) != rows for _, values in flat):
            raise DecodeError("ragged", "columns of unequal length")
        names = tuple(name for name, _ in flat)
        joined = list(chain.from_iterable(zip(*(values for _, values in flat), strict=True)))
        return self.frame(side, names, rows, len(names), joined)

    def _column(self, name: str, values: Any) -> list[tuple[str, list[Any]]]:
        """One column, or one for each cell of its values."""
        if not isinstance(values, list):
            return [(name, cells([values]))]
        if not values or not isinstance(values[0], list):
            return [(name, cells(values))]
        width = len(values[0])
        if not 0 < width <= self._max_features:
            raise DecodeError("too_large" if width else "shape", f"values of {name[:40]!r} have {width} cells")
        if not all(type(value) is list and len(value) == width for value in values):
            raise DecodeError("ragged", f"values of {name[:40]!r} are lists of unequal length")
        return [(each, cells([value[at] for value in values])) for at, each in enumerate(spread(name, width))]

    def _lists(self, side: Side, rows: list[Any], names: tuple[str, ...] | None) -> Frame:
        width = len(rows[0])
        if len(rows) == 1:
            values = rows[0]
        else:
            if not all(type(row) is list and len(row) == width for row in rows):
                raise DecodeError("ragged", f"the first row has {width} values, another has not")
            values = list(chain.from_iterable(rows))
        if names is not None and len(names) != width:
            raise DecodeError("shape", f"{len(names)} names for {width} columns")
        return self.frame(side, names, len(rows), width, cells(values))

    def _objects(self, side: Side, rows: list[Any]) -> Frame:
        names = tuple(rows[0])
        if all(type(row) is dict and tuple(row) == names for row in rows):
            values: list[Any] = list(chain.from_iterable(row.values() for row in rows))
        else:
            names, values = self._uneven(rows)
        if not _SCALARS.issuperset(map(type, values)):  # some keys hold lists
            return self.columns(side, {name: values[at :: len(names)] for at, name in enumerate(names)})
        return self.frame(side, names, len(rows), len(names), values)

    def _uneven(self, rows: list[Any]) -> tuple[tuple[str, ...], list[Any]]:
        """Rows with different keys: the union of the keys, with null for missing ones."""
        names: dict[str, None] = {}
        for row in rows:
            if not isinstance(row, dict):
                raise DecodeError("ragged", "objects and other rows are mixed")
            names.update(dict.fromkeys(row))
        if len(names) > self._max_features:
            raise DecodeError("too_large", f"{len(names)} columns, {self._max_features} allowed")
        if len(rows) * len(names) > max(_FILLED_CELLS, _FILLED_RATIO * sum(map(len, rows))):
            raise DecodeError("ragged", "objects have too few keys in common")
        return tuple(names), [row.get(name) for row in rows for name in names]


def _numbers(name: str, values: Any, rows: int) -> NDArray[Any]:
    """A flat tensor as (rows, size)."""
    try:
        flat = values if isinstance(values, np.ndarray) else np.array(values, np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise DecodeError(
            "type", f"tensor {name[:40]!r} is too wide for columns and holds more than numbers"
        ) from error
    return np.asarray(flat.reshape(rows, -1))


def cells(values: list[Any]) -> list[Any]:
    """The same list, checked to hold cells only. Raises DecodeError("type")."""
    if not _SCALARS.issuperset(map(type, values)):
        raise DecodeError("type", "a value is neither number, boolean, string nor null")
    return values


def cell_of(text: str) -> float | str | None:
    """A cell of a text table: a number if it reads as one, None if it is a word for missing, else the string."""
    try:
        return float(text)
    except ValueError:
        stripped = text.strip()
        return None if stripped.lower() in _MISSING else stripped

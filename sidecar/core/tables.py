"""Parsed JSON to frames: what all decoders of JSON share. Pure; raises DecodeError and nothing else.

A cell is a number, a boolean, a string or null. Rows may be lists, objects or single cells; columns may be lists or
lists of one-element lists. Shapes are checked, bounds are kept, values are handed on as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain
from typing import Any

import orjson

from sidecar.core.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_FALLBACK_BYTES = 1_048_576
_BOM = b"\xef\xbb\xbf"
_SCALARS = frozenset({float, int, bool, str, type(None)})


def parse(data: bytes) -> Any:
    """JSON to Python. What strict JSON forbids but servers send (NaN, Infinity, a BOM) is read too."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if not data.strip():
            raise DecodeError("syntax", "empty body") from error
        if len(data) > _FALLBACK_BYTES:
            raise DecodeError("syntax", str(error)) from error
    try:
        return json.loads(data.removeprefix(_BOM))
    except (ValueError, RecursionError) as error:
        raise DecodeError("syntax", str(error)) from error


def parse_object(data: bytes) -> dict[str, Any]:
    """JSON that must be an object."""
    parsed = parse(data)
    if not isinstance(parsed, dict):
        raise DecodeError("structure", f"expected an object, got {kind(parsed)}")
    return parsed


def kind(value: Any) -> str:
    """A JSON value's type, for messages."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


class Tables:
    """Makes frames within the bounds of the settings."""

    def __init__(self, settings: DecodeSettings) -> None:
        self._max_rows = settings.max_rows
        self._max_features = settings.max_features

    def frame(self, side: Side, names: tuple[str, ...] | None, rows: int, width: int, values: Any) -> Frame:
        """A frame of flat values, once its shape is known to be right."""
        if rows > self._max_rows:
            raise DecodeError("too_large", f"{rows} rows, {self._max_rows} allowed")
        if width > self._max_features:
            raise DecodeError("too_large", f"{width} columns, {self._max_features} allowed")
        if len(values) != rows * width:
            raise DecodeError("shape", f"{len(values)} values for {rows} x {width}")
        return Frame(side, names, rows, width, values)

    def rows(self, side: Side, rows: Any, names: tuple[str, ...] | None = None, single: str = "value") -> Frame:
        """Rows that are lists, objects or cells. `single` names the one column of rows that are cells."""
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
        """Columns by name, each a list of cells or of one-element lists."""
        if not columns:
            raise DecodeError("structure", "no columns")
        flat = [self._column(values) for values in columns.values()]
        rows = len(flat[0])
        if any(len(column) != rows for column in flat):
            raise DecodeError("ragged", "columns of unequal length")
        names = tuple(map(str, columns))
        values = flat[0] if len(flat) == 1 else list(chain.from_iterable(zip(*flat, strict=True)))
        return self.frame(side, names, rows, len(names), values)

    def _column(self, values: Any) -> list[Any]:
        if not isinstance(values, list):
            values = [values]
        elif values and isinstance(values[0], list):
            values = [_only(value) for value in values]
        return cells(values)

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
            names, values = _uneven_objects(rows)
        return self.frame(side, names, len(rows), len(names), cells(values))


def cells(values: list[Any]) -> list[Any]:
    """The same list, once it is known to hold cells only."""
    if not _SCALARS.issuperset(map(type, values)):
        raise DecodeError("type", "a value is neither number, boolean, string nor null")
    return values


def _uneven_objects(rows: Iterable[Any]) -> tuple[tuple[str, ...], list[Any]]:
    """Rows with keys in another order, or left out: the union of the keys; what is left out is null."""
    names: dict[str, None] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise DecodeError("ragged", "objects and other rows are mixed")
        names.update(dict.fromkeys(row))
    return tuple(names), [row.get(name) for row in rows for name in names]


def _only(value: Any) -> Any:
    if not isinstance(value, list) or len(value) != 1:
        raise DecodeError("shape", "a column of lists must hold one value in each")
    return value[0]

"""From parsed JSON to frames: what all JSON decoders share. Pure; raises nothing but DecodeError.

A cell is a number, a boolean, a string or null. Rows may be lists, objects or single cells; columns may be lists of
cells, or lists of lists of cells, which are spread: `x` becomes `x[0]`, `x[1]`, ... What is no such table is read as far as it
is one (`flatten`): a row or a cell that cannot be read is lost and told of in the frame, and the rest counts. Sizes are bounded,
so that no message takes memory out of proportion to its bytes. Values are not interpreted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from sidecar.core.reading.flatten import BLOB, DEPTH, SCALARS, Columns, bare, flattened
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.lookalikes import quoted
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_FALLBACK_BYTES = 1_048_576
_GUARDED_BYTES = 65_536
"""Below this size the parsed payload is small whatever it holds (350,000 empty lists: 22 MB)."""
_ROW_CELLS = 2
"""Cells that cost as much as a row does beside its own."""
_MAX_BROKEN = 1_000
"""Lines that are no JSON: each costs ten times what one costs that is."""
_MAX_CELLS = 1_000_000
"""Most cells of a payload beyond `_GUARDED_BYTES`, which was mostly compressed: 32 MB as floats."""
_NO_COLUMNS = ((), (BLOB,))
"""Keys of objects that are no row of cells."""
_DIGITS = 18
_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile("[\ud800-\udfff]")


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
        return _lenient(data.removeprefix(_BOM))
    except (ValueError, RecursionError) as error:
        raise DecodeError("syntax", str(error)) from error


def _lenient(data: bytes) -> Any:
    """A character that is none, such as half a surrogate pair, is replaced by U+FFFD: it costs itself and not the message."""
    try:
        parsed = json.loads(data, parse_int=_whole)
    except UnicodeDecodeError:
        return json.loads(data.decode("utf-8", "replace"), parse_int=_whole)
    if b"\\u" in data or not data.isascii():
        text = json.dumps(parsed, ensure_ascii=False)
        if not text.isascii() and _SURROGATE.search(text):
            return json.loads(_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text), parse_int=_whole)
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
        self._max_cells = settings.max_cells
        self._named_width = len(settings.feature_names)

    def parse(self, data: bytes) -> Any:
        """JSON to Python within the bounds. Raises DecodeError: syntax, too_large."""
        if len(data) > _GUARDED_BYTES:  # as both ask by themselves: most messages are spared two calls
            self.guard(data, b",")
            self._guard_nesting(data)
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

    def guard_table(self, data: bytes, separator: bytes) -> None:
        """Raises DecodeError("too_large") for lines of more cells than a table and its header may have."""
        if len(data) <= _GUARDED_BYTES:
            return
        cells = data.count(separator) + (1 + _ROW_CELLS) * data.count(b"\n")
        if cells > self._max_cells + self._max_features:
            raise DecodeError("too_large", f"more than {self._max_cells} cells")

    def _guard_nesting(self, data: bytes) -> None:
        most = self._max_cells // (1 + _ROW_CELLS)
        if len(data) > _GUARDED_BYTES and data.count(b"[") + data.count(b"{") > most:
            raise DecodeError("too_large", f"more than {most} lists and objects")

    def frame(
        self,
        side: Side,
        names: tuple[str, ...] | None,
        rows: int,
        width: int,
        values: Any,
        precisions: tuple[str, ...] = (),
    ) -> Frame:
        """A frame of flat values in row-major order. Raises DecodeError: too_large, shape."""
        if rows > self._max_rows:
            raise DecodeError("too_large", f"{rows} rows, {self._max_rows} allowed")
        self.check_width(width)
        if rows * (width + _ROW_CELLS) > self._max_cells:
            raise DecodeError("too_large", f"{rows} x {width} cells are more than decode.max_cells allows")
        if len(values) != rows * width or width < 1:
            raise DecodeError("shape", f"{len(values)} values for {rows} x {width}")
        return Frame(side, names, rows, width, values, None, None, precisions)

    def check_width(self, width: int) -> None:
        """Raises DecodeError("too_large") for too many columns."""
        if width > self._max_features:
            raise DecodeError("too_large", f"{width} columns, {self._max_features} allowed")

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
        """A frame of rows that are lists, objects or cells; `single` names the column of cells. What cannot be read costs its
        cell or its row. Raises DecodeError if nothing can be read.
        """
        if not isinstance(rows, list):
            raise DecodeError("structure", f"expected a list of rows, got {kind(rows)}")
        if len(rows) > self._max_rows:
            raise DecodeError("too_large", f"{len(rows)} rows, {self._max_rows} allowed")
        first = rows[0] if rows else None
        plain: Frame | None = None
        if type(first) is dict:
            plain = self._plain_objects(side, rows, tuple(first))
        elif type(first) is list:
            plain = self._plain_lists(side, rows, names, len(first))
        elif SCALARS.issuperset(map(type, rows)):
            plain = self.frame(side, names if names and len(names) == 1 else (single,), len(rows), 1, rows)
        return plain or self._any(side, rows, names, single)

    def columns(self, side: Side, columns: dict[str, Any]) -> Frame:
        """A frame of columns by name: lists of cells, or of lists of cells, which are spread; a bare cell is one row. Columns
        that are not as long as most are unreadable. Raises DecodeError if nothing can be read.
        """
        if not columns:
            raise DecodeError("structure", "no columns")
        lists = dict(_listed("", columns, DEPTH))
        lengths = Counter(map(len, lists.values()))
        rows = max(lengths, key=lambda length: (length <= self._max_rows, lengths[length]))
        self._check_rows(rows)
        found = Columns(range(rows), self._max_features, "value")
        found.sent = sum(map(len, lists.values()))
        for at, (name, values) in enumerate(lists.items()):
            found.reserved = len(lists) - at - 1
            if len(values) == rows:
                found.add(name, values)
            else:
                found.unreadable(name, values, f"the column has {len(values)} rows and not {rows}")
        return self._of(side, tuple(found.names), found)

    def table(self, side: Side, value: Any, names: tuple[str, ...] | None = None, single: str = "value") -> Frame:
        """A frame of whatever a model may take or give: rows, one row as an object, columns of equal length, a bare cell.
        Raises DecodeError.
        """
        if type(value) is list:
            return self.rows(side, value, names, single)
        if not isinstance(value, dict):
            return self.rows(side, [value], names, single)
        lengths = {len(one) if isinstance(one, list) else -1 for one in value.values()}
        if len(lengths) == 1 and -1 not in lengths:
            return self.columns(side, value)
        return self.rows(side, [value], single=single)

    def of_lines(self, side: Side, data: bytes, single: str) -> Frame:
        """A frame of rows that are JSON, each on a line of its own; a broken one costs its row. Raises DecodeError."""
        self.guard(data, b",\n")
        self._guard_nesting(data)
        lines = [line for line in data.split(b"\n") if line.strip()]
        self._check_rows(len(lines))
        rows: list[Any] = []
        broken = 0
        for line in lines:
            try:
                rows.append(parse(line))
            except DecodeError:
                rows.append(_BROKEN)
                broken += 1
                if broken > _MAX_BROKEN:
                    raise DecodeError("syntax", f"more than {_MAX_BROKEN} lines are no JSON") from None
        if all(row is _BROKEN for row in rows):
            raise DecodeError("syntax", "no line is JSON")
        return self.rows(side, rows, single=single)

    def _plain_objects(self, side: Side, rows: list[Any], names: tuple[str, ...]) -> Frame | None:
        """The frame of objects with the same keys and nothing but cells; None if they are others."""
        if names in _NO_COLUMNS:
            return None
        if len(rows) == 1:
            values = list(rows[0].values())
        elif set(map(type, rows)) == {dict} and all(map(names.__eq__, map(tuple, rows))):
            values = list(chain.from_iterable(row.values() for row in rows))
        else:
            return None
        return self.frame(side, names, len(rows), len(names), values) if SCALARS.issuperset(map(type, values)) else None

    def _plain_lists(self, side: Side, rows: list[Any], names: tuple[str, ...] | None, width: int) -> Frame | None:
        """The frame of lists of equal length with nothing but cells; None if they are others."""
        if not width or (names is not None and len(names) != width):
            return None
        if len(rows) == 1:
            values = rows[0]
        elif set(map(type, rows)) == {list} and set(map(len, rows)) == {width}:
            values = list(chain.from_iterable(rows))
        else:
            return None
        return self.frame(side, names, len(rows), width, values) if SCALARS.issuperset(map(type, values)) else None

    def _any(self, side: Side, rows: list[Any], names: tuple[str, ...] | None, single: str) -> Frame:
        """Rows are what most of them are; others are lost, and so are empty ones."""
        unwrapped = [bare(row) for row in rows]
        if any(before is not after for before, after in zip(rows, unwrapped, strict=True)):
            return self.rows(side, unwrapped, names, single)
        kinds = Counter(filter(None, map(_kind_of, rows)))
        most = max(kinds, key=kinds.__getitem__, default=None)
        if most is dict:
            kept = [at for at, row in enumerate(rows) if type(row) is dict and 0 < len(row) <= self._max_features]
            return self._objects(side, rows, kept, single)
        if most is list:
            return self._lists(side, rows, names)
        if most is None:
            raise DecodeError("shape", "all rows are empty")
        kept = [at for at, row in enumerate(rows) if type(row) in SCALARS]
        found = Columns(kept, self._max_features, single)
        found.add(single, [rows[at] for at in kept])
        return self._of(side, tuple(found.names), found, *_lost(rows, kept, "not a cell, as most are"))

    def _objects(self, side: Side, rows: list[Any], kept: list[int], single: str) -> Frame:
        if not kept:
            raise DecodeError("too_large", f"every row has more than the {self._max_features} columns allowed")
        found = Columns(kept, self._max_features, single)
        found.add("", [rows[at] for at in kept])
        return self._of(side, tuple(found.names), found, *_lost(rows, kept, "no object with cells, as most are"))

    def _lists(self, side: Side, rows: list[Any], names: tuple[str, ...] | None) -> Frame:
        """Rows as wide as the names, or as most rows. Rows of nothing but nested lists are tensors."""
        tensors = [flattened(row) if _is_nested(row) else None for row in rows] if names is None else []
        if 2 * sum(tensor is not None for tensor in tensors) > len(rows):
            rows = tensors
        widths = Counter(len(row) for row in rows if type(row) is list and row)
        width = len(names) if names else self._usual_width(widths)
        if width > self._max_features:
            raise DecodeError("too_large", f"{width} columns, {self._max_features} allowed")
        kept = [at for at, row in enumerate(rows) if type(row) is list and len(row) == width]
        if not kept:
            raise DecodeError("shape", f"{width} names, and rows of other widths" if names else "no row has cells")
        found = Columns(kept, self._max_features, "value")
        for at, cells in enumerate(zip(*(rows[at] for at in kept), strict=True)):
            if names:
                found.add(names[at], list(cells))
            else:
                found.add_unnamed(at, list(cells))
        return self._of(side, names and tuple(found.names), found, *_lost(rows, kept, f"not {width} cells"))

    def _usual_width(self, widths: Counter[int]) -> int:
        """The width of the configured names if any row has it, else that of most rows, the first of equals."""
        if widths[self._named_width]:
            return self._named_width
        return max(widths, key=lambda width: (width <= self._max_features, widths[width]), default=0)

    def _of(
        self, side: Side, names: tuple[str, ...] | None, found: Columns, rows_lost: int = 0, first: str = ""
    ) -> Frame:
        rows = len(found.lists[0]) if found.lists else 0
        lost = found.lost(rows_lost, first)
        values = found.lists[0] if len(found.lists) == 1 else list(chain.from_iterable(zip(*found.lists, strict=True)))
        frame = self.frame(side, names, rows, len(found.lists), values)
        return frame if lost is None else msgspec.structs.replace(frame, lost=lost)

    def _check_rows(self, rows: int) -> None:
        if rows > self._max_rows:
            raise DecodeError("too_large", f"{rows} rows, {self._max_rows} allowed")


class _Broken:
    """Stands for a line that is no JSON: of no kind that a row may have."""


_BROKEN = _Broken()


def _kind_of(row: Any) -> type | None:
    """What a row is: an object, a list or (str) a cell; None if it says nothing."""
    if type(row) in (dict, list):
        return type(row) if row else None
    return str if type(row) in SCALARS and row is not None else None


def _is_nested(row: Any) -> bool:
    return type(row) is list and bool(row) and all(type(cell) is list for cell in row)


def _lost(rows: list[Any], kept: list[int], why: str) -> tuple[int, str]:
    """How many rows are not kept, and which is the first."""
    if len(kept) == len(rows):
        return 0, ""
    first = next(at for at, one in enumerate([*kept, -1]) if at != one)
    return len(rows) - len(kept), f"row {first}: {'no JSON' if rows[first] is _BROKEN else why}"


def _listed(name: str, columns: dict[str, Any], depth: int) -> Iterator[tuple[str, list[Any]]]:
    """Columns by dotted name, each a list; a value that is no list is one row. Encoded bytes stay as they are."""
    for key, values in columns.items():
        dotted = f"{name}.{key}" if name else key
        if type(values) is dict and depth and values and values.keys() != {BLOB}:
            yield from _listed(dotted, values, depth - 1)
        else:
            yield dotted, values if type(values) is list else [values]


def _numbers(name: str, values: Any, rows: int) -> NDArray[Any]:
    """A flat tensor as (rows, size)."""
    try:
        flat = values if isinstance(values, np.ndarray) else np.array(values, np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise DecodeError(
            "type", f"tensor {quoted(name)} is too wide for columns and holds more than numbers"
        ) from error
    return np.asarray(flat.reshape(rows, -1))

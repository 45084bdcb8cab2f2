"""From nested cells to flat columns, for messages that are not simply a table: objects get dotted names, lists are spread, and
what cannot be read costs its cell. Pure; `tables` comes here when its fast ways do not apply.

Of one column, most cells say what it is: scalars, objects or lists. Those of another kind are unreadable, because half a column
of another name helps nobody. Depth, width and the cells that are filled up are bounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any

from sidecar.core.words.frame import Lost, spread
from sidecar.core.words.lookalikes import quoted
from sidecar.errors import DecodeError

SCALARS = frozenset({float, int, bool, str, type(None)})
"""Types of a cell."""
DEPTH = 4
"""Objects in objects, or lists in lists, that are read."""
BLOB, BYTES = "b64", "bytes"
"""The key of encoded bytes, by TensorFlow Serving's convention, and the name of what is kept of them: how many they are."""
_FILLED_CELLS = 200_000
_FILLED_RATIO = 4
"""Rows with missing keys are filled up to this many cells, or this many times the cells that were sent."""


class Columns:
    """Columns of equal length, gathered from nested cells. `at` are the rows' numbers in the message, for complaints."""

    def __init__(self, at: Sequence[int], most: int, single: str) -> None:
        self.names: list[str] = []
        self.lists: list[list[Any]] = []
        self.cells: dict[int, int] = {}
        self.first = ""
        self._at = at
        self._most = most
        self._single = single
        self._places: dict[str, int] = {}
        self.reserved = 0
        """Columns of the message that are still to come: nested values leave room for them."""
        self._reason = "type"
        self._filled = 0
        self.sent = 0
        """Cells that the message holds, so far as they are counted."""

    def lost(self, rows: int = 0, first: str = "") -> Lost | None:
        """What was lost here and of `rows` before. Raises DecodeError if nothing is left."""
        if self._at and all(self.cells.get(at, 0) >= len(self._at) for at in range(len(self.lists))):
            raise DecodeError(self._reason, f"no value can be read; {first or self.first}")
        return Lost(rows, self.cells, first or self.first) if rows or self.cells else None

    def add(self, name: str, values: list[Any], depth: int = DEPTH) -> None:
        """A column of cells of any kind, None where a row has none. Raises DecodeError: too_large, ragged."""
        if SCALARS.issuperset(map(type, values)):
            return self._put(name, values)
        types = Counter(map(type, values))
        kind = max((None, list, dict), key=lambda one: types[one] if one else _scalars(types))
        if kind is dict and depth and any(value for value in values if type(value) is dict):
            return self._objects(name, values, depth)
        if kind is list:
            return self._spread(name, values)
        if kind is dict:
            return self.unreadable(name, values)
        return self._put(name, values, [at for at, value in enumerate(values) if type(value) not in SCALARS])

    def add_unnamed(self, place: int, values: list[Any]) -> None:
        """A column that has its place alone, so that it stays one column."""
        cells = [
            bytes_of(value[BLOB])
            if type(value) is dict and value.keys() == {BLOB} and type(value[BLOB]) is str
            else value
            for value in values
        ]
        self._put(f"column {place}", cells, [at for at, value in enumerate(cells) if type(value) not in SCALARS])

    def unreadable(self, name: str, values: Sequence[Any], why: str = "") -> None:
        """A column of which no cell can be read."""
        self._afford(1, 0)
        bad = [at for at in range(len(self._at)) if at >= len(values) or values[at] is not None]
        self._put(name, [None] * len(self._at), bad, why or "an object or a list")

    def _objects(self, name: str, values: list[Any], depth: int) -> None:
        """One column for each key. Cells that are no objects cost all of them."""
        keys = dict.fromkeys(chain.from_iterable(value for value in values if type(value) is dict))
        if len(keys) > self._room(name):
            self._too_wide(name, values, len(keys))
            return
        self._afford(len(keys), sum(len(value) for value in values if type(value) is dict))
        before = len(self.lists)
        for at, key in enumerate(keys):
            if not name:
                self.reserved = len(keys) - at - 1
            of_key = [value.get(key) if type(value) is dict else None for value in values]
            if key == BLOB and len(keys) == 1 and all(type(blob) in (str, type(None)) for blob in of_key):
                self._put(f"{name or self._single}.{BYTES}", [bytes_of(blob) for blob in of_key])
            else:
                self.add(f"{name}.{key}" if name else key, of_key, depth - 1)
        others = [at for at, value in enumerate(values) if value is not None and type(value) is not dict]
        for column in range(before, len(self.lists)) if others else ():
            self._complain(column, others, name, "not an object, as elsewhere")

    def _spread(self, name: str, values: list[Any]) -> None:
        """One column for each number of lists that are as long as most of them."""
        flat = [flattened(value) if type(value) is list else None for value in values]
        lengths = Counter(len(cells) for cells in flat if cells)
        width = max(lengths, key=lambda length: (length <= self._most, lengths[length]), default=0)
        if width > self._room(name):
            return self._too_wide(name, values, width)
        if not width:
            return self.unreadable(name, values, "an empty list, or more than numbers and words in it")
        self._afford(width, sum(len(cells) for cells in flat if cells))
        bad = [
            at
            for at, (value, cells) in enumerate(zip(values, flat, strict=True))
            if value is not None and (cells is None or len(cells) != width)
        ]
        nothing = [None] * width
        rows = [cells if cells and len(cells) == width else nothing for cells in flat]
        for each, column in zip(spread(name, width), zip(*rows, strict=True), strict=True):
            self._put(each, list(column), bad, f"no list of {width} cells, as elsewhere")
        return None

    def _room(self, name: str) -> int:
        """Columns that a value may become; those of rows themselves may be all that are allowed."""
        return self._most - len(self.lists) - (self.reserved if name else 0)

    def _too_wide(self, name: str, values: list[Any], width: int) -> None:
        if not name:
            raise DecodeError("too_large", f"{width} columns, {self._most} allowed")
        self._reason = self._reason if self.first else "too_large"
        self.unreadable(name, values, f"{width} columns, for which there is no room")

    def _put(self, name: str, values: list[Any], bad: Sequence[int] = (), why: str = "an object or a list") -> None:
        if len(self.lists) >= self._most:
            raise DecodeError("too_large", f"more than {self._most} columns")
        if name in self._places:  # spelled in two ways, `a.b` and b in a: the first counts, as of equal names anywhere
            return
        place = self._places[name] = len(self.lists)
        if bad:
            values = list(values)
            for at in bad:
                values[at] = None
        self.names.append(name)
        self.lists.append(values)
        self._complain(place, bad, name, why)

    def _complain(self, place: int, rows: Sequence[int], name: str, why: str) -> None:
        if rows:
            self.cells[place] = min(self.cells.get(place, 0) + len(rows), len(self._at))
            self.first = self.first or f"{quoted(name)} of row {self._at[rows[0]]}: {why}"

    def _afford(self, width: int, sent: int) -> None:
        """Raises DecodeError if columns would be filled with far more than was sent."""
        self._filled += width * len(self._at)
        self.sent += sent
        if self._filled > max(_FILLED_CELLS, _FILLED_RATIO * self.sent):
            raise DecodeError("ragged", "objects have too few keys in common")


def flattened(values: list[Any]) -> list[Any] | None:
    """The scalars of a list, or of lists in it; None if anything else is there."""
    for _ in range(DEPTH):
        if SCALARS.issuperset(map(type, values)):
            return values
        if not all(type(value) is list for value in values):
            return None
        values = list(chain.from_iterable(values))
    return None


def bytes_of(encoded: str | None) -> int | None:
    """How many bytes base64 stands for, without decoding it."""
    return None if encoded is None else len(encoded) * 3 // 4 - (encoded[-2:].count("=") if encoded else 0)


def bare(row: Any) -> Any:
    """A row without what some clients wrap around it: `{"features": [...]}`, `{"data": {"features": {"values": [...]}}}`. A list
    of labels with scores, as Hugging Face has them, is an object.
    """
    if type(row) is list and row and all(type(one) is dict and one.keys() == {"label", "score"} for one in row):
        return {str(one["label"]): one["score"] for one in row}
    if type(row) is not dict or len(row) != 1:
        return row
    ((key, inner),) = row.items()
    if key == "data" and type(inner) is dict and inner.keys() == {"features"}:
        return bare(inner)
    if key != "features" or type(inner) not in (list, dict):
        return row
    return inner["values"] if type(inner) is dict and inner.keys() == {"values"} else inner


def _scalars(types: Counter[type]) -> int:
    return sum(count for one, count in types.items() if one in SCALARS and one is not type(None))

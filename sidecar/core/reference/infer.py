"""Which columns of reference data are texts, times or vectors, and what is derived from them.

Vectors are known by their names and sizes at once: columns `x[0]` to `x[31]` or more, a tensor of 32 numbers or more a row, or
a row of 128 numbers or more without names. Texts and times are known by their values: the first thousand rows wait until it is
clear. A time that rises with the rows is the clock of a log: hour and day say nothing of the data then.
The user's word goes before both. The deriving itself is `derive`'s, what becomes of the rows `builder`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np

from sidecar.core.binning.binner import read_one_by_one
from sidecar.core.binning.bins import Derived
from sidecar.core.binning.derive import Deriver, Source
from sidecar.core.binning.derived.time import AGE, HOUR, WEEKDAY
from sidecar.core.binning.matching import Names, names_for
from sidecar.core.binning.time_texts import (
    DAY,
    DAY_FIRST,
    MONTH_FIRST,
    is_clock,
    order_of,
    seconds_of_number,
    seconds_of_text,
)
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.suspicions import Finding, quoted
from sidecar.core.words.arrays import Floats
from sidecar.core.words.cell_texts import PLAIN, Reading, is_missing
from sidecar.core.words.cells import Moments, head_of, listed
from sidecar.core.words.frame import Frame, spread

TEXT, VECTOR, TIME = "text", "vector", "time"
LEAST_SIZE = 32
"""Least length of a vector with a name."""
LEAST_UNNAMED = 128
"""Least length of an unnamed row that is a vector: tables of so many columns without names are rare."""
UNNAMED = "f"
"""The name of such a vector: columns without names are f0, f1, ..."""
LEAST_NAMES = 100
LEAST_CHARACTERS = 20
"""Distinct strings, and their mean length in characters, from which a column is text, if more than half of its strings differ."""
_LOOK_ROWS = 1_000
_LOOK_VALUES = 1 << 20
"""Most rows and values that wait until texts are distinguished from categories."""
_MAX_SHAPES = 256
_MOSTLY = 0.5
_NEARLY_ALL = 0.95


class Inference:
    """The sources of one side. `kinds` are columns whose kind the user gave; `chosen` maps columns to the derivation
    the user gave.
    """

    def __init__(self, choices: Choices) -> None:
        self.definitions: dict[str, Derived] = {}
        self.left_out: dict[str, Finding] = {}
        """Times of which nothing can be watched."""
        self._choices = choices
        self._kinds = frozenset(choices.kinds)
        self._chosen = dict(choices.derive)
        self._cells: dict[str, Source] = {}
        self._guessed: set[str] = set()
        self._vectors: dict[str, Source] = {}
        self._vector_deriver = Deriver({})
        self._text_deriver = Deriver({})
        self._seen: set[Any] = set()
        self._waiting: list[Frame] = []
        self._settled = False

    def vectors(self, frame: Frame) -> Frame:
        """The frame with its columns named and its vectors derived."""
        names = frame.names
        if names is None:
            unnamed = self._is_vector(UNNAMED, frame.width, LEAST_UNNAMED)
            names = spread(UNNAMED, frame.width) if unnamed else names_for(None, frame.width, (), ())
        self._look(names, frame.vectors or {})
        return self._vector_deriver.frame(msgspec.structs.replace(frame, names=names))

    def texts(self, frame: Frame) -> list[Frame]:
        """The frames that are decided, with texts derived; none while texts are not yet distinguished from categories."""
        if self._settled:
            return [self._text_deriver.frame(frame)]
        self._waiting.append(frame)
        enough = sum(one.rows for one in self._waiting) >= _LOOK_ROWS
        return self.settle() if enough or sum(len(one.values) for one in self._waiting) >= _LOOK_VALUES else []

    def settle(self) -> list[Frame]:
        """Decide by the rows that wait, and return them."""
        if not self._settled:
            self._settled = True
            found: dict[str, Derived] = {}
            for name, values in self._columns().items():
                found |= self._settled_as(name, values)
            self.definitions |= found
            readings = {name: source.reading for name, source in self._cells.items()}
            self._text_deriver = Deriver(found, readings=readings)
        waiting, self._waiting = self._waiting, []
        return [self._text_deriver.frame(frame) for frame in waiting]

    def reading(self, definition: Derived) -> Reading:
        """How the column that a feature is derived from is read."""
        return self._cells[definition.of].reading if definition.of in self._cells else PLAIN

    def derived(self) -> dict[str, tuple[str, tuple[Finding, ...]]]:
        """Columns that features are derived from, with what they are and what is odd about them."""
        found: dict[str, tuple[str, tuple[Finding, ...]]] = {}
        for name, source in (self._cells | self._vectors).items():
            if any(one.of == name for one in self.definitions.values()):
                guessed = (_guess(name, source),) if name in self._guessed else ()
                found[name] = source.kind, guessed
        return found

    def _settled_as(self, name: str, values: Any) -> dict[str, Derived]:
        """What is derived from a column of cells; nothing where it is counted itself."""
        reading = self._choices.read(name)
        if self._is_text(name, values):
            self._cells[name] = Source(TEXT, name, 0, reading)
            return self._cells[name].definitions()
        order, guessed = order_of(value for value in listed(values) if isinstance(value, str))
        if order and not reading.time:
            reading = msgspec.structs.replace(reading, time=order)
        else:
            guessed = False
        if not self._is_time(name, values, reading):
            return {}
        self._guessed |= {name} if guessed else set()
        self._cells[name] = Source(TIME, name, 0, reading)
        found = self._cells[name].definitions(self._useless(name, values, reading))
        if not found:
            why = "is a time that rises with the rows, or covers less than a day, so that nothing in it stays as it is"
            self.left_out[name] = Finding("clock", why, f"--include {quoted(name)}")
        return found

    def _useless(self, name: str, values: Any, reading: Reading) -> set[str]:
        """Parts of a time that say nothing."""
        arrivals = self._choices.arrivals
        useless = set() if arrivals else {AGE}
        if isinstance(values, list) and is_clock(value for value in values if isinstance(value, str) and value.strip()):
            return {AGE, WEEKDAY}
        moments = values.seconds if isinstance(values, Moments) else _seconds(values, reading)
        moments = moments[~np.isnan(moments)]
        if isinstance(values, Moments) and len(moments) and 0 <= moments.min() <= moments.max() < DAY:
            return {AGE, WEEKDAY}  # times of the day
        steps = np.diff(moments)
        rises = len(moments) >= LEAST_NAMES and (steps >= 0).all() and (steps > 0).mean() > _MOSTLY
        span = float(np.ptp(moments)) if len(moments) else 0.0
        if self._choices.is_told(name):
            return useless
        return useless | ({HOUR} if rises or span < DAY else set()) | ({WEEKDAY} if rises or span < 7 * DAY else set())

    def _is_time(self, name: str, values: Any, reading: Reading) -> bool:
        if name in self._chosen:
            return self._chosen[name] == TIME
        if name in self._kinds:
            return False
        if isinstance(values, Moments):
            return True
        texts = {value.strip() for value in values if isinstance(value, str) and not is_missing(value, reading)}
        if not texts or any(isinstance(value, float | int) for value in values) or all(map(str.isdigit, texts)):
            return False
        read = sum(not text.isdigit() and seconds_of_text(text, reading) is not None for text in texts)
        return read >= _NEARLY_ALL * len(texts)

    def _look(self, names: Names, tensors: Mapping[str, Any]) -> None:
        """Take up vectors that first occur in this shape. The first size of a name is its size."""
        shape = (names, *((name, rows.shape[1]) for name, rows in tensors.items()))
        if shape in self._seen:
            return
        if len(self._seen) >= _MAX_SHAPES:
            self._seen.clear()
        self._seen.add(shape)
        sizes = {name: rows.shape[1] for name, rows in tensors.items()} | dict(_spread_sizes(names))
        new = [
            (n, size) for n, size in sizes.items() if n not in self._vectors and self._is_vector(n, size, LEAST_SIZE)
        ]
        for name, size in new:
            self._vectors[name] = Source(VECTOR, name, size)
            self.definitions |= self._vectors[name].definitions()
        if new:
            self._vector_deriver = Deriver(dict(self.definitions))

    def _is_vector(self, name: str, size: int, least: int) -> bool:
        if name in self._chosen:
            return self._chosen[name] == VECTOR
        return size >= least and self._kinds.isdisjoint((name, *spread(name, size)))

    def _columns(self) -> dict[str, Any]:
        """The first values of the rows that wait, by column: lists of cells, or moments. Derived columns are left out."""
        columns: dict[str, Any] = {}
        for frame in self._waiting:
            if isinstance(frame.values, np.ndarray):
                continue
            for at, name in enumerate(frame.names or ()):
                head = head_of(frame.column(at), _LOOK_ROWS)
                if name in columns and isinstance(columns[name], list):
                    columns[name] += listed(head)
                else:
                    columns.setdefault(name, head if isinstance(head, Moments) else [*listed(head)])
        return {name: values for name, values in columns.items() if name not in self.definitions}

    def _is_text(self, name: str, values: Any) -> bool:
        if name in self._chosen:
            return self._chosen[name] == TEXT
        if name in self._kinds or isinstance(values, Moments):
            return False
        strings = [value for value in values if isinstance(value, str) and value]
        distinct = len(set(strings))
        if distinct < LEAST_NAMES or 2 * distinct <= len(strings):
            return False
        long_enough = sum(map(len, strings)) >= LEAST_CHARACTERS * len(strings)
        spaced = sum(" " in one.strip() or not one.isascii() for one in strings) > _MOSTLY * len(strings)
        if not long_enough or not spaced or read_one_by_one(strings[:LEAST_NAMES])[1] == 0:
            return False
        return any(seconds_of_text(one, PLAIN) is None for one in strings[:LEAST_NAMES])


def _seconds(values: list[Any], reading: Reading) -> Floats:
    """The moments of cells, a day apart by their parts."""
    found = []
    for value in values:
        if isinstance(value, str):
            found.append(None if is_missing(value, reading) else seconds_of_text(value, reading))
        else:
            found.append(None if value is None or isinstance(value, bool) else seconds_of_number(value, reading))
    return np.array(found, np.float64)


def _guess(name: str, source: Source) -> Finding:
    first = "month" if source.reading.time == MONTH_FIRST else "day"
    other = DAY_FIRST if source.reading.time == MONTH_FIRST else MONTH_FIRST
    text = f"holds dates whose day and month no value tells apart; the {first} is taken to be first"
    return Finding("ambiguous_dates", text, f"--kind {quoted(name)}=time:{other}")


def _spread_sizes(names: Names) -> Iterator[tuple[str, int]]:
    """(name, size) of vectors given as consecutive columns `x[0]`, `x[1]`, ..."""
    for at, name in enumerate(names):
        if name.endswith("[0]"):
            base = name.removesuffix("[0]")
            size = 1
            while at + size < len(names) and names[at + size] == f"{base}[{size}]":
                size += 1
            yield base, size

"""Which columns of reference data are texts or vectors, and what is derived from them.

Vectors are known by their names and sizes at once: columns `x[0]` to `x[31]` or more, a tensor of 32 numbers or more a row, or
a row of 128 numbers or more without names. Texts are known by their values: the first thousand rows wait until it is clear.
The user's word goes before both. The deriving itself is `derive`'s, what becomes of the rows `builder`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from sidecar.core.binning.binner import read_one_by_one
from sidecar.core.binning.bins import Derived
from sidecar.core.binning.derive import Deriver, Source
from sidecar.core.binning.matching import Names, names_for
from sidecar.core.words.frame import Frame, spread

TEXT, VECTOR = "text", "vector"
LEAST_SIZE = 32
"""Numbers in a vector that has a name."""
LEAST_UNNAMED = 128
"""Numbers in a row without names that is a vector: tables of so many columns without names are rare."""
UNNAMED = "f"
"""What such a vector is called: columns without names are f0, f1, ..."""
LEAST_NAMES = 100
LEAST_CHARACTERS = 20
"""A text column has at least so many distinct strings, more than half of all, of at least so many characters on average."""
_LOOK_ROWS = 1_000
_LOOK_VALUES = 1 << 20
"""Rows and values that wait at most, until texts are told from categories."""
_MAX_SHAPES = 256


class Inference:
    """The sources of one side. `kinds` are names of which the user said what they are; `chosen` those that are derived."""

    def __init__(self, kinds: Collection[str], chosen: Mapping[str, str]) -> None:
        self.definitions: dict[str, Derived] = {}
        self._kinds = frozenset(kinds)
        self._chosen = dict(chosen)
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
        """The frames that are settled, with their texts derived: none as long as it takes to tell texts from categories."""
        if self._settled:
            return [self._text_deriver.frame(frame)]
        self._waiting.append(frame)
        enough = sum(one.rows for one in self._waiting) >= _LOOK_ROWS
        return self.settle() if enough or sum(len(one.values) for one in self._waiting) >= _LOOK_VALUES else []

    def settle(self) -> list[Frame]:
        """Decide by the rows that wait, and give them back."""
        if not self._settled:
            self._settled = True
            texts = [name for name, values in self._columns().items() if self._is_text(name, values)]
            found = {name: one for text in texts for name, one in Source(TEXT, text).definitions().items()}
            self.definitions |= found
            self._text_deriver = Deriver(found)
        waiting, self._waiting = self._waiting, []
        return [self._text_deriver.frame(frame) for frame in waiting]

    def _look(self, names: Names, tensors: Mapping[str, Any]) -> None:
        """Take up vectors that this shape shows for the first time. Of one name, the size that came first is it."""
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

    def _columns(self) -> dict[str, list[Any]]:
        """The values of the rows that wait, by column; derived columns are left out."""
        columns: dict[str, list[Any]] = {}
        for frame in self._waiting:
            if isinstance(frame.values, list):
                for at, name in enumerate(frame.names or ()):
                    columns.setdefault(name, []).extend(frame.values[at :: frame.width])
        return {name: values for name, values in columns.items() if name not in self.definitions}

    def _is_text(self, name: str, values: list[Any]) -> bool:
        if name in self._chosen:
            return self._chosen[name] == TEXT
        if name in self._kinds:
            return False
        strings = [value for value in values if isinstance(value, str) and value]
        distinct = len(set(strings))
        if distinct < LEAST_NAMES or 2 * distinct <= len(strings):
            return False
        long_enough = sum(map(len, strings)) >= LEAST_CHARACTERS * len(strings)
        return long_enough and read_one_by_one(strings[:LEAST_NAMES])[1] > 0


def _spread_sizes(names: Names) -> Iterator[tuple[str, int]]:
    """Vectors that are spread over columns in their order, `x[0]`, `x[1]`, ..., and how many columns each has."""
    for at, name in enumerate(names):
        if name.endswith("[0]"):
            base = name.removesuffix("[0]")
            size = 1
            while at + size < len(names) and names[at + size] == f"{base}[{size}]":
                size += 1
            yield base, size

"""Infers which columns of reference data are texts or vectors, and which features are derived from them.

Vectors are recognised by name and size: columns `x[0]` to `x[31]` or more, a tensor of 32 numbers or more per row, or
an unnamed row of 128 numbers or more. Texts are recognised by their values, for which the first thousand rows wait. The
user's choice overrides both. `derive` derives the features, and `builder` takes the rows.
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


class Inference:
    """The sources of one side. `kinds` are columns whose kind the user gave; `chosen` maps columns to the derivation
    the user gave.
    """

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
            texts = [name for name, values in self._columns().items() if self._is_text(name, values)]
            found = {name: one for text in texts for name, one in Source(TEXT, text).definitions().items()}
            self.definitions |= found
            self._text_deriver = Deriver(found)
        waiting, self._waiting = self._waiting, []
        return [self._text_deriver.frame(frame) for frame in waiting]

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

    def _columns(self) -> dict[str, list[Any]]:
        """The values of the waiting rows, by column, without derived columns."""
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
    """(name, size) of vectors given as consecutive columns `x[0]`, `x[1]`, ..."""
    for at, name in enumerate(names):
        if name.endswith("[0]"):
            base = name.removesuffix("[0]")
            size = 1
            while at + size < len(names) and names[at + size] == f"{base}[{size}]":
                size += 1
            yield base, size

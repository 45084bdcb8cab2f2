"""Replaces columns by the features derived from them, in frames of any shape.

The features of a reference name their sources, so live frames need nothing else. What happens to a shape of frame is planned
once. Nothing is inferred here: `infer` decides which columns are text or vectors.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import numpy as np

from sidecar.core.binning.binner import as_floats, read_one_by_one
from sidecar.core.binning.bins import Derived, Feature
from sidecar.core.binning.derived import DERIVATIONS
from sidecar.core.binning.matching import Names, names_for
from sidecar.core.words.arrays import Floats
from sidecar.core.words.frame import Frame, spread

KINDS = {derivation.name: derivation for derivation in DERIVATIONS}
_MAX_PLANS = 256
"""Plans in the cache; a client that invents names must not fill the memory."""
_MAX_SPREAD = 2_000
"""Longest vector that is spread over single columns, where the reference knows those."""


class Source(NamedTuple):
    """A column that features are derived from; `size` is the length of a vector, 0 for a text."""

    kind: str
    name: str
    size: int = 0

    def definitions(self) -> dict[str, Derived]:
        """All features that can be derived from it, by name, in order."""
        parts = KINDS[self.kind].parts
        return {f"{self.name}.{part}": Derived(self.kind, self.name, part, self.size) for part in parts}


class _Piece(NamedTuple):
    """Columns of the new frame, and how they are read from the old one: as lists, or as a matrix (columns, rows)."""

    names: Names
    read: Callable[[Frame], Any]
    derived: bool = True


class _Plan(NamedTuple):
    names: Names
    pieces: list[_Piece]

    def apply(self, frame: Frame) -> Frame:
        blocks = [piece.read(frame) for piece in self.pieces]
        if all(isinstance(block, np.ndarray) for block in blocks):
            values: Any = np.concatenate(blocks).T.ravel()
        else:
            columns = chain.from_iterable(one.tolist() if isinstance(one, np.ndarray) else one for one in blocks)
            values = list(chain.from_iterable(zip(*columns, strict=True)))
        return msgspec.structs.replace(frame, names=self.names, width=len(self.names), values=values, vectors=None)


class Deriver:
    """Derives the features in `definitions`, by name; `order` names the columns of frames without names."""

    def __init__(self, definitions: Mapping[str, Derived], order: Names = (), configured: Names = ()) -> None:
        self._wanted: dict[Source, dict[str, str]] = {}  # of each source: part to feature
        for name, one in definitions.items():
            self._wanted.setdefault(Source(one.kind, one.of, one.size), {})[one.part] = name
        self._cells = {source.name: source for source in self._wanted if not source.size}
        self._vectors = {source.name: source for source in self._wanted if source.size}
        self._order = order
        self._configured = configured
        self._plans: dict[Any, _Plan | None] = {}

    @classmethod
    def of(cls, features: Sequence[Feature], configured: Names = ()) -> Deriver:
        """The deriver for the features of a reference."""
        definitions = {feature.name: feature.derived for feature in features if feature.derived}
        return cls(definitions, columns_of(features), configured)

    def frames(self, frames: Iterable[Frame]) -> Iterable[Frame]:
        """The frames with derived features; unchanged if there is nothing to derive."""
        if self._wanted:
            return map(self.frame, frames)
        return [frame if frame.vectors is None else self.frame(frame) for frame in frames]

    def frame(self, frame: Frame) -> Frame:
        """The frame with derived features in place of their sources."""
        tensors = frame.vectors or {}
        if not self._wanted and not tensors:
            return frame
        shape = (frame.names, frame.width, tuple((name, rows.shape[1]) for name, rows in tensors.items()))
        if shape not in self._plans:
            if len(self._plans) >= _MAX_PLANS:
                self._plans.clear()
            self._plans[shape] = self._planned(*shape)
        plan = self._plans[shape]
        return plan.apply(frame) if plan else frame

    def _planned(self, names: Names | None, width: int, tensors: tuple[tuple[str, int], ...]) -> _Plan | None:
        """The plan of a shape; None if the frame stays unchanged. A derived feature replaces a column of the same name."""
        pieces = list(self._columns(names_for(names, width, self._configured, self._order)))
        for name, size in tensors:
            pieces.append(self._tensor(name, size, len(tensors) == 1))
        derived = {name for piece in pieces if piece.derived for name in piece.names}
        if not derived:
            return None
        kept = [piece for piece in pieces if piece.derived or piece.names[0] not in derived]
        return _Plan(tuple(name for piece in kept for name in piece.names), kept)

    def _columns(self, names: Names) -> Iterator[_Piece]:
        at = 0
        while at < len(names):
            vector = self._vector_at(names, at)
            text = self._cells.get(names[at])
            if vector:
                yield self._piece(vector, functools.partial(_spread_out, at=at, size=vector.size))
            elif text:
                yield self._piece(text, functools.partial(_cells, at=at))
            else:
                yield _Piece(names[at : at + 1], functools.partial(_plain, at=at), derived=False)
            at += vector.size if vector else 1

    def _vector_at(self, names: Names, at: int) -> Source | None:
        """The vector whose columns begin at `at`, if all of them are there."""
        source = self._vectors.get(names[at].removesuffix("[0]"))
        if source is None:
            return None
        return source if names[at : at + source.size] == spread(source.name, source.size) else None

    def _tensor(self, name: str, size: int, only: bool) -> _Piece:
        """A tensor is found by name. The only tensor of a frame may also be the only vector of its size, under another name."""
        fitting = [source for source in self._vectors.values() if source.size == size]
        named = [source for source in fitting if source.name == name]
        if named or (only and len(fitting) == 1):
            return self._piece((named or fitting)[0], functools.partial(_rows_of, name=name))
        if size <= _MAX_SPREAD:
            return _Piece(spread(name, size), functools.partial(_unpacked, name=name))
        return _Piece(
            (name,), lambda frame: [[None] * frame.rows]
        )  # no feature of the reference: counted as an extra column

    def _piece(self, source: Source, read: Callable[[Frame], Any]) -> _Piece:
        derivation = KINDS[source.kind]
        wanted = self._wanted[source]
        chosen = [at for at, part in enumerate(derivation.parts) if part in wanted]
        names = tuple(wanted[derivation.parts[at]] for at in chosen)
        return _Piece(names, lambda frame: derivation.derive(read(frame))[chosen])


def check_derived(feature: Feature) -> None:
    """Raises ValueError if this release cannot derive the feature."""
    one = feature.derived
    if one is None:
        return
    kind = KINDS.get(one.kind)
    if kind is None or one.part not in kind.parts or kind.wide != (one.size > 0) or not feature.ordered:
        raise ValueError(f"feature {feature.name!r} is derived in a way that this release does not know")


def columns_of(features: Iterable[Feature]) -> Names:
    """The columns of data with these features: sources in place of derived features."""
    columns: dict[str, None] = {}
    for feature in features:
        one = feature.derived
        names = (feature.name,) if one is None else spread(one.of, one.size) if one.size else (one.of,)
        columns.update(dict.fromkeys(names))
    return tuple(columns)


def _plain(frame: Frame, at: int) -> list[Any]:
    return [frame.values[at :: frame.width]]


def _cells(frame: Frame, at: int) -> list[Any]:
    values = frame.values[at :: frame.width]
    return list(values.tolist()) if isinstance(values, np.ndarray) else list(values)


def _rows_of(frame: Frame, name: str) -> Any:
    return (frame.vectors or {})[name]


def _unpacked(frame: Frame, name: str) -> Floats:
    return np.asarray(_rows_of(frame, name), np.float64).T


def _spread_out(frame: Frame, at: int, size: int) -> Floats:
    """The columns from `at` as a matrix (rows, size)."""
    values, rows, width = frame.values, frame.rows, frame.width
    if isinstance(values, np.ndarray):
        return values.reshape(rows, width)[:, at : at + size]
    if size < width:
        starts = range(at, rows * width, width)
        values = list(chain.from_iterable(values[start : start + size] for start in starts))
    numbers = as_floats(values)
    return (read_one_by_one(values)[0] if numbers is None else numbers).reshape(rows, size)

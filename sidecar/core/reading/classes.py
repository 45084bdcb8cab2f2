"""Probabilities of classes in an answer: one output with classes, not several outputs, and never several rows.

To columns that are such probabilities three are added: `x.class`, the most likely class by name or by position, `x.top`, its
probability, and `x.entropy` in nats. The name x is what the answer calls the vector, else `prediction`. A flat list is taken for
one vector only if the request had one row. `matching` knows the names, for references that have none of this. Pure.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from sidecar.core.words.frame import CLASS_PARTS, PREDICTION, Frame, Lost, spread

MOST_CLASSES = 100
"""Probabilities of more classes are not kept one by one."""
_TOLERANCE = 1e-3
"""How far from 1 a sum may be: half-precision numbers add up to that."""
_COARSE_DIGITS = 2
"""Probabilities that are printed with so many digits may each be half a unit of the last one off, and `_COARSE` together."""
_COARSE = 0.05
_LABELLED = frozenset({"label", "score"})
_NUMBERS = frozenset({float, int, type(None)})


class _Group(NamedTuple):
    base: str
    places: range
    labels: tuple[str | int, ...]


def with_classes(frame: Frame, asked: int | None) -> Frame:
    """The frame of an answer to `asked` rows (None if that is not known), with classes where it holds their probabilities."""
    if frame.vectors or not frame.rows:
        return frame
    if asked == 1 and frame.rows > 1:
        frame = _one_row(frame)
    if frame.width == 1:
        return frame
    found = [(group, _rows(frame, group.places)) for group in _groups(frame.names, frame.width)]
    sure = [(group, rows) for group, rows in found if are_probable(rows)]
    return _extended(frame, sure) if sure else frame


def _one_row(frame: Frame) -> Frame:
    """The frame as a single row where it is a list of probabilities, or of labels with their scores as Hugging Face has them."""
    labels: tuple[Any, ...] | None = None
    scores = frame.values
    if frame.width == 2 and frame.names and set(frame.names) == _LABELLED:
        labels, scores = (tuple(frame.values[frame.names.index(name) :: 2]) for name in ("label", "score"))
        scores = list(scores)
    elif frame.width > 1:
        return frame
    if not are_probable([scores]) or not (labels is None or all(isinstance(label, str) for label in labels)):
        return frame
    precisions = () if labels else frame.precisions
    return Frame(frame.side, labels, 1, len(scores), scores, precisions=precisions, version=frame.version)


def are_probable(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether rows of k values are probabilities of k classes, rows with missing ones aside. Whole numbers alone are
    answers of other kinds.
    """
    types = set().union(*(map(type, row) for row in rows))
    if float not in types or not types <= _NUMBERS:
        return False
    known = [row for row in rows if _is_known(row)]
    if not known or min(map(min, known)) < 0 or max(map(max, known)) > 1:
        return False
    off = max(abs(sum(row) - 1) for row in known)
    return bool(off <= _TOLERANCE or off <= _coarse(known))


def _is_known(row: Sequence[Any]) -> bool:
    return None not in row and not any(map(operator.ne, row, row))  # only NaN is not itself


def _coarse(rows: list[Sequence[Any]]) -> float:
    """How far a sum of two-digit probabilities may be from 1; 0 for others, and for two classes, which round alike."""
    classes = len(rows[0])
    if classes < 3 or any(round(one, _COARSE_DIGITS) != one for row in rows for one in row):
        return 0.0
    return min(classes * 10.0**-_COARSE_DIGITS / 2, _COARSE) + 1e-9


def _rows(frame: Frame, places: range) -> list[Sequence[Any]]:
    """The values of some columns, row by row."""
    values, width = frame.values, frame.width
    if not isinstance(values, list):
        values = values.tolist()
    return [values[at + places.start : at + places.stop] for at in range(0, frame.rows * width, width)]


@functools.lru_cache(maxsize=256)  # answers of a model have the same names
def _groups(names: tuple[str, ...] | None, width: int) -> tuple[_Group, ...]:
    """The columns that may be one vector: `x[0]`, `x[1]`, ... or `x.a`, `x.b`, ..., or else all together."""
    if names is None:
        return (_Group(PREDICTION, range(width), tuple(range(width))),)
    return tuple(_runs(names)) or (_Group(PREDICTION, range(width), names),)


def _runs(names: tuple[str, ...]) -> Iterator[_Group]:
    at = 0
    while at < len(names):
        base = names[at].removesuffix("[0]")
        size = _spread_size(names, at, base) if base != names[at] else _dotted_size(names, at)
        places = range(at, at + size)
        if size > 1 and base != names[at]:
            yield _Group(base, places, tuple(range(size)))
        elif size > 1:
            base = names[at].rpartition(".")[0]
            yield _Group(base, places, tuple(names[place][len(base) + 1 :] for place in places))
        at += size


def _spread_size(names: tuple[str, ...], at: int, base: str) -> int:
    size = 1
    while at + size < len(names) and names[at + size] == f"{base}[{size}]":
        size += 1
    return size


def _dotted_size(names: tuple[str, ...], at: int) -> int:
    prefix = names[at].rpartition(".")[0]
    size = 1
    while prefix and at + size < len(names) and names[at + size].rpartition(".")[0] == prefix:
        size += 1
    return size


def _extended(frame: Frame, groups: list[tuple[_Group, list[Sequence[Any]]]]) -> Frame:
    """The frame with three more columns for each group, behind its own."""
    names = frame.names or spread(PREDICTION, frame.width)
    dropped = {place for group, _ in groups if len(group.places) > MOST_CLASSES for place in group.places}
    kept = [place for place in range(frame.width) if place not in dropped]
    added = [[_parts(group, row) for row in rows] for group, rows in groups]
    every = (*(names[place] for place in kept), *(group.base + part for group, _ in groups for part in CLASS_PARTS))
    values: list[Any] = []
    for at, row in enumerate(_rows(frame, range(frame.width))):
        values += row if not dropped else [row[place] for place in kept]
        for parts in added:
            values += parts[at]
    lost = _moved(frame.lost, kept) if dropped else frame.lost
    precisions = _precisions(frame, kept, [group for group, _ in groups])
    return msgspec.structs.replace(
        frame, names=every, width=len(every), values=values, lost=lost, precisions=precisions
    )


def _precisions(frame: Frame, kept: list[int], groups: list[_Group]) -> tuple[str, ...]:
    """Of the kept columns and the added ones: a top probability is as precise as the others, an entropy is computed here."""
    if not frame.precisions:
        return ()
    own = frame.precisions * frame.width if len(frame.precisions) == 1 else frame.precisions
    added = [precision for group in groups for precision in ("", own[group.places.start], "")]
    return (*(own[place] for place in kept), *added)


def _parts(group: _Group, row: Sequence[Any]) -> tuple[Any, Any, Any]:
    """Class, top probability and entropy; None where a probability is missing."""
    if not _is_known(row):
        return None, None, None
    top = max(row)
    entropy = -sum(one * math.log(one) for one in row if one > 0)
    return str(group.labels[row.index(top)]), top, entropy + 0.0  # no negative zero


def _moved(lost: Lost | None, kept: list[int]) -> Lost | None:
    """The same with the numbers of the columns that are kept."""
    if lost is None or not lost.cells:
        return lost
    cells = {at: lost.cells[place] for at, place in enumerate(kept) if place in lost.cells}
    return msgspec.structs.replace(lost, cells=cells)

"""Which rows break which rule: the values of a frame against constraints, a column at a time, numbers all at once.

Cells are read as their features are (`cell_texts.Reading`), a missing one breaks no rule but `missing`, and a row breaks a rule
once. Nothing is judged here: `evidence.rates` and `scores.constraint_comparison` do that with the counts.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sidecar.core.binning.binner import as_floats, numbers_in
from sidecar.core.binning.bins import plain_name, truth
from sidecar.core.binning.derive import columns_of
from sidecar.core.binning.matching import Names, aligned, names_for
from sidecar.core.binning.rounding import BINARY
from sidecar.core.reference.constraints import RECENT_ROWS, Constraint, ValueType
from sidecar.core.reference.profile import SideProfile
from sidecar.core.words.arrays import Floats, Mask
from sidecar.core.words.cell_texts import PLAIN, Reading, is_missing, numeric_name, plain_or_none
from sidecar.core.words.cells import Coded, Columnar, listed
from sidecar.core.words.frame import Side
from sidecar.core.words.patterns import Pattern
from sidecar.core.words.rules import Rule

_REMEMBERED = 4_096
"""Cells of a column of names whose rules are remembered..."""
_SHORT = 64
"""...if they are at most so long."""
_OF_NAMES = (Rule.MISSING, Rule.TYPE, Rule.DOMAIN, Rule.PATTERN)
_TRUTHS = ("true", "false")
_MAX_SHAPES = 256
"""Lists of names that are cached; a client that invents names must not fill the memory."""


class Broken(NamedTuple):
    """By rule, in the order of `RuleChecks.asked`: which rows break it (R, n), and whether it could be looked at (R,)."""

    rows: Mask
    looked_at: Mask


class RuleChecks:
    """The checks of one side; rules on the order of rows remember those that came before."""

    def __init__(self, side: Side, reference: SideProfile, configured: Names = ()) -> None:
        """`configured` names columns that come without names."""
        readings = {feature.name: feature.reading for feature in reference.features}
        self.asked = tuple((one, rule) for one in reference.constraints for rule in one.rules)
        """Every rule with its constraint."""
        if reference.left_out:
            configured = configured or reference.columns
        known = functools.partial(_named, side, configured, columns_of(reference.features))
        self.names = functools.lru_cache(_MAX_SHAPES)(known)
        """The names of a frame's columns as the reference has them, by its own names and width."""
        self._at = {(one.feature, rule): at for at, (one, rule) in enumerate(self.asked)}
        self._columns = tuple(one.feature for one in reference.constraints)
        self._required = [self._at.get((name, Rule.REQUIRED)) for name in self._columns]
        self._numbers = _Numbers([one for one in reference.constraints if one.is_numeric], readings, self._at)
        self._names = [
            _Names(one, readings.get(one.feature, PLAIN)) for one in reference.constraints if not one.is_numeric
        ]
        self._orders = {one.feature: _Order() for one in reference.constraints if one.unique}
        self._last = {one.feature: np.nan for one in reference.constraints if one.monotone}
        self._falling = {one.feature for one in reference.constraints if one.monotone == "falling"}

    def broken(
        self,
        names: Sequence[str],
        values: Any,
        rows: int,
        precisions: Sequence[str] = (),
        vectors: Iterable[str] = (),
    ) -> Broken:
        """Of `rows` rows with columns of these `names`, given as in a frame; `vectors` are names of tensors beside them."""
        found = Broken(np.zeros((len(self.asked), rows), np.bool_), np.zeros(len(self.asked), np.bool_))
        places: dict[str, int] = {}
        for at, name in enumerate(names):
            places.setdefault(name, at)
        self._look_whether_there(found, places, {*vectors, *(name.partition("[")[0] for name in places)})
        present = {name: places[name] for name in self._columns if name in places}
        read = self._numbers.read(values, len(names), present, precisions, found)
        for name in present.keys() & self._last.keys():
            self._look_at_order(name, read[name], found)
        for one in self._names:
            if one.feature in present:
                one.look(_column(values, present[one.feature], len(names)), self._at, found)
        for name in present.keys() & self._orders.keys():
            cells = read[name] if name in read else _column(values, present[name], len(names))
            self._set(name, Rule.UNIQUE, self._orders[name].repeated(listed(cells)), found)
        return found

    def _look_whether_there(self, found: Broken, places: Mapping[str, int], there: set[str]) -> None:
        for name, at in zip(self._columns, self._required, strict=True):
            if at is not None:
                found.looked_at[at] = True
                found.rows[at] = name not in places and name not in there

    def _look_at_order(self, name: str, numbers: Floats, found: Broken) -> None:
        """Against the value before, not the largest so far: after a single value that is far too large, all is well again."""
        known = ~np.isnan(numbers)
        values = numbers[known]
        before = np.concatenate([[self._last[name]], values[:-1]])
        broken = np.zeros(len(numbers), np.bool_)
        broken[known] = values > before if name in self._falling else values < before
        if len(values):
            self._last[name] = float(values[-1])
        self._set(name, Rule.MONOTONE, broken, found)

    def _set(self, name: str, rule: Rule, broken: Mask, found: Broken) -> None:
        _set(self._at, name, rule, broken, found)


def _set(at: Mapping[tuple[str, Rule], int], name: str, rule: Rule, broken: Mask, found: Broken) -> None:
    place = at.get((name, rule))
    if place is not None:
        found.rows[place] = broken
        found.looked_at[place] = True


class _Numbers:
    """Columns that are read as numbers: type, range and missing values, of all columns at once."""

    def __init__(
        self, constraints: list[Constraint], readings: Mapping[str, Reading], at: Mapping[tuple[str, Rule], int]
    ) -> None:
        self._at = at
        self._names = [one.feature for one in constraints]
        self._readings = [readings.get(one.feature, PLAIN) for one in constraints]
        self._plain = all(reading == PLAIN for reading in self._readings)
        self._whole = np.array([one.type is ValueType.INTEGER for one in constraints], np.bool_)
        least = np.array([-np.inf if one.min is None else one.min for one in constraints], np.float64)
        most = np.array([np.inf if one.max is None else one.max for one in constraints], np.float64)
        self._bounds = {name: _as_sent(least, most, name) for name in ("", *BINARY)}

    def read(
        self, values: Any, width: int, present: Mapping[str, int], precisions: Sequence[str], found: Broken
    ) -> dict[str, Floats]:
        """Look at the columns that are there; returns their numbers by name."""
        there = [at for at, name in enumerate(self._names) if name in present]
        if not there:
            return {}
        sources = [present[self._names[at]] for at in there]
        numbers, wrong = self._gathered(values, width, sources, there, found.rows.shape[1])
        low, high = self._limits(there, sources, precisions)
        broken = {
            Rule.MISSING: np.isnan(numbers) & ~wrong,
            Rule.TYPE: wrong | (self._whole[there][:, None] & (numbers != np.floor(numbers)) & ~np.isnan(numbers)),
            Rule.RANGE: (numbers < low[:, None]) | (numbers > high[:, None]),
        }
        for rule, masks in broken.items():
            for mask, at in zip(masks, there, strict=True):
                _set(self._at, self._names[at], rule, mask, found)
        return {self._names[at]: row for at, row in zip(there, numbers, strict=True)}

    def _gathered(
        self, values: Any, width: int, sources: list[int], there: list[int], rows: int
    ) -> tuple[Floats, Mask]:
        """Numbers (N, n), NaN where there is none, and where a value is no number (N, n)."""
        flat = isinstance(values, np.ndarray) or (isinstance(values, list) and len(sources) == width)
        whole = as_floats(values) if flat and self._plain else None
        if whole is not None:
            numbers = np.ascontiguousarray(whole.reshape(-1, width).T[sources])
            return numbers, np.zeros(numbers.shape, np.bool_)
        numbers = np.empty((len(sources), rows))
        wrong = np.zeros(numbers.shape, np.bool_)
        for row, (source, at) in enumerate(zip(sources, there, strict=True)):
            column = _column(values, source, width)
            numbers[row], errors = numbers_in(column, self._readings[at])
            if errors:
                wrong[row] = _no_numbers(column, numbers[row], self._readings[at])
        return numbers, wrong

    def _limits(self, there: list[int], sources: list[int], precisions: Sequence[str]) -> tuple[Floats, Floats]:
        """In the precision of each column."""
        if not precisions or set(precisions) == {""}:
            return self._bounds[""][0][there], self._bounds[""][1][there]
        of_columns = [precisions[0] if len(precisions) == 1 else precisions[source] for source in sources]
        pairs = [
            (self._bounds[name][0][at], self._bounds[name][1][at]) for name, at in zip(of_columns, there, strict=True)
        ]
        low, high = np.array(pairs).T
        return low, high


def _as_sent(least: Floats, most: Floats, precision: str) -> tuple[Floats, Floats]:
    """Limits that hold a value at the limit in any precision from this one up: many send float32 and do not say so."""
    for name in {"float32", precision} - {""}:
        rounded = BINARY[name].rounded(np.stack([least, most]))
        least, most = np.minimum(least, rounded[0]), np.maximum(most, rounded[1])
    return least, most


def _no_numbers(column: Any, numbers: Floats, reading: Reading) -> Mask:
    """Where a cell is neither a number nor missing."""
    cells = listed(column)
    wrong = np.zeros(len(numbers), np.bool_)
    for at in np.flatnonzero(np.isnan(numbers)).tolist():
        cell = cells[at]
        wrong[at] = not is_missing(cell, reading) if isinstance(cell, str) else not _is_nothing(cell)
    return wrong


def _is_nothing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and np.isnan(cell))


class _Names:
    """A column that is read as names; what is known of a cell is remembered, as few names make up most columns."""

    def __init__(self, constraint: Constraint, reading: Reading) -> None:
        self.feature = constraint.feature
        self._type = constraint.type
        self._reading = reading
        self._domain = frozenset(map(_plain, constraint.domain))
        self._pattern = Pattern(constraint.pattern) if constraint.pattern else None
        self._known: dict[tuple[type, Any], int] = {}

    def look(self, column: Any, at: Mapping[tuple[str, Rule], int], found: Broken) -> None:
        """A number of bits a cell: one for each rule that it breaks."""
        if isinstance(column, list):
            bits = np.fromiter(map(self._of, column), np.uint8, len(column))
        else:
            coded = Coded.of(listed(column)) if isinstance(column, np.ndarray | tuple) else column.coded()
            bits = np.array([self._of(cell) for cell in coded.cells], np.uint8)[coded.codes]
        for place, rule in enumerate(_OF_NAMES):
            _set(at, self.feature, rule, (bits >> place & 1).astype(np.bool_), found)

    def _of(self, cell: Any) -> int:
        key = cell.__class__, cell
        known = self._known.get(key)
        if known is None:
            known = self._bits(cell)
            if not isinstance(cell, str) or len(cell) <= _SHORT:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[key] = known
        return known

    def _bits(self, cell: Any) -> int:
        name = truth(cell) if self._type is ValueType.BOOLEAN else plain_name(cell)
        if name is None or name == "" or name in self._reading.null:
            return 1
        if self._type is ValueType.BOOLEAN:
            return 1 if is_missing(name, self._reading) else (name not in _TRUTHS) << 1
        wrong = self._type is ValueType.STRING and not isinstance(cell, str)
        outside = bool(self._domain) and _plain(name) not in self._domain
        other = self._pattern is not None and not self._pattern.matches(name)
        return wrong << 1 | outside << 2 | other << 3


def _plain(name: str) -> str:
    """Numbers that are written in two ways, `1` and `1.0`, are one name."""
    number = plain_or_none(name)
    return name if number is None else numeric_name(number)


class _Order:
    """The last values of a column, as hashes, and which of them come again."""

    def __init__(self) -> None:
        self._recent: deque[int] = deque()
        self._last: dict[int, int] = {}
        self._rows = 0

    def repeated(self, cells: Iterable[Any]) -> Mask:
        """Whether each value has come before within `RECENT_ROWS` rows. Missing values are no values."""
        broken = [self._add(cell) for cell in cells]
        return np.array(broken, np.bool_)

    def _add(self, cell: Any) -> bool:
        self._rows += 1
        if len(self._recent) >= RECENT_ROWS:
            oldest = self._recent.popleft()
            if self._last.get(oldest, self._rows) <= self._rows - RECENT_ROWS:
                del self._last[oldest]
        if _is_nothing(cell) or cell == "":
            self._recent.append(0)
            return False
        key = hash(cell)
        seen = key in self._last
        self._recent.append(key)
        self._last[key] = self._rows
        return seen


def _named(side: Side, configured: Names, columns: Names, names: Names | None, width: int) -> Names:
    if side is Side.OUTPUT:
        names = aligned(names, width, columns)
    return names_for(names, width, configured, columns)


def _column(values: Any, at: int, width: int) -> Any:
    return values.columns[at] if values.__class__ is Columnar else values[at::width]

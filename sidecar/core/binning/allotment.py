"""Gives a number that was sent in a coarser precision than the reference has to the bin of the number that it was.

Such a number stands for the cell of all numbers that are rounded to it. If the cell lies in one bin, nothing is to be done:
rounding is monotone, so only the numbers that an edge is rounded to have cells with more. Their rows are allotted to these bins
in proportion to the reference's rows in the cell, at random, so that counts have no bias: a spike counts whole, any other bin by
the share of its decimals, or of its length, that lies in the cell. The random numbers are hashes of the row's number, so a run
can be repeated.

`rounding` says what a precision does to a number, `grain` which precision a column has; `binner` cuts and owns the codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.core.binning.bins import Feature
from sidecar.core.binning.grain import LiveGrain, is_coarser, rounded_where_finer
from sidecar.core.binning.rounding import BINARY, FLOAT32, Binary, Decimal, Rounding
from sidecar.core.stats.splitmix import splitmix64
from sidecar.core.words.arrays import Codes, Floats, Numbers, Singles

Precisions = tuple[str, ...]
"""The format of each numeric feature, empty where it is not known; or none at all."""
_FINE = 1 / 40
"""A precision that nobody declared, and that is not certain, is believed only where its cells are at most this share of the
reference's range: a value that is stuck, or integers where there were none, are changes and not roundings."""
_TAIL = 0.01
"""The range leaves out this share of the rows at either end."""
_NEGLIGIBLE = 1e-4
"""A bin with a smaller share of a cell's rows gets none of them."""
_NOBODY = -1
_SPARSE = 4
"""One number of so many has to be a candidate for all of them to be compared."""
_MOST_TABLES = 64


class Allotment:
    """The cells of one side's numeric features, whose reference has `counts` (features, B)."""

    def __init__(self, features: Sequence[Feature], counts: Floats) -> None:
        self._features = tuple(features)
        self._counts = counts
        self._grain = LiveGrain(self._features)
        self._tables: dict[Precisions, _Table] = {}
        self._fewer: dict[int, Decimal] = {}
        self._rows = 0

    def look(self, numbers: Floats, precisions: Precisions = ()) -> Floats:
        """Learn how fine rows (features, n) are; returns them as the reference has them, where it has fewer decimals."""
        if self._grain.look(numbers):
            self._tables.clear()
            self._fewer = {at: one for at, one in self._grain.finer.items() if self._is_fine(at, one)}
        if not self._fewer:
            return numbers
        sent = numbers.copy()
        for at, decimal in self._fewer.items():
            rounding = self._rounding(at, precisions)
            sent[at] = rounded_where_finer(sent[at], decimal, rounding if isinstance(rounding, Binary) else None)
        return sent

    def settle(self, numbers: Floats, codes: Codes, precisions: Precisions = ()) -> None:
        """Correct the bins (not flat) of numbers in place; both arrays are (features, n)."""
        if precisions not in self._tables:
            if len(self._tables) >= _MOST_TABLES:
                self._tables.clear()
            self._tables[precisions] = self._table(precisions)
        self._tables[precisions].settle(numbers, codes, self._rows)
        self._rows += numbers.shape[1]

    def _is_fine(self, feature: int, decimal: Decimal) -> bool:
        edges = np.array(self._features[feature].edges)
        low, high = decimal.cells(edges)
        return bool((high - low).max() <= _FINE * _range(edges, self._counts[feature]))

    def _is_known(self, feature: int, precisions: Precisions) -> bool:
        return feature in self._grain.certain or bool(precisions and precisions[feature] in BINARY)

    def _rounding(self, feature: int, precisions: Precisions) -> Rounding:
        declared = BINARY.get(precisions[feature]) if precisions else None
        return declared or self._grain.roundings[feature]

    def _table(self, precisions: Precisions) -> _Table:
        roundings = [self._rounding(at, precisions) for at in range(len(self._features))]
        cells = [
            _cells(feature, self._counts[at], roundings[at], self._is_known(at, precisions))
            for at, feature in enumerate(self._features)
        ]
        return _Table.of(cells, all(one is FLOAT32 for one in roundings))


class _Cells(NamedTuple):
    """The cells of one feature that an edge lies in."""

    rounded: Floats
    """What each edge (E,) is rounded to; NaN where its cell needs no correction."""
    shares: Floats
    """The share of each inner bin (E, E - 1) in the reference's rows of the cell."""


class _Table(NamedTuple):
    """The cells of all features, by feature and edge, laid out for speed: flat arrays."""

    offsets: Numbers
    """Where the row of each feature begins (F, 1)."""
    rounded: Floats | Singles
    """NaN, and what each edge is rounded to: bin b has its lower edge at b and its upper edge at b + 1."""
    bins: NDArray[np.signedinteger[Any]]
    """The only bin of the cell; for cells of several bins, -1 less their row in the next two."""
    first: NDArray[np.int32]
    """The first bin of each cell of several (C,)."""
    cumulative: Floats
    """The share of the cell's rows in its bins up to each but the last of them (C, W), from the first one on; then 1."""
    has_cells: bool
    only_float32: bool
    """Whether all cells are those of float32: then no other number can be in one."""

    @classmethod
    def of(cls, cells: list[_Cells], only_float32: bool) -> _Table:
        """Lay the cells out."""
        most = max((len(one.rounded) for one in cells), default=0)
        rounded = np.full((len(cells), most + 3), np.nan)
        bins = np.zeros((len(cells), most + 3), np.int32)
        first: list[int] = []
        reached: list[Floats] = []
        for at, one in enumerate(cells):
            rounded[at, 1 : len(one.rounded) + 1] = one.rounded
            for edge in np.flatnonzero(~np.isnan(one.rounded)).tolist():
                shares = one.shares[edge]
                bins[at, edge + 1] = int(shares.argmax()) + 1 if shares.max() >= 1 else _NOBODY - len(first)
                if shares.max() < 1:
                    held = np.flatnonzero(shares)
                    summed = shares[held[0] : held[-1] + 1].cumsum()
                    first.append(int(held[0]) + 1)
                    reached.append(summed[:-1] / summed[-1])
        cumulative = np.ones((len(first), max(map(len, reached), default=0)))
        for row, shares in enumerate(reached):
            cumulative[row, : len(shares)] = shares
        offsets = (np.arange(len(cells)) * (most + 3))[:, None]
        has_cells = not np.isnan(rounded).all()
        begins = np.array(first, np.int32)
        exact: Floats | Singles = rounded.astype(np.float32) if only_float32 else rounded
        small: type[np.signedinteger[Any]] = np.int16 if len(first) < np.iinfo(np.int16).max else np.int32
        return cls(offsets, exact.ravel(), bins.astype(small).ravel(), begins, cumulative, has_cells, only_float32)

    def settle(self, numbers: Floats, codes: Codes, first: int) -> None:
        """See `Allotment.settle`; `first` is the number of the first row."""
        chosen = self._candidates(numbers)
        if chosen is None:
            return
        sent = numbers.ravel()[chosen]
        lower = (codes + self.offsets).ravel()[chosen]
        at_lower = self.rounded.take(lower) == sent
        hit = at_lower | (self.rounded.take(lower + 1) == sent)
        if not hit.any():
            return
        found = self.bins.take(lower + ~at_lower)
        several = np.flatnonzero(hit & (found <= _NOBODY))
        if len(several):
            places = several if isinstance(chosen, slice) else chosen[several]
            feature, row = np.divmod(places, numbers.shape[1])
            cell = _NOBODY - found[several]
            passed = self.cumulative[cell] <= _uniform(feature, row + first)[:, None]
            found[several] = self.first[cell] + passed.sum(axis=1)
        codes.ravel()[chosen] = np.where(hit, found, codes.ravel()[chosen])

    def _candidates(self, numbers: Floats) -> Numbers | slice | None:
        """The flat places of numbers that may be in one of the cells: a slice for all of them, None for none."""
        if not self.has_cells:
            return None
        if not self.only_float32:
            return slice(None)
        with np.errstate(over="ignore", invalid="ignore"):
            exact = numbers.astype(np.float32) == numbers
        count = np.count_nonzero(exact)
        if count * _SPARSE > exact.size:
            return slice(None)
        return np.flatnonzero(exact) if count else None


def _uniform(features: Numbers, rows: Numbers) -> Floats:
    """Numbers in [0, 1) that look random, one for each feature and row."""
    mixed = splitmix64(splitmix64(rows.astype(np.uint64)) + features.astype(np.uint64))
    return np.asarray((mixed >> np.uint64(11)) * 2.0**-53)


def _cells(feature: Feature, counts: Floats, rounding: Rounding, known: bool) -> _Cells:
    """The cells of a feature's edges. Of a float32 that is not known to be one, a number that is itself an edge is taken for what
    it is.
    """
    edges = np.array(feature.edges)
    if len(edges) < 2 or not is_coarser(rounding, feature):
        return _Cells(np.full(len(edges), np.nan), np.zeros((len(edges), 0)))
    rounded = rounding.rounded(edges)
    low, high = rounding.cells(rounded)
    left, right = _spans(edges, feature.places)
    begin, end = (_ends(bounds, feature.places)[:, None] for bounds in (low, high))
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = np.clip(np.minimum(end, right) - np.maximum(begin, left), 0.0, None) / (right - left)
    rows = np.where(right > left, parts, 0.0) * counts[1 : len(edges)]
    rows[rows < _NEGLIGIBLE * rows.sum(axis=1, keepdims=True)] = 0.0
    total = rows.sum(axis=1)
    told = total > 0
    if not known:
        told &= np.isfinite(rounded)
        told &= ~np.isin(rounded, edges) if rounding is FLOAT32 else high - low <= _FINE * _range(edges, counts)
    own = BINARY.get(feature.precision)
    if own:
        rounded = own.rounded(rounded)  # as it was done to the numbers
    return _Cells(np.where(told, rounded, np.nan), rows / np.where(told, total, 1.0)[:, None])


def _spans(edges: Floats, places: int | None) -> tuple[Floats, Floats]:
    """Where each inner bin begins and ends: the edges, or how many decimals are below them. The edge after a spike, and the
    last one, is the float that follows a value, which is itself before the edge.
    """
    if places is None:
        return edges[:-1], edges[1:]
    scaled, near = _scaled(edges, places)
    follows = np.append(False, edges[1:] == np.nextafter(edges[:-1], np.inf))
    follows[-1] = True
    below = np.where(follows, np.floor(scaled + near) + 1, np.ceil(scaled - near))
    return below[:-1], below[1:]


def _ends(bounds: Floats, places: int | None) -> Floats:
    """The ends of cells in the same measure. A decimal on the bound of two cells belongs to each by half."""
    if places is None:
        return bounds
    scaled, near = _scaled(bounds, places)
    return np.asarray((np.ceil(scaled - near) + np.floor(scaled + near) + 1) / 2)


def _scaled(numbers: Floats, places: int) -> tuple[Floats, Floats]:
    """Numbers in units of the last decimal, and how near to a whole number they are one."""
    scaled = numbers * 10.0**places
    return scaled, np.where(np.isfinite(scaled), np.abs(scaled) * 1e-15, 0.0)


def _range(edges: Floats, counts: Floats) -> float:
    """The length of the range that holds the reference's rows but for `_TAIL` at either end."""
    reached = np.cumsum(counts[1 : len(edges)])
    low = int(np.searchsorted(reached, _TAIL * reached[-1]))
    high = int(np.searchsorted(reached, (1 - _TAIL) * reached[-1]))
    return float(edges[high + 1] - edges[low])

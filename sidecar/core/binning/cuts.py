"""Where the bins of a feature are cut, from a sample of the reference.

Numeric: a spike for each value that holds much of the mass, about 24 quantile bins of the rest, finer bins in both tails,
and the exact range. Few distinct values become spikes alone. Categorical: the frequent names, and the rare ones by key
up to a bound. Nothing is counted here: counts come from the same code for reference and live (`binner`, `profile`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.core.binning.bins import Feature, Kind, rare_key
from sidecar.core.binning.grain import grain_of
from sidecar.core.words.arrays import Floats

FEW_VALUES = 16
"""With at most so many distinct values, each gets its own bin."""
SPIKE_SHARE = 0.03
"""A value with at least this share of the rows gets its own bin."""
MAX_SPIKES = 12
QUANTILE_BINS = 24
_ROWS_PER_BIN = 25
"""A small reference gets fewer bins, so that each holds at least about this many rows."""
_TAILS = (0.001, 0.01, 0.99, 0.999)
_ROWS_PER_TAIL = 3
"""A tail bin with fewer reference rows is left out."""
_ROUNDING = 0.1
"""An inner edge may move by this share of the distance to its nearest neighbour, to have few digits."""

MAX_CATEGORIES = 30
CATEGORY_SHARE = 0.001
"""A category with a smaller share is rare..."""
CATEGORY_ROWS = 20
"""...and so is one with fewer rows than this, if nothing else is said: whom it names must not be told from the profile."""
MAX_RARE = 1_000
"""Rare categories of which the keys are kept, so that a column of identifiers stays small."""


def hides_none(name: str) -> str:
    """No name has a reason to be hidden."""
    return ""


class Naming(NamedTuple):
    """Which names of a column may be told."""

    least_rows: int = CATEGORY_ROWS
    """Names of fewer rows may not..."""
    hidden: Callable[[str], str] = hides_none
    """...and neither may those for which this gives a reason."""
    secret: str = ""
    """The key under which they are known instead (`Feature.rare_secret`)."""


NAMING = Naming()


def cut_numeric(name: str, values: Floats) -> Feature:
    """The feature with bins for `values` (n,). NaN, infinities and the largest float are ignored: an edge must follow
    every value.
    """
    finite = np.sort(values[np.abs(values) < np.finfo(np.float64).max]) + 0.0  # adding 0 makes -0.0 the same as 0.0
    grain = grain_of(finite)
    return Feature(name, Kind.NUMERIC, edges=tuple(_edges(finite, grain.places is None)), **grain._asdict())


def frequent_names(names: Mapping[str, int], least_rows: int = CATEGORY_ROWS) -> list[str]:
    """Of the names counted in `names` those that become categories: at most `MAX_CATEGORIES`, the most frequent first, none with
    fewer than `least_rows` rows, nor with less than `CATEGORY_SHARE` of all.
    """
    ranked = sorted(names.items(), key=lambda item: (-item[1], item[0]))
    least = max(CATEGORY_SHARE * sum(names.values()), least_rows)
    return [each for each, count in ranked[:MAX_CATEGORIES] if count >= least]


def cut_categorical(name: str, names: Mapping[str, int], complete: bool, naming: Naming = NAMING) -> Feature:
    """The feature whose bins suit the names counted in `names`; `complete` says whether these are all there were.

    Names that are not frequent, or that are hidden, are kept by `rare_key` alone.
    """
    frequent = [each for each in frequent_names(names, naming.least_rows) if not naming.hidden(each)]
    kept = frozenset(frequent)
    others = sorted((each for each in names if each not in kept), key=lambda each: (-names[each], each))
    rare = sorted({rare_key(name, other, naming.secret) for other in others[:MAX_RARE]})
    return Feature(
        name,
        Kind.CATEGORICAL,
        categories=tuple(frequent),
        rare=tuple(rare),
        rare_secret=naming.secret if rare else "",
        rare_complete=complete and len(others) <= MAX_RARE,
    )


def expect_unseen(feature: Feature, names: Mapping[str, int], counts: NDArray[Any]) -> None:
    """Count reference rows whose name occurs once as `unseen` instead of `other`, in `counts` (B,).

    The share of names that occur once estimates the probability of names that the sample does not hold (Good, 1953). Without it,
    any live row with such a name would look like a change.
    """
    if feature.rare_complete:
        frequent = set(feature.categories)
        once = sum(count == 1 and name not in frequent for name, count in names.items())
        counts[feature.other] -= once
        counts[feature.unseen] += once


def cut_boolean(name: str) -> Feature:
    """The feature of a boolean column: its bins do not depend on the values."""
    return Feature(name, Kind.BOOLEAN, categories=("false", "true"))


def _edges(ordered: Floats, between: bool) -> list[float]:
    """The edges for finite sorted values; none for no values. With `between`, none is at a value that is repeated."""
    if not len(ordered):
        return []
    distinct, counts = np.unique(ordered, return_counts=True)
    if len(distinct) <= FEW_VALUES:
        return _with_successors(distinct)
    heavy = np.argsort(-counts, kind="stable")[:MAX_SPIKES]
    spikes = distinct[heavy[counts[heavy] >= max(SPIKE_SHARE * len(ordered), 2)]]
    fixed = {*_with_successors(spikes), float(ordered[0]), math.nextafter(float(ordered[-1]), math.inf)}
    inner = {edge for edge in (*_quantiles(ordered, spikes), *_tails(ordered)) if edge not in fixed}
    repeated = _repeated(inner, distinct, counts) if between else {}
    placed = {repeated.get(edge, edge) for edge in inner}
    return _rounded(sorted({*placed, *fixed}), fixed | set(repeated.values()))


def _repeated(edges: set[float], distinct: Floats, counts: NDArray[Any]) -> dict[float, float]:
    """For edges that are repeated values: halfway to the value before, since a sender's rounding may move the value itself
    below its edge, with all its rows.
    """
    values = np.array(sorted(edges))
    at = np.searchsorted(distinct, values)
    moved = (counts[at] > 1) & (at > 0)
    halves = distinct[at - 1] / 2 + distinct[at] / 2
    return dict(zip(values[moved].tolist(), halves[moved].tolist(), strict=True))


def _with_successors(values: Floats) -> list[float]:
    """Each value and the next float, sorted, without duplicates."""
    return sorted({edge for value in values.tolist() for edge in (value, math.nextafter(value, math.inf))})


def _quantiles(ordered: Floats, spikes: Floats) -> list[float]:
    """Edges of bins of equal mass over the values that are no spikes."""
    rest = ordered[~np.isin(ordered, spikes)]
    if not len(rest):
        return []
    most = round(QUANTILE_BINS * len(rest) / len(ordered))
    bins = max(2, min(most, len(rest) // _ROWS_PER_BIN))
    at = (np.arange(1, bins) * len(rest)) // bins
    return [float(value) for value in rest[at]]


def _tails(ordered: Floats) -> list[float]:
    rows = len(ordered)
    levels = [level for level in _TAILS if min(level, 1 - level) * rows >= _ROWS_PER_TAIL]
    return [float(ordered[int(level * rows)]) for level in levels]


def _rounded(edges: list[float], fixed: set[float]) -> list[float]:
    """Edges with few digits, in the same order; `fixed` ones are unchanged."""
    result = list(edges)
    for at in range(1, len(edges) - 1):
        if edges[at] not in fixed:
            room = min(edges[at] - edges[at - 1], edges[at + 1] - edges[at]) * _ROUNDING
            result[at] = _short(edges[at], room)
    return result


def _short(number: float, room: float) -> float:
    """A number with few digits within `room` of `number`; `number` itself if `room` is 0 or infinite."""
    if not 0 < room < math.inf:
        return number
    digits = math.ceil(-math.log10(room * 2))
    rounded = round(number, digits) if abs(digits) < 300 else number
    return rounded if abs(rounded - number) <= room else number

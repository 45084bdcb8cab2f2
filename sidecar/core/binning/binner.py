"""Turns the flat values of frames into bin numbers, all features at once.

All numeric features are cut by one broadcast comparison with edges padded to equal length: for 1 to 4,096 rows that is
faster than a binary search per feature. Codes are flat, `feature * B + bin`, ready for one bincount and for one `take`
from any (F, B) matrix. It keeps no counts: `profile` does.

None, NaN and the empty string are `missing`. A string that reads as a number is that number; any other value of a
numeric feature is `missing` and a `type` violation. Infinities are below and above the range. Integers beyond 2^53 are
rounded to the nearest float; beyond the range of floats they are infinite.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sidecar.core.binning.bins import Feature, Kind, category, truth
from sidecar.core.words.arrays import Codes, Floats, Numbers

ABSENT = -1
"""The column of a feature that a frame lacks."""
_CELLS = 1 << 17
"""Comparisons at once: 128 KiB of booleans stay in the cache."""


class Batch(NamedTuple):
    """Binned rows of one side: flat `codes` (F, n), `numbers` (numeric features, n) with NaN for missing, `type_errors` (rows) by
    feature number.
    """

    codes: Codes
    numbers: Floats
    type_errors: dict[int, int]
    segments: Numbers | None = None
    """The segment of each row (n,); None without segments."""

    messages: tuple[int, ...] = ()
    """The rows of each message, in order; empty where every message is a single row."""

    @property
    def rows(self) -> int:
        """Number of rows n."""
        return int(self.codes.shape[1])


class Binner:
    """The bins of all features of one side, laid out for speed. `width` is B, `mask` (F, B) marks the bins that exist."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = tuple(features)
        self.width = max((feature.bins for feature in features), default=1)
        self.numeric = np.array([at for at, feature in enumerate(features) if feature.ordered], np.int64)
        self.mask = np.arange(self.width) < np.array([[feature.bins] for feature in features]).reshape(-1, 1)
        self._offsets = (np.arange(len(features)) * self.width)[:, None]
        self._edges = _padded([self.features[at].edges for at in self.numeric])
        self._missing = np.array([self.features[at].missing for at in self.numeric], np.int64)[:, None]
        self._lookups = {at: _Lookup(feature) for at, feature in enumerate(features) if not feature.ordered}

    def bin(self, values: Any, rows: int, width: int, columns: Sequence[int]) -> Batch:
        """Bin `rows` x `width` flat values; `columns[f]` is the column of feature f, or ABSENT (all `missing`)."""
        errors: dict[int, int] = {}
        sources = [columns[at] for at in self.numeric]
        numbers = self._numbers(values, rows, width, sources, errors)
        codes = np.empty((len(self.features), rows), np.int64)
        codes[self.numeric] = self.cut(numbers)
        for at, lookup in self._lookups.items():
            source = columns[at]
            codes[at] = lookup.missing if source == ABSENT else lookup.codes(_listed(values[source::width]))
        codes += self._offsets
        return Batch(codes, numbers, errors)

    def counts(self, codes: Codes) -> Numbers:
        """Rows in each bin (F, B) of flat codes (F, n)."""
        shape = (len(self.features), self.width)
        return np.bincount(codes.ravel(), minlength=shape[0] * shape[1]).reshape(shape)

    def bins_of_names(self, feature: int, values: list[Any]) -> list[int]:
        """The bins (not flat) of values of one categorical or boolean feature, by its number."""
        return self._lookups[feature].codes(values)

    def cut(self, numbers: Floats) -> Codes:
        """The bins (not flat) of numbers; both arrays are (numeric features, n)."""
        features, rows = numbers.shape
        codes = np.empty((features, rows), np.int64)
        step = max(1, _CELLS // max(1, self._edges.size))
        for start in range(0, rows, step):
            reached = numbers[:, None, start : start + step] >= self._edges
            codes[:, start : start + step] = np.add.reduce(reached.view(np.uint8), axis=1, dtype=np.uint8)
        np.copyto(codes, self._missing, where=np.isnan(numbers))
        return codes

    def _numbers(self, values: Any, rows: int, width: int, sources: list[int], errors: dict[int, int]) -> Floats:
        """The numeric columns (numeric features, n); counts values that are no numbers in `errors`."""
        if len(sources) == width or isinstance(values, np.ndarray):
            whole = as_floats(values)
            if whole is not None:
                return _gathered(whole.reshape(rows, width).T, sources)
        columns = [as_floats(values[at::width]) if at != ABSENT else _nothing(rows) for at in sources]
        for at, column in enumerate(columns):
            if column is None:
                feature = int(self.numeric[at])
                columns[at], errors[feature] = read_one_by_one(values[sources[at] :: width])
        return np.array(columns, np.float64).reshape(len(sources), rows)


def as_floats(values: Any) -> Floats | None:
    """Values as numbers, with None as NaN; None if any of them is no number."""
    try:
        numbers = np.array(values, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        return None
    return numbers if numbers.ndim == 1 else None


class _Lookup:
    """The bins of the names of one categorical or boolean feature."""

    def __init__(self, feature: Feature) -> None:
        self._name = truth if feature.kind is Kind.BOOLEAN else category
        self._by_name = dict.fromkeys(feature.rare, feature.other)
        self._by_name.update({name: code for code, name in enumerate(feature.categories)})
        self._unknown = feature.unseen if feature.rare_complete else feature.other
        self.missing = feature.missing

    def codes(self, values: list[Any]) -> list[int]:
        """One bin per value. Known strings are looked up directly; other values are named first."""
        by_name = self._by_name
        return [
            by_name[value] if value.__class__ is str and value in by_name else self._named(value) for value in values
        ]

    def _named(self, value: Any) -> int:
        name = self._name(value)
        return self.missing if not name else self._by_name.get(name, self._unknown)


def _padded(edges: list[tuple[float, ...]]) -> Floats:
    """Edges as (features, most edges, 1), padded with NaN, which no value reaches."""
    longest = max((len(row) for row in edges), default=0)
    matrix = np.full((len(edges), longest), np.nan)
    for at, row in enumerate(edges):
        matrix[at, : len(row)] = row
    return matrix[:, :, None]


def _gathered(columns: Floats, sources: list[int]) -> Floats:
    """The columns with the numbers `sources`, in that order, each contiguous; NaN for ABSENT."""
    if sources == list(range(len(columns))):
        return np.ascontiguousarray(columns)
    gathered = columns[sources]
    gathered[[at for at, source in enumerate(sources) if source == ABSENT]] = np.nan
    return gathered


def _nothing(rows: int) -> Floats:
    return np.full(rows, np.nan)


def _listed(values: Any) -> list[Any]:
    return list(values.tolist()) if isinstance(values, np.ndarray) else list(values)


def read_one_by_one(values: Any) -> tuple[Floats, int]:
    """The numbers of a column with values that are no numbers (NaN), and how many of these there are. Slow."""
    numbers = np.full(len(values), np.nan)
    errors = 0
    for at, value in enumerate(_listed(values)):
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        try:
            numbers[at] = float(value)
        except OverflowError:
            numbers[at] = np.inf if value > 0 else -np.inf
        except (ValueError, TypeError):
            errors += 1
    return numbers, errors

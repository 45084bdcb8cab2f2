"""Turns the flat values of frames into bin numbers, all features at once.

All numeric features are cut by one broadcast comparison with edges padded to equal length: for 1 to 4,096 rows that is
faster than a binary search per feature. Codes are flat, `feature * B + bin`, ready for one bincount and for one `take`
from any (F, B) matrix. It keeps no counts: `profile` does.

What a value counts as: None, NaN and the empty string are `missing`, and so are the texts that the feature's reading names; for
numbers and booleans also those that usually mean it (`NA`, `null`). A string that reads as a number is that number; any other
value of a numeric feature is `missing` and a `type` violation. Infinities are below and above the range. Integers
beyond 2^53 are rounded to the nearest float; beyond the range of floats they are infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from sidecar.core.binning.allotment import Allotment, Precisions
from sidecar.core.binning.bins import Feature, Kind, category, rare_key, truth
from sidecar.core.binning.rounding import BINARY
from sidecar.core.words.arrays import Codes, Floats, Numbers
from sidecar.core.words.cell_texts import PLAIN, Reading, is_missing, number_of, plain_or_none
from sidecar.core.words.cells import Columnar, Moments, listed

ABSENT = -1
"""The column of a feature that a frame lacks."""
_REMEMBERED = 4_096
"""Names that are no category, whose bin is remembered; clients may invent some without end."""
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
    """The bins of all features of one side, laid out for speed. `width` is B, `mask` (F, B) marks the bins that exist.

    With the `counts` (F, B) of a reference, numbers that come in a coarser precision are allotted to the bins that they came
    from; without them, as for the reference itself, numbers are taken as they are.
    """

    def __init__(self, features: Sequence[Feature], counts: Floats | None = None) -> None:
        self.features = tuple(features)
        self.width = max((feature.bins for feature in features), default=1)
        self.numeric = np.array([at for at, feature in enumerate(features) if feature.ordered], np.int64)
        self.mask = np.arange(self.width) < np.array([[feature.bins] for feature in features]).reshape(-1, 1)
        self._offsets = (np.arange(len(features)) * self.width)[:, None]
        self._edges = _padded([self.features[at].edges for at in self.numeric])
        self._missing = np.array([self.features[at].missing for at in self.numeric], np.int64)[:, None]
        numeric = [self.features[at] for at in self.numeric]
        self._own = tuple(feature.precision for feature in numeric) if any(one.precision for one in numeric) else ()
        self._allotment = None if counts is None else Allotment(numeric, counts[self.numeric])
        self._readings = [self.features[at].reading for at in self.numeric]
        self._plain = not any(map(_is_special, self._readings))
        self._lookups = {at: _Lookup(feature) for at, feature in enumerate(features) if not feature.ordered}

    def bin(
        self, values: Any, rows: int, width: int, columns: Sequence[int], precisions: tuple[str, ...] = ()
    ) -> Batch:
        """Bin `rows` x `width` flat values; `columns[f]` is the column of feature f, or ABSENT (all `missing`).
        `precisions` are those of the columns, as in a frame.
        """
        errors: dict[int, int] = {}
        sources = [columns[at] for at in self.numeric]
        numbers = self._numbers(values, rows, width, sources, errors)
        codes = np.empty((len(self.features), rows), np.int64)
        codes[self.numeric] = self._placed(numbers, _of_columns(precisions, sources))
        for at, lookup in self._lookups.items():
            source = columns[at]
            codes[at] = lookup.missing if source == ABSENT else lookup.of(_column(values, source, width))
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

    def _placed(self, numbers: Floats, precisions: Precisions) -> Codes:
        """The bins (not flat) of numbers in precisions. What is finer than the reference is rounded as the reference was."""
        sent = _in_precision(numbers, precisions)
        if self._allotment:
            sent = self._allotment.look(sent, precisions)
        sent = _in_precision(sent, self._own)
        codes = self.cut(sent)
        if self._allotment:
            self._allotment.settle(sent, codes, precisions)
        return codes

    def _numbers(self, values: Any, rows: int, width: int, sources: list[int], errors: dict[int, int]) -> Floats:
        """The numeric columns (numeric features, n); counts values that are no numbers in `errors`."""
        if (
            self._plain
            and (len(sources) == width or isinstance(values, np.ndarray))
            and not isinstance(values, Columnar)
        ):
            whole = as_floats(values)
            if whole is not None:
                return _gathered(whole.reshape(rows, width).T, sources)
        numbers = np.empty((len(sources), rows))
        for at, (source, reading) in enumerate(zip(sources, self._readings, strict=True)):
            if source == ABSENT:
                numbers[at] = np.nan
                continue
            numbers[at], wrong = numbers_in(_column(values, source, width), reading)
            if wrong:
                errors[int(self.numeric[at])] = wrong
        return numbers


def as_floats(values: Any) -> Floats | None:
    """Values as numbers, with None as NaN; None if any of them is no number."""
    try:
        numbers = np.array(values, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        return None
    return numbers if numbers.ndim == 1 else None


def _of_columns(precisions: tuple[str, ...], sources: list[int]) -> Precisions:
    """The precision of each numeric feature, from those of the columns."""
    if not precisions:
        return precisions
    if len(precisions) == 1:
        return precisions * len(sources)
    return tuple("" if at == ABSENT else precisions[at] for at in sources)


def _in_precision(numbers: Floats, precisions: Precisions) -> Floats:
    """Numbers (features, n) rounded to the precision of each feature; the same array if none has one."""
    if not precisions:
        return numbers
    names = set(precisions)
    if len(names) == 1:
        (name,) = names
        return BINARY[name].rounded(numbers) if name else numbers
    sent = numbers.copy()
    for name in names - {""}:
        places = [at for at, precision in enumerate(precisions) if precision == name]
        sent[places] = BINARY[name].rounded(sent[places])
    return sent


def numbers_in(column: Any, reading: Reading) -> tuple[Floats, int]:
    """A column of any form as numbers, NaN where a value is missing or no number; how many are no numbers comes second."""
    if isinstance(column, Moments):
        return column.seconds, 0
    if isinstance(column, np.ndarray):
        return _without(column, reading), 0
    if isinstance(column, list):
        numbers = None if reading.is_local else as_floats(column)
        return read_one_by_one(column, reading) if numbers is None else (_without(numbers, reading), 0)
    numbers = None if reading.is_local else column.plain()
    if numbers is not None:
        return _without(numbers, reading), 0
    coded = column.coded()
    read = [read_one_by_one([cell], reading) for cell in coded.cells]
    wrong = np.array([errors for _, errors in read], np.int64)
    return np.array([number[0] for number, _ in read], np.float64)[coded.codes], int(wrong[coded.codes].sum())


class _Lookup:
    """The bins of the names of one categorical or boolean feature."""

    def __init__(self, feature: Feature) -> None:
        self._feature = feature
        self._is_boolean = feature.kind is Kind.BOOLEAN
        self._name = truth if self._is_boolean else category
        self._by_name = {name: code for code, name in enumerate(feature.categories)}
        self._by_number = _by_number(feature.categories, number_of)
        self._by_plain_text = _by_number(feature.categories, plain_or_none)
        self._by_name |= dict.fromkeys((*feature.reading.null, ""), feature.missing)
        self._rare = frozenset(feature.rare)
        self._unknown = feature.unseen if feature.rare_complete else feature.other
        self._found: dict[tuple[bool, str], int] = {}
        self.missing = feature.missing

    def of(self, column: Any) -> Any:
        """One code a row of a column of any form."""
        if isinstance(column, list | np.ndarray | Moments):
            return self.codes(listed(column))
        coded = column.coded()
        return np.array(self.codes(coded.cells), np.int64)[coded.codes]

    def codes(self, values: list[Any]) -> list[int]:
        """One bin per value. Known strings are looked up directly; other values are named first."""
        by_name = self._by_name
        return [
            by_name[value] if value.__class__ is str and value in by_name else self._named(value) for value in values
        ]

    def _named(self, value: Any) -> int:
        name = self._name(value)
        if name is None or (self._is_boolean and is_missing(name)):
            return self.missing
        code = self._by_name.get(name)
        if code is None and self._feature.label_key:
            code = self._by_name.get(self._feature.label(name))
        return self._found_by(value, name) if code is None else code

    def _found_by(self, value: Any, name: str) -> int:
        """The bin of a name that is no category as it is written. `1.0` and 1 are one, if only one of them is known."""
        key = isinstance(value, str), name
        if key in self._found:
            return self._found[key]
        if isinstance(value, str):
            number = plain_or_none(value)
            code = None if number is None else self._by_plain_text.get(number)
        else:
            is_number = isinstance(value, float | int) and not isinstance(value, bool)
            code = self._by_number.get(value) if is_number else None
        if code is None:
            is_rare = self._rare and rare_key(self._feature.name, name, self._feature.rare_secret) in self._rare
            code = self._feature.other if is_rare else self._unknown
        if len(self._found) >= _REMEMBERED:
            self._found.clear()
        self._found[key] = code
        return code


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


def _column(values: Any, at: int, width: int) -> Any:
    return values.columns[at] if values.__class__ is Columnar else values[at::width]


def _is_special(reading: Reading) -> bool:
    return reading.is_local or bool(reading.null)


def _by_number(names: Sequence[str], read: Callable[[str], float | None]) -> dict[float, int]:
    """Categories that are numbers, by the number; none that two of them are. `number_of` reads codes with leading zeros too:
    where numbers come for them, they have none.
    """
    numbers = [read(name) for name in names]
    return {number: code for code, number in enumerate(numbers) if number is not None and numbers.count(number) == 1}


def _without(numbers: Floats, reading: Reading) -> Floats:
    """Numbers without those that the reading names as missing."""
    missing = [number for text in reading.null if (number := number_of(text)) is not None]
    return np.where(np.isin(numbers, missing), np.nan, numbers) if missing else numbers


def read_one_by_one(values: Any, reading: Reading = PLAIN) -> tuple[Floats, int]:
    """The numbers of a column with values that are no numbers (NaN), and how many of these there are. Slow."""
    numbers = np.full(len(values), np.nan)
    errors = 0
    for at, value in enumerate(listed(values)):
        if value is None:
            continue
        if isinstance(value, str):
            number = None if value.strip() in reading.null else number_of(value, reading)
            if number is not None:
                numbers[at] = number
            elif not is_missing(value, reading):
                errors += 1
            continue
        try:
            numbers[at] = float(value)
        except OverflowError:
            numbers[at] = np.inf if value > 0 else -np.inf
        except (ValueError, TypeError):
            errors += 1
    return _without(numbers, reading), errors

"""One column of a reference in the making: its numbers (a sample), its names (counted), and its inferred kind.

A column of booleans, or of the words true and false, is boolean. Any string that is no number makes a column
categorical. All others are numeric, also strings that all read as numbers. If a column turns out categorical after
numbers came, these are counted by name. `builder` decides which rows are in the sample.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from sidecar.core.binning.binner import Binner, as_floats, read_one_by_one
from sidecar.core.binning.bins import Feature, Kind, category, truth
from sidecar.core.binning.cuts import cut_boolean, cut_categorical, cut_numeric, expect_unseen
from sidecar.core.words.arrays import Floats, Mask, Numbers

MAX_NAMES = 10_000
"""Distinct names that are counted; rows with further names are counted as one."""
_NUMBERS = frozenset({float, int, type(None)})
_BOOLEANS = frozenset({bool, type(None)})
_WORDS = frozenset({"true", "false"})


class Column:
    """Values of one feature; `kind` is the user's choice, or None to infer it."""

    def __init__(self, kind: Kind | None) -> None:
        self._wanted = kind
        self._chunks: list[Floats] = []
        self._length = 0
        self._names: Counter[str] = Counter()
        self._unnamed = 0  # rows with names beyond MAX_NAMES
        self._by_name = kind in (Kind.CATEGORICAL, Kind.BOOLEAN)
        self._types: set[type] = set()

    def add(self, values: list[Any], keep: Mask) -> None:
        """Take one chunk; `keep` marks the rows of the sample."""
        types = set(map(type, values))
        self._types |= types
        if not self._by_name:
            self._add_numbers(values, types, keep)
        if self._by_name:
            self._count(values)

    def _add_numbers(self, values: list[Any], types: set[type], keep: Mask) -> None:
        numbers = as_floats(values) if types <= _NUMBERS or types <= _BOOLEANS else None
        if numbers is None:
            numbers, errors = read_one_by_one(values)
            if self._wanted is None and errors:
                return self._become_categorical()
            if self._wanted is None and str in types:
                self._count([value for value in values if isinstance(value, str)])
        return self._append(numbers[keep])

    def pad(self, length: int) -> None:
        """Add missing values up to `length` rows of the sample."""
        if length > self._length and not self._by_name:
            self._append(np.full(length - self._length, np.nan))

    def keep(self, mask: Mask) -> None:
        """Keep only the marked rows of the sample."""
        if not self._by_name:
            kept = self.numbers()[mask]
            self._chunks = [kept]
            self._length = len(kept)

    def numbers(self) -> Floats:
        """The sample as numbers, NaN where a value is missing or no number."""
        self._chunks = [np.concatenate(self._chunks)] if self._chunks else [np.empty(0)]
        return self._chunks[0]

    def feature(self, name: str) -> Feature:
        """The feature with bins for these values."""
        kind = self._wanted or self._inferred()
        if kind is Kind.NUMERIC:
            return cut_numeric(name, self.numbers())
        return cut_boolean(name) if kind is Kind.BOOLEAN else cut_categorical(name, self._names, not self._unnamed)

    def count_names(self, feature: Feature, binner: Binner, at: int, rows: int, counts: Numbers) -> None:
        """Add the rows of each bin to `counts` (B,), for a feature that is counted by name; `rows` is the number of all rows."""
        names = self._named()
        np.add.at(counts, binner.bins_of_names(at, list(names)), list(names.values()))
        counts[feature.other] += self._unnamed
        counts[feature.missing] += max(0, rows - sum(names.values()) - self._unnamed)
        if feature.kind is Kind.CATEGORICAL:
            expect_unseen(feature, names, counts)

    def _inferred(self) -> Kind:
        seen = self._types - {type(None)}
        if seen == {bool} or (self._names and {name.lower() for name in self._names} <= _WORDS):
            return Kind.BOOLEAN
        return Kind.CATEGORICAL if self._by_name else Kind.NUMERIC

    def _named(self) -> Counter[str]:
        """Rows by name, also of booleans that were kept as numbers."""
        return self._names if self._by_name else _counted(self.numbers())

    def _become_categorical(self) -> None:
        """Count values by name from now on, including the numbers so far."""
        self._by_name = True
        strings = self._names
        self._names = Counter()
        plain = _counted(self.numbers())
        plain.subtract({name: count for name, count in _renamed(strings).items() if name in plain})
        self._take(+plain)
        self._take(strings)
        self._chunks = []

    def _count(self, values: list[Any]) -> None:
        name_of = truth if self._wanted is Kind.BOOLEAN else category
        names = Counter(map(name_of, values))
        del names[None], names[""]  # a missing value has no name
        self._take(names)

    def _take(self, names: Counter[Any]) -> None:
        for name, count in names.items():
            if name in self._names or len(self._names) < MAX_NAMES:
                self._names[name] += count
            else:
                self._unnamed += count

    def _append(self, numbers: Floats) -> None:
        self._chunks.append(numbers)
        self._length += len(numbers)


def _counted(numbers: Floats) -> Counter[str]:
    distinct, counts = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
    return Counter(
        {str(category(value)): count for value, count in zip(distinct.tolist(), counts.tolist(), strict=True)}
    )


def _renamed(strings: Counter[str]) -> Counter[str]:
    """Strings that read as numbers, by the name of the number."""
    renamed: Counter[str] = Counter()
    for text, count in strings.items():
        renamed[str(category(float(text)))] += count
    return renamed

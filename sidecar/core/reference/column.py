"""One column of a reference in the making: its numbers (a sample), its names (counted as written), and what kind it seems to be.

Inferred: only booleans, or only the words true and false, are boolean; numbers, and texts that all are plain numbers, are
numeric; all else is categorical. Texts that usually mean `missing` are no evidence against numbers or booleans, but in a
categorical column they are names. A column that turns out categorical after it began with numbers has those counted by name.
`builder` decides which rows belong to the sample, `suspicions` what is odd about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from sidecar.core.binning.binner import Binner, as_floats, numbers_in
from sidecar.core.binning.bins import Feature, Kind, category, truth
from sidecar.core.binning.cuts import (
    NAMING,
    Naming,
    cut_boolean,
    cut_categorical,
    cut_numeric,
    expect_unseen,
    frequent_names,
)
from sidecar.core.words.arrays import Floats, Mask, Numbers
from sidecar.core.words.cell_texts import PLAIN, Reading, are_codes, is_missing, number_of
from sidecar.core.words.cells import Coded, CodedCells, Moments

MAX_NAMES = 10_000
"""Distinct names that are counted; rows with further names are counted as one."""
_CLEARLY_NUMBERS = 1_000
"""A column of more distinct whole numbers than this does not turn categorical by a few words among them..."""
_MOST_FRACTIONS = 20
"""...nor one of more than so many numbers with fractions..."""
_FEW_WORDS = 0.05
"""...that is, by words in up to this share of the rows."""
_NUMBERS = frozenset({float, int, type(None)})
_BOOLEANS = frozenset({bool, type(None)})
_WORDS = frozenset({"true", "false"})


class Wrong(NamedTuple):
    """A text that is no number in a numeric column, and how many rows have one."""

    example: str = ""
    rows: int = 0


class Column:
    """Values of one feature; `kind` is the user's choice, or None to infer it."""

    def __init__(self, kind: Kind | None, reading: Reading = PLAIN, naming: Naming = NAMING) -> None:
        self.reading = reading
        self.is_time = False
        """The reader said that it holds moments."""
        self.wrong = Wrong()
        self.lost = False
        """It turned categorical after names were no longer counted: only another pass with that kind can tell them."""
        self.names_full_at = 0
        """Rows that were counted by name when there were `MAX_NAMES`; 0 while there are fewer."""
        self._wanted = kind
        self._naming = naming
        self._chunks: list[Floats] = []
        self._length = 0
        self._texts: Counter[str] = Counter()  # of a numeric column, as written
        self._counts_texts = True
        self._names: Counter[str] = Counter()
        self._unnamed = 0  # rows with names beyond MAX_NAMES
        self._by_name = kind in (Kind.CATEGORICAL, Kind.BOOLEAN)
        self._types: set[type] = set()
        self._rows = 0

    def add(self, column: Any, keep: Mask) -> None:
        """Take one chunk, of any form of column; `keep` marks the rows of the sample."""
        self._rows += len(keep)
        if isinstance(column, list):
            column = self._told(column)
        elif isinstance(column, Moments):
            self.is_time, column = True, column.seconds
        if isinstance(column, np.ndarray):
            self._add_numbers(column, keep)
        else:
            self._add_cells(column, keep)

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

    @property
    def kind(self) -> Kind:
        """The user's word, or what the values seem to be."""
        return self._wanted or self._inferred()

    @property
    def types(self) -> frozenset[type]:
        """Of the values, None left out."""
        return frozenset(self._types - {type(None)})

    @property
    def is_told(self) -> bool:
        """The user said what kind it is."""
        return self._wanted is not None

    @property
    def named(self) -> Counter[str]:
        """Rows by name; booleans that were kept as numbers are named here."""
        return self._names if self._by_name else _counted(self.numbers())

    @property
    def unnamed(self) -> int:
        """Rows with names beyond those that are counted."""
        return self._unnamed

    @property
    def hidden_names(self) -> list[str]:
        """Why names that are frequent enough for categories are none."""
        frequent = frequent_names(self.named, self._naming.least_rows)
        return [why for each in frequent if (why := self._naming.hidden(each))]

    def feature(self, name: str) -> Feature:
        """The feature with bins for these values."""
        kind = self.kind
        if kind is Kind.NUMERIC:
            return cut_numeric(name, self.numbers())
        if kind is Kind.BOOLEAN:
            return cut_boolean(name)
        return cut_categorical(name, self.named, not self._unnamed, self._naming)

    def count_names(self, feature: Feature, binner: Binner, at: int, rows: int, counts: Numbers) -> None:
        """Add the rows of each bin to `counts` (B,), for a feature that is counted by name; `rows` is the number of all rows."""
        names = self.named
        np.add.at(counts, binner.bins_of_names(at, list(names)), list(names.values()))
        counts[feature.other] += self._unnamed
        counts[feature.missing] += max(0, rows - sum(names.values()) - self._unnamed)
        if feature.kind is Kind.CATEGORICAL:
            expect_unseen(feature, names, counts)

    def _told(self, values: list[Any]) -> Any:
        """A list as an array of numbers, or as cells."""
        types = set(map(type, values))
        self._types |= types
        if self._wanted in (None, Kind.NUMERIC) and (types <= _NUMBERS or types <= _BOOLEANS):
            numbers = as_floats(values)
            if numbers is not None and not (self._by_name and bool in types):
                return numbers
        return CodedCells(Coded.of(values))

    def _add_numbers(self, numbers: Floats, keep: Mask) -> None:
        if not self._types & {bool, float, int}:
            self._types.add(float)
        if self._by_name:
            self._take(_counted(numbers))
        else:
            self._append(numbers_in(numbers, self.reading)[0][keep])

    def _add_cells(self, column: Any, keep: Mask) -> None:
        if self._by_name:
            return self._count(column.coded())
        plain = None if self.reading.is_local or self._wanted else column.plain()
        if plain is not None:
            self._types.add(str)
            self._count_texts(column)
            return self._append(numbers_in(plain, self.reading)[0][keep])
        coded = column.coded()
        self._types |= set(map(type, coded.cells))
        if self._wanted is None and self._turns(coded):
            self._become_categorical()
            return self._count(coded)
        self._count_texts(column)
        numbers, errors = numbers_in(column, self.reading)
        if errors:
            self.wrong = Wrong(self.wrong.example or self._word(coded), self.wrong.rows + errors)
        return self._append(numbers[keep])

    def _turns(self, coded: Coded) -> bool:
        """Whether these cells make the column one of names."""
        rows = {text: count for text, count in _texts(coded) if not is_missing(text, self.reading)}
        words = [text for text in rows if number_of(text, self.reading) is None]
        if not words:
            return are_codes(rows)
        wrong = self.wrong.rows + sum(rows[word] for word in words)
        return wrong > _FEW_WORDS * self._rows or not self._are_clearly_numbers(rows)

    def _are_clearly_numbers(self, texts: Iterable[str]) -> bool:
        """More numbers than there are codes, or such as have fractions."""
        read = [number for text in texts if (number := number_of(text, self.reading)) is not None]
        numbers = np.unique(np.concatenate([self.numbers(), read]))
        distinct = numbers[np.isfinite(numbers)]
        return len(distinct) > (_MOST_FRACTIONS if (distinct % 1 != 0).any() else _CLEARLY_NUMBERS)

    def _word(self, coded: Coded) -> str:
        """The first text that is no number."""
        texts = (text for text, _ in _texts(coded) if not is_missing(text, self.reading))
        return next((text for text in texts if number_of(text, self.reading) is None), "")

    def _count_texts(self, column: Any) -> None:
        """Count texts of what may be numbers as they are written, while they are few."""
        if not self._counts_texts:
            return
        self._texts.update(dict(_texts(column.coded())))
        if len(self._texts) > MAX_NAMES:
            self._counts_texts = False
            self._texts = Counter()

    def _inferred(self) -> Kind:
        seen = self._types - {type(None)}
        words = {name.lower() for name in self._names if not is_missing(name, self.reading)}
        if seen == {bool} or (words and words <= _WORDS):
            return Kind.BOOLEAN
        return Kind.CATEGORICAL if self._by_name else Kind.NUMERIC

    def _become_categorical(self) -> None:
        """Count values by name from now on, including the numbers so far."""
        self._by_name = True
        self.lost = not self._counts_texts
        plain = _counted(self.numbers())
        for text, count in self._texts.items():
            number = number_of(text, self.reading)
            if number is not None:
                plain.subtract({str(category(number)): count})
        self._take(+plain)
        self._take(
            Counter({text: count for text, count in self._texts.items() if text and text not in self.reading.null})
        )
        self._texts = Counter()
        self._chunks = []

    def _count(self, coded: Coded) -> None:
        name_of = truth if self._wanted is Kind.BOOLEAN else category
        self._types |= set(map(type, coded.cells))
        names: Counter[str] = Counter()
        for cell, count in zip(coded.cells, coded.counts().tolist(), strict=True):
            name = name_of(cell)
            if name and name not in self.reading.null and not (name_of is truth and is_missing(name)):
                names[name] += count
        self._take(names)

    def _take(self, names: Counter[str]) -> None:
        for name, count in names.items():
            if name in self._names or len(self._names) < MAX_NAMES:
                self._names[name] += count
            else:
                self.names_full_at = self.names_full_at or sum(self._names.values())
                self._unnamed += count

    def _append(self, numbers: Floats) -> None:
        self._chunks.append(numbers)
        self._length += len(numbers)


def _texts(coded: Coded) -> Iterator[tuple[str, int]]:
    """The distinct texts with their rows."""
    for cell, count in zip(coded.cells, coded.counts().tolist(), strict=True):
        if isinstance(cell, str) and count:
            yield cell, count


def _counted(numbers: Floats) -> Counter[str]:
    distinct, counts = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
    return Counter(
        {str(category(value)): count for value, count in zip(distinct.tolist(), counts.tolist(), strict=True)}
    )

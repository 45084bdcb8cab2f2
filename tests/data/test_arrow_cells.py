"""Columns of Arrow, against what Python makes of the same cells."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.words.cell_texts import are_codes, is_missing, number_of
from sidecar.core.words.cells import Moments, length_of, listed
from sidecar.data.arrow_cells import ArrowTexts, column_of

WHEN = datetime.datetime(2026, 11, 23, 20, 15, tzinfo=datetime.UTC)
TEXTS = st.lists(
    st.one_of(
        st.none(),
        st.sampled_from(
            ["", "NA", "n/a", "NaN", "nan", "-nan", "nAn", "nan(1)", "-", "?", "NULL", "<NA>", " ", " 1 ", "\t1", "\u00a01",
             "0", "-0", "00", "01", "-01", "0.5", ".5", "5.", ".", "+1", "1_0", "1e5", "1.5e5", "1E-5", "1e", "e1", "inf",
             "-Infinity", "infinit", "0x1", "1,5", "1d", "1f", "\u0661", "9" * 15, "9" * 16, "1" * 20, "0.1234567890123456789",
             "1e400", "-1e-400", "P1D", "x"]
        ),
        st.integers(-(10**6), 10**6).map(str),
        st.floats(allow_nan=False).map(repr),
    ),
    max_size=6,
)  # fmt: skip


def texts_of(cells: list[str | None]) -> ArrowTexts:
    """As a slice, so that nothing begins at the first byte."""
    return ArrowTexts(pa.array(["7", *cells, "x"], pa.string()).slice(1, len(cells)))


@pytest.mark.slow  # 1,500 examples
@settings(derandomize=True, deadline=None, max_examples=1_500)
@given(TEXTS)
def test_texts_that_are_taken_for_plain_numbers_are_those_that_python_reads_and_no_codes(
    cells: list[str | None],
) -> None:
    plain = texts_of(cells).plain()

    if plain is not None:
        present = [cell for cell in cells if cell is not None and not is_missing(cell)]
        assert all(number_of(cell) is not None for cell in present)
        read = [number_of(cell) if cell in present and cell is not None else np.nan for cell in cells]
        assert np.array_equal(plain, np.array(read, np.float64), equal_nan=True)
        assert not are_codes(present)


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "-2.5", None, ""],
        ["2e-07", "NA", "nan", "n/a"],
        [" 1", "2 "],
        ["0", "0.5", "-0.25"],
        [],
        [None],
    ],
)
def test_what_programs_write_for_numbers_is_plain(cells: list[str | None]) -> None:
    plain = texts_of(cells).plain()

    assert plain is not None
    read = [np.nan if cell is None or is_missing(cell) else number_of(cell) for cell in cells]
    assert np.array_equal(plain, np.array(read, np.float64), equal_nan=True)


@given(st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "é"]))))
def test_texts_are_the_same_by_distinct_cell_at_their_head_and_in_all(cells: list[str | None]) -> None:
    texts = texts_of(cells)
    coded = texts.coded()

    assert len(texts) == len(cells)
    assert [coded.cells[code] for code in coded.codes] == listed(texts) == cells
    assert texts.head(2) == cells[:2]


KEY = uuid.UUID(int=7)
COLUMNS: dict[str, tuple[Any, list[Any]]] = {
    "whole": (pa.array([1, None, 3], pa.int32()), [1, None, 3]),
    "whole of many digits": (pa.array([2**53 + 1, None], pa.int64()), ["9007199254740993", None]),
    "unsigned": (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
    "real": (pa.array([0.5, None], pa.float32()), [0.5, None]),
    "half": (pa.array(np.array([0.5], np.float16)), [0.5]),
    "decimal": (pa.array([decimal.Decimal("1.25"), None]), [1.25, None]),
    "whole decimal": (pa.array([decimal.Decimal(10**20)], pa.decimal128(30, 0)), ["1" + "0" * 20]),
    "boolean": (pa.array([True, None, False]), [True, None, False]),
    "text": (pa.array(["x", None]), ["x", None]),
    "large text": (pa.array(["x", None], pa.large_string()), ["x", None]),
    "view": (pa.array(["x", None], pa.string_view()), ["x", None]),
    "dictionary": (pa.array(["x", None, "y", "x"]).dictionary_encode(), ["x", None, "y", "x"]),
    "large dictionary": (pa.DictionaryArray.from_arrays([1, 1], ["x", "y", "z"]), ["y", "y"]),
    "dictionary of numbers": (pa.array([1.5, None, 1.5]).dictionary_encode(), [1.5, None, 1.5]),
    "nothing": (pa.nulls(2), [None, None]),
    "utf-8": (pa.array(["é".encode(), None]), ["é", None]),
    "duration": (pa.array([1_500, None], pa.duration("ms")), [1.5, None]),
    "timestamp": (pa.array([WHEN, None], pa.timestamp("us", tz="UTC")), [WHEN.timestamp(), None]),
    "date": (pa.array([datetime.date(1970, 1, 3), None]), [172_800, None]),
    "date of 64 bits": (pa.array([datetime.date(1969, 12, 31)], pa.date64()), [-86_400]),
    "clock": (pa.array([datetime.time(1, 0, 1), None], pa.time32("s")), [3_601, None]),
    "uuid": (pa.array([KEY.bytes, None], pa.binary(16)).cast(pa.uuid()), [KEY.hex, None]),
}


def present(cell: Any) -> Any:
    """NaN and None are missing, in an array and in a list."""
    return None if cell is None or cell != cell else cell


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_of_any_type_with_cells_is_read_also_from_a_slice(kind: str) -> None:
    column, cells = COLUMNS[kind]
    longer = pa.concat_arrays([column, column]).slice(len(column), len(column))

    for one in (column, longer):
        read = column_of(one)
        assert length_of(read) == len(cells)
        assert [present(cell) for cell in listed(read)] == cells
        assert [type(cell) is str for cell in listed(read) if present(cell) is not None] == [
            type(cell) is str for cell in cells if cell is not None
        ]


@pytest.mark.parametrize("kind", ["timestamp", "date", "date of 64 bits", "clock"])
def test_times_are_moments(kind: str) -> None:
    assert isinstance(column_of(COLUMNS[kind][0]), Moments)


@pytest.mark.parametrize(
    "column", [pa.array([{"b": 1}]), pa.array([["x"]]), pa.array([b"\xff"]), pa.array([(1, 2, 3)], pa.month_day_nano_interval())]
)  # fmt: skip
def test_what_cannot_be_cells_is_no_column(column: Any) -> None:
    assert column_of(column) is None

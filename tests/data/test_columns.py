"""Which columns are inputs and outputs, and what is said against a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.reading import cells
from sidecar.core.words.cell_texts import PLAIN
from sidecar.core.words.frame import Side
from sidecar.data.columns import Columns, Places, numbers_of, transposed
from sidecar.errors import DataError

FILE = Path("rows.csv")


def places(rows: int, first: int = 2) -> Places:
    return Places(FILE, range(first, first + rows))


def test_a_place_is_named_by_file_unit_and_number() -> None:
    assert Places(FILE, [7, 9], "row").of(1) == "rows.csv, row 9"


def test_names_are_given_with_commas_and_blanks_do_not_count() -> None:
    columns = Columns.of(" y , z,", "id")

    assert columns.outputs == {"y", "z"}
    assert columns.excluded == {"id"}


def test_columns_go_to_their_sides_in_their_order_and_excluded_ones_to_none() -> None:
    names, given = ("id", "b", "y", "a"), ([1, 2], [3, 4], [5, 6], [7, 8])

    asked, answered = Columns.of("y", "id").frames(names, given, places(2))

    assert (asked.side, asked.names, cells(asked)) == (Side.INPUT, ("b", "a"), [3, 7, 4, 8])
    assert (answered.side, answered.names, cells(answered)) == (Side.OUTPUT, ("y",), [5, 6])


def test_a_spread_vector_goes_where_its_name_goes() -> None:
    names, given = ("v[0]", "v[1]", "w[0]", "x"), ([1], [2], [3], [4])

    asked, answered = Columns.of("v", "w").frames(names, given, places(1))

    assert (asked.names, answered.names) == (("x",), ("v[0]", "v[1]"))
    Columns.of("v", "w").check("rows.csv", names)


def test_a_side_without_columns_and_a_file_without_rows_make_no_frame() -> None:
    assert [one.side for one in Columns.of("y", "").frames(["y"], [[1]], places(1))] == [Side.OUTPUT]
    assert list(Columns().frames(["a"], [[]], places(0))) == []


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (Columns.of("scor", ""), "no column 'scor'. Did you mean 'score'"),
        (Columns.of("", "zzz"), "no column 'zzz'. It has: age, score"),
        (Columns(named=frozenset({"agee"})), "Did you mean 'age'"),
    ],
)
def test_a_chosen_column_that_is_not_there_is_an_error_that_helps(columns: Columns, words: str) -> None:
    with pytest.raises(DataError, match=words):
        columns.check("rows.csv", ["age", "score"])


def test_a_name_that_is_there_twice_is_refused() -> None:
    with pytest.raises(DataError, match="more than one column 'a'"):
        Columns().check("rows.csv", ["a", "b", "a"])


def test_a_text_in_a_column_of_numbers_is_named_with_its_place() -> None:
    columns = Columns(numeric={"a": PLAIN})

    assert list(columns.frames(["a", "b"], [["1", 2.0, None], ["x", "y", "z"]], places(3)))
    with pytest.raises(DataError, match="line 4, column 'a': holds 'many'"):
        list(columns.frames(["a"], [["1", 2.0, "many"]], places(3)))


def test_vectors_are_a_matrix_and_a_row_without_one_is_empty() -> None:
    (frame,) = Columns().frames(["v", "x"], [[np.array([1.0, 2.0]), None], [7, 8]], places(2))

    assert frame.vectors is not None
    assert np.array_equal(frame.vectors["v"], [[1.0, 2.0], [np.nan, np.nan]], equal_nan=True)
    assert (frame.names, cells(frame)) == (("x",), [7, 8])


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ([np.ones(2), np.ones(3)], "line 3, column 'v': is not a list of 2 numbers"),
        ([np.ones(2), 5.0], "line 3, column 'v': is not a list of 2 numbers"),
        ([5.0, np.ones(2)], "line 3, column 'v': is a list, the one before it is not"),
    ],
)
def test_vectors_of_several_sizes_are_refused(column: list[Any], reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        list(Columns().frames(["v"], [column], places(2)))


@pytest.mark.parametrize("values", [[], ["x"], [[1], [2]], {"a": 1}, [1, None, {}], [10**400]])
def test_what_is_no_list_of_numbers_is_no_vector(values: Any) -> None:
    assert numbers_of(values) is None


def test_numbers_and_what_reads_as_such_are_a_vector() -> None:
    found = numbers_of([1, 2.5, True])

    assert found is not None
    assert found.tolist() == [1.0, 2.5, 1.0]


def test_rows_become_columns_and_ragged_ones_are_no_table() -> None:
    assert transposed([[1, 2], [3, 4], [5, 6]]) == [[1, 3, 5], [2, 4, 6]]
    with pytest.raises(ValueError, match="shorter"):
        transposed([[1, 2], [3]])

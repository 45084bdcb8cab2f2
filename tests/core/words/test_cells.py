"""Columns of cells in each of their forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.words.cells import Coded, CodedCells, Columnar, Moments, head_of, length_of, listed

CELLS = st.lists(
    st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.sampled_from([0.0, 1.0]), st.sampled_from("ab1"))
)
FORMS: dict[str, Any] = {
    "list": [0.5, 1.5, 2.5],
    "array": np.array([0.5, 1.5, 2.5]),
    "cells": CodedCells(Coded.of([0.5, 1.5, 2.5])),
    "moments": Moments(np.array([0.5, 1.5, 2.5])),
}


def typed(cells: list[Any]) -> list[tuple[type, Any]]:
    return [(type(cell), cell) for cell in cells]


@given(CELLS)
def test_codes_lead_back_to_the_cells_each_of_which_is_there_once(cells: list[Any]) -> None:
    coded = Coded.of(cells)

    assert typed([coded.cells[code] for code in coded.codes]) == typed(cells)
    assert len(set(typed(coded.cells))) == len(coded.cells)


@given(CELLS)
def test_counts_are_the_rows_of_each_distinct_cell(cells: list[Any]) -> None:
    coded = Coded.of(cells)

    assert coded.counts().tolist() == [typed(cells).count(one) for one in typed(coded.cells)]


def test_equal_cells_of_different_types_are_different() -> None:
    assert typed(Coded.of([1, True, 1.0, "1", 1]).cells) == typed([1, True, 1.0, "1"])


def test_a_cell_that_no_row_has_counts_none() -> None:
    assert Coded(np.array([2, 2], np.int32), ["a", "b", None]).counts().tolist() == [0, 0, 2]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_its_length_its_head_and_its_cells(form: str) -> None:
    column = FORMS[form]

    assert length_of(column) == 3
    assert listed(column) == [0.5, 1.5, 2.5]
    assert listed(head_of(column, 2)) == [0.5, 1.5]
    assert listed(head_of(column, 9)) == [0.5, 1.5, 2.5]


def test_the_head_of_moments_are_moments_and_of_numbers_numbers() -> None:
    assert isinstance(head_of(FORMS["moments"], 1), Moments)
    assert isinstance(head_of(FORMS["array"], 1), np.ndarray)
    assert isinstance(head_of(FORMS["cells"], 1), list)


def test_columns_of_any_forms_are_iterated_row_by_row_as_a_flat_list_is() -> None:
    columns = Columnar(FORMS.values())

    assert list(columns) == [0.5] * 4 + [1.5] * 4 + [2.5] * 4
    assert len(columns) == 12


def test_columns_of_different_lengths_are_no_rows() -> None:
    with pytest.raises(ValueError, match="shorter"):
        list(Columnar([[1, 2], [1]]))

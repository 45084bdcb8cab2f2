"""Rows and values per row of declared shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.reading.shapes import extent, extent_of
from sidecar.errors import DecodeError


@settings(derandomize=True, deadline=None)
@given(st.integers(0, 5), st.lists(st.integers(1, 4), max_size=4))
def test_the_first_dimension_is_the_rows_and_the_others_are_one_row(rows: int, others: list[int]) -> None:
    array = np.zeros((rows, *others))
    shape = list(array.shape)

    assert (
        extent("x", shape, array.size) == extent_of("x", shape, array.size) == (rows, array[:1].size or np.prod(others))
    )


@pytest.mark.parametrize("shape", [None, "2", 6, {}, [], [[6]], [6.0], [True, 6], ["6"], [None], [1] * 65])
def test_what_is_no_list_of_whole_numbers_is_no_shape(shape: Any) -> None:
    with pytest.raises(DecodeError, match="tensor 'x' has no shape") as caught:
        extent("x", shape, 6)

    assert caught.value.reason == "shape"


@pytest.mark.parametrize(
    "shape", [[5], [-6], [2, 4], [-2, -3], [2, -1, -3], [-1, -2, 3], [1, -6, -1], [6, 0], [2**40, 2**40], [2, 3, 0], [2**62] * 64]
)  # fmt: skip
def test_a_shape_of_other_values_or_of_less_than_none_is_refused(shape: list[int]) -> None:
    for read in (extent, extent_of):
        with pytest.raises(DecodeError, match="is not one of 6 values") as caught:
            read("x", shape, 6)
        assert caught.value.reason == "shape"


def test_no_rows_may_not_be_of_any_width() -> None:
    assert extent("x", [0, 3], 0) == (0, 3)
    with pytest.raises(DecodeError):
        extent("x", [0, 2**40], 0)


def test_a_long_name_is_cut_in_the_complaint() -> None:
    with pytest.raises(DecodeError) as caught:
        extent("x" * 1_000, [5], 6)

    assert len(str(caught.value)) < 120

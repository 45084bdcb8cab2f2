"""Runs of equal values, against a loop over rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.binning.runs import RunLengths, longest_run

rows = st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, math.nan])] * 3), min_size=1, max_size=40)


def lengths_row_by_row(column: list[float]) -> tuple[list[int], list[float]]:
    """For each row how long the run before it is, and its value."""
    lengths, before, length, last = [], [], 0, math.nan
    for value in column:
        lengths.append(length)
        before.append(last)
        length = length + 1 if value == last else 1
        last = value
    return lengths, before


@given(table=rows, cuts=st.lists(st.integers(1, 39), max_size=4))
def test_runs_are_those_of_a_walk_over_the_rows_however_they_are_cut_into_blocks(
    table: list[tuple[float, ...]], cuts: list[int]
) -> None:
    values = np.array(table).T
    runs = RunLengths(len(values))
    parts = [part for part in np.split(values, sorted(set(cuts)), axis=1) if part.shape[1]]

    found = [runs.add(part) for part in parts]

    for at, column in enumerate(values.tolist()):
        lengths, before = lengths_row_by_row(column)
        assert np.concatenate([one[at] for one, _ in found]).tolist() == lengths
        assert np.concatenate([one[at] for _, one in found]).tolist() == pytest.approx(before, nan_ok=True)
    assert runs.length.tolist() == [lengths_row_by_row([*column, 9.0])[0][-1] for column in values.tolist()]


@given(share=st.floats(0.001, 0.999), probability=st.floats(1e-9, 0.5))
def test_a_credible_run_is_the_longest_that_independent_rows_show_often_enough(
    share: float, probability: float
) -> None:
    (rows,) = longest_run(np.array([share]), probability).tolist()

    assert rows >= 1
    assert rows == 1 or share**rows == pytest.approx(probability, rel=1e-6)


def test_a_value_that_never_occurs_may_stand_once_and_one_that_always_does_without_end() -> None:
    never, always = longest_run(np.array([0.0, 1.0]), 1e-3).tolist()

    assert never == 1
    assert always > 1e9

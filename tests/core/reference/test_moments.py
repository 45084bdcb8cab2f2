"""Moments against numpy over all rows, in any order of merging."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.reference.moments import Moments
from sidecar.core.words.arrays import Floats

values = st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf, -np.inf])
tables = st.integers(1, 30).flatmap(lambda rows: st.lists(st.tuples(values, values), min_size=rows, max_size=rows))


def assert_moments_of(found: Moments, columns: Floats) -> None:
    for at, column in enumerate(columns):
        finite = column[np.isfinite(column)]
        assert found.count[at] == len(finite)
        if len(finite):
            assert found.mean[at] == pytest.approx(finite.mean(), rel=1e-9, abs=1e-6)
            assert (found.low[at], found.high[at]) == (finite.min(), finite.max())
        if len(finite) > 1:
            assert found.sd()[at] == pytest.approx(finite.std(ddof=1), rel=1e-6, abs=1e-4)


@given(tables)
def test_they_are_numpy_s_over_the_finite_values(table: list[tuple[float, float]]) -> None:
    columns = np.array(table).T

    assert_moments_of(Moments.of(columns), columns)


@given(tables, st.integers(0, 30), st.integers(0, 30))
def test_parts_merge_to_the_whole_in_any_order(table: list[tuple[float, float]], first: int, second: int) -> None:
    columns = np.array(table).T
    parts = [Moments.of(part) for part in np.split(columns, sorted((first, second)), axis=1)]

    assert_moments_of(parts[0].merge(parts[1]).merge(parts[2]), columns)
    assert_moments_of(parts[2].merge(parts[0].merge(parts[1])), columns)


def test_nothing_merged_with_nothing_says_nothing() -> None:
    found = Moments.empty(2).merge(Moments.empty(2))

    assert found.count.tolist() == [0, 0]
    assert found.sd().tolist() == [0, 0]
    assert (found.low.tolist(), found.high.tolist()) == ([np.inf] * 2, [-np.inf] * 2)


def test_a_single_value_has_no_spread() -> None:
    assert Moments.of(np.array([[5.0, np.nan]])).sd().tolist() == [0.0]


def test_a_small_spread_around_a_large_mean_is_not_lost() -> None:
    column = np.array([1e9 + at % 2 for at in range(1_000)])

    halves = Moments.of(column[None, :300]).merge(Moments.of(column[None, 300:]))

    assert halves.sd()[0] == pytest.approx(column.std(ddof=1), rel=1e-6)

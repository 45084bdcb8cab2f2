"""Where bins are cut."""

from __future__ import annotations

import math
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sidecar.core.binning.bins import MAX_BINS, ranges, rare_key
from sidecar.core.binning.cuts import CATEGORY_ROWS, MAX_RARE, Naming, cut_categorical, cut_numeric


def shares(values: NDArray[Any]) -> dict[str, float]:
    feature = cut_numeric("x", values)
    codes = np.searchsorted(np.array(feature.edges), values, side="right")
    counts = np.bincount(codes, minlength=feature.bins) / len(values)
    return dict(zip(ranges(feature), counts.tolist(), strict=True))


def test_a_smooth_feature_has_two_dozen_equal_bins_and_fine_tails() -> None:
    found = list(shares(np.random.default_rng(1).normal(size=50_000)).values())

    below, outermost, tail, *inner, upper_tail, upmost, above, missing = found
    assert (below, above, missing) == (0, 0, 0)
    assert [outermost, upmost] == pytest.approx([0.001, 0.001], abs=0.0005)
    assert [tail, upper_tail] == pytest.approx([0.009, 0.009], abs=0.002)
    assert len(inner) == 24
    assert all(0.02 < share < 0.06 for share in inner)


def test_a_value_that_holds_much_of_the_mass_has_its_own_bin() -> None:
    rng = np.random.default_rng(2)
    values = np.where(rng.random(10_000) < 0.4, 0.0, rng.exponential(size=10_000))

    found = shares(values)

    assert found["= 0"] == pytest.approx(0.4, abs=0.02)
    assert max(share for text, share in found.items() if text != "= 0") < 0.08


def test_few_distinct_values_are_all_spikes() -> None:
    found = shares(np.arange(1_000) % 4 * 1.0)

    assert {text: share for text, share in found.items() if share} == {
        "= 0": 0.25,
        "= 1": 0.25,
        "= 2": 0.25,
        "= 3": 0.25,
    }


def test_inner_edges_are_short_numbers() -> None:
    feature = cut_numeric("x", np.random.default_rng(3).normal(size=10_000))

    assert all(len(repr(edge)) <= 6 for edge in feature.edges[1:-1])


def test_a_small_reference_gets_fewer_bins() -> None:
    rng = np.random.default_rng(4)

    assert cut_numeric("x", rng.normal(size=100)).bins < 10


def test_the_largest_float_has_no_edge_after_it_and_is_above_the_range() -> None:
    assert cut_numeric("x", np.array([sys.float_info.max])).edges == ()
    assert cut_numeric("x", np.array([1.0, sys.float_info.max])).edges == (1.0, math.nextafter(1.0, 2.0))


def test_infinities_and_missing_values_have_no_part_in_the_edges() -> None:
    feature = cut_numeric("x", np.array([1.0, math.nan, math.inf, 2.0, -math.inf]))

    assert feature.edges == (1.0, math.nextafter(1.0, 2.0), 2.0, math.nextafter(2.0, 3.0))


@given(st.lists(st.floats(allow_nan=False), max_size=80))
def test_edges_always_rise_and_hold_every_finite_value(values: list[float]) -> None:
    feature = cut_numeric("x", np.array(values, np.float64))

    assert all(low < high for low, high in pairwise(feature.edges))
    assert feature.bins <= MAX_BINS
    assert len(set(ranges(feature))) == feature.bins
    finite = [value for value in values if abs(value) < sys.float_info.max]
    assert not finite or (feature.edges[0] <= min(finite) and max(finite) < feature.edges[-1])


def test_frequent_categories_have_bins_and_rare_ones_are_known_by_key() -> None:
    feature = cut_categorical("c", {"a": 5_000, "b": 4_990, "rare": 2}, complete=True)

    assert feature.categories == ("a", "b")
    assert feature.rare == (rare_key("c", "rare"),)
    assert feature.rare_complete


def test_at_most_thirty_categories_have_bins() -> None:
    feature = cut_categorical("c", {f"c{at}": 100 for at in range(50)}, complete=True)

    assert len(feature.categories) == 30
    assert len(feature.rare) == 20


def test_a_column_of_identifiers_stays_small_and_says_that_names_are_left_out() -> None:
    feature = cut_categorical("c", {f"{at:0100}": 1 for at in range(5_000)}, complete=True)

    assert 0.99 * MAX_RARE <= len(feature.rare) <= MAX_RARE
    assert not feature.rare_complete


def test_a_name_of_fewer_rows_than_may_be_told_is_rare_however_few_names_there_are() -> None:
    few = {"common": 500, "told": CATEGORY_ROWS, "secret": CATEGORY_ROWS - 1}

    assert cut_categorical("c", few, complete=True).categories == ("common", "told")
    assert cut_categorical("c", few, complete=True, naming=Naming(least_rows=1)).categories == (
        "common",
        "told",
        "secret",
    )

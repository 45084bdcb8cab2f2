"""Distances along a feature: how long each edge is, in robust standard deviations, and what is tested together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from harness.profiles import profile_of
from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.profile import SideProfile
from sidecar.core.scores.geometry import LEAST_CHOSEN, scale
from sidecar.core.words.frame import Side


def side(feature: Feature, counts: Sequence[int]) -> SideProfile:
    return SideProfile((feature,), np.array([counts]), Moments.empty(int(feature.ordered)))


def test_edges_stand_for_half_of_the_bins_beside_them_and_one_unit_beyond_the_range() -> None:
    feature = Feature("x", Kind.NUMERIC, edges=(0.0, 2.0, 3.0, 4.0))

    found = scale(side(feature, [0, 10, 10, 10, 0, 5]))

    unit = (3.25 - 1.5) / 1.349  # quartiles of 10 rows in each bin
    halves = [gap / unit / 2 for gap in (2.0, 1.0, 1.0)]
    assert found.steps[0, :4] == pytest.approx([1 + halves[0], sum(halves[:2]), sum(halves[1:]), halves[2] + 1])
    assert not found.steps[0, 4:].any()


@pytest.mark.parametrize("sd", [0.001, 1.0, 1e6])
def test_the_unit_is_the_standard_deviation_of_a_normal_feature(sd: float) -> None:
    values = np.random.default_rng(1).normal(0, sd, 50_000)
    reference = profile_of({"x": values.tolist()}).sides[Side.INPUT]

    found = scale(reference)

    length = found.steps[0].sum() - 2  # between the ends, in units
    edges = reference.features[0].edges
    assert (edges[-1] - edges[0]) / length == pytest.approx(sd, rel=0.05)


def test_a_constant_and_an_empty_feature_have_finite_lengths() -> None:
    found = scale(profile_of({"x": [3.0] * 100, "y": [None] * 100, "z": [1e308, -1e308] * 50}).sides[Side.INPUT])

    assert np.isfinite(found.steps).all()


def test_a_bin_of_a_long_tail_is_no_longer_than_ten_units() -> None:
    values = [*np.random.default_rng(1).normal(size=1_000).tolist(), 1e6]

    assert scale(profile_of({"x": values}).sides[Side.INPUT]).steps.max() <= 11


def test_missing_values_have_no_place_in_the_order_and_names_have_none_at_all() -> None:
    reference = profile_of({"x": [1.0, 2.0, None] * 50, "c": ["a", "b", "c"] * 50}).sides[Side.INPUT]

    found = scale(reference)

    number, name = reference.features
    assert found.ordered[0].tolist() == [at < number.missing for at in range(found.ordered.shape[1])]
    assert not found.ordered[1].any()
    assert not found.steps[1].any()
    assert not name.ordered


def test_names_with_few_rows_are_tested_together_with_the_rare_ones() -> None:
    feature = Feature("c", Kind.CATEGORICAL, categories=("many", "few"), rare=("x",))
    # many, few, other, unseen, missing
    assert rest(feature, [500, LEAST_CHOSEN - 1, 7, 0, 30]) == [False, True, True, False]
    assert rest(feature, [500, LEAST_CHOSEN, 7, 3, 30]) == [False, False, True, True]


def test_where_the_names_of_the_reference_are_all_there_are_each_is_tested_alone() -> None:
    feature = Feature("c", Kind.CATEGORICAL, categories=("many", "few"))

    assert rest(feature, [500, 3, 0, 0, 30]) == [False] * 4


def rest(feature: Feature, counts: Sequence[int]) -> list[bool]:
    found: list[bool] = scale(side(feature, counts)).rest[0].tolist()
    assert not found[feature.missing]
    return found[: feature.missing]

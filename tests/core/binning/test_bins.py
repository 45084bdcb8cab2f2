"""How bins read, and under which name a value is counted."""

from __future__ import annotations

import math

import pytest

from sidecar.core.binning.bins import Feature, Kind, category, ranges, truth


def after(value: float) -> float:
    return math.nextafter(value, math.inf)


def test_a_spike_reads_as_equality_and_the_range_is_closed_at_both_ends() -> None:
    feature = Feature("x", Kind.NUMERIC, edges=(0.0, after(0.0), 3.5, 7.25, after(9.0)))

    assert ranges(feature) == ("< 0", "= 0", "(0, 3.5)", "[3.5, 7.25)", "[7.25, 9]", "> 9", "missing")


def test_spikes_at_neighbouring_floats_have_a_bin_each() -> None:
    feature = Feature("x", Kind.NUMERIC, edges=(1.0, after(1.0), after(after(1.0))))

    assert ranges(feature) == ("< 1", "= 1", "= 1.0000000000000002", "> 1.0000000000000002", "missing")


def test_a_constant_has_one_inner_bin() -> None:
    assert ranges(Feature("x", Kind.NUMERIC, edges=(5.0, after(5.0)))) == ("< 5", "= 5", "> 5", "missing")


def test_a_numeric_feature_without_values_has_a_bin_for_any() -> None:
    feature = Feature("x", Kind.NUMERIC)

    assert ranges(feature) == ("any", "missing")
    assert feature.bins == 2


def test_ranges_of_close_edges_never_read_the_same() -> None:
    edges = (1.0, 1.000001, 1.000002, after(1.000003))

    assert len(set(ranges(Feature("x", Kind.NUMERIC, edges=edges)))) == 6


def test_a_category_that_is_called_like_a_special_bin_stands_in_quotes() -> None:
    feature = Feature("c", Kind.CATEGORICAL, categories=("red", "other"))

    assert ranges(feature) == ("red", '"other"', "other", "unseen", "missing")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("red", "red"),
        (3, "3"),
        (3.0, "3"),
        (2.5, "2.5"),
        (True, "true"),
        (False, "false"),
        (None, None),
        (math.nan, None),
        (math.inf, "inf"),
        (10**30, str(10**30)),
    ],
)
def test_values_of_a_categorical_feature_have_names(value: object, name: str | None) -> None:
    assert category(value) == name


def test_long_categories_are_cut_and_stay_apart() -> None:
    first, second = category("x" * 500 + "a"), category("x" * 500 + "b")

    assert first is not None
    assert second is not None
    assert len(first) <= 256
    assert first != second


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "true", "True"])
def test_truth_has_many_forms(value: object) -> None:
    assert truth(value) == "true"


def test_what_is_no_truth_value_keeps_its_name() -> None:
    assert truth("perhaps") == "perhaps"
    assert truth(None) is None

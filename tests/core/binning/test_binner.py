"""Which bin a value falls into, whatever it is."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.binning.binner import ABSENT, Binner
from sidecar.core.binning.bins import Feature, Kind, ranges, rare_key

NUMBER = Feature("n", Kind.NUMERIC, edges=(0.0, math.nextafter(0.0, 1.0), 2.0, math.nextafter(4.0, 5.0)))
COLOUR = Feature("c", Kind.CATEGORICAL, categories=("red", "3"), rare=(rare_key("c", "teal"),))
FLAG = Feature("b", Kind.BOOLEAN, categories=("false", "true"))


def bin_of(feature: Feature, value: Any) -> str:
    """The range that the one value is counted in."""
    batch = Binner([feature]).bin([value], 1, 1, [0])
    return ranges(feature)[int(batch.codes[0, 0])]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-0.1, "< 0"),
        (0, "= 0"),
        (-0.0, "= 0"),
        (False, "= 0"),
        (5e-324, "(0, 2)"),
        (1, "(0, 2)"),
        ("1.5", "(0, 2)"),
        (2.0, "[2, 4]"),
        (4, "[2, 4]"),
        (4.000001, "> 4"),
        (math.inf, "> 4"),
        (-math.inf, "< 0"),
        (10**400, "> 4"),
        (-(10**400), "< 0"),
        (2**60, "> 4"),
        (None, "missing"),
        (math.nan, "missing"),
        ("", "missing"),
        ("NaN", "missing"),
        ("red", "missing"),
        ([1.0], "missing"),
        ({}, "missing"),
    ],
)
def test_a_value_of_a_numeric_feature_falls_into_its_bin(value: Any, expected: str) -> None:
    assert bin_of(NUMBER, value) == expected


@pytest.mark.parametrize(
    ("value", "errors"), [("red", 1), ([1.0], 1), ({}, 1), (None, 0), ("", 0), ("2", 0), (True, 0)]
)
def test_only_what_is_no_number_is_an_error_of_type(value: Any, errors: int) -> None:
    batch = Binner([NUMBER]).bin([value, 1.0], 2, 1, [0])

    assert sum(batch.type_errors.values()) == errors


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("red", "red"),
        (3, "3"),
        (3.0, "3"),
        ("3", "3"),
        ("teal", "other"),
        ("mauve", "unseen"),
        (None, "missing"),
        ("", "missing"),
        (math.nan, "missing"),
        ([1], "unseen"),
    ],
)
def test_a_value_of_a_categorical_feature_falls_into_its_bin(value: Any, expected: str) -> None:
    assert bin_of(COLOUR, value) == expected


def test_rare_names_are_known_by_the_key_of_the_reference_and_by_no_other() -> None:
    keyed, other = "0f" * 16, "f0" * 16
    feature = Feature(
        "c", Kind.CATEGORICAL, categories=("red",), rare=(rare_key("c", "teal", keyed),), rare_secret=keyed
    )
    with_another = msgspec.structs.replace(feature, rare_secret=other)

    def bins(of: Feature) -> list[int]:
        return Binner([of]).bins_of_names(0, ["red", "teal", "mauve"])

    assert bins(feature) == [0, feature.other, feature.unseen]
    assert bins(with_another) == [0, feature.unseen, feature.unseen]
    assert bins(feature.without_rare()) == [0, feature.other, feature.other]
    assert len({rare_key("c", "teal", secret) for secret in ("", keyed, other)}) == 3


def test_an_unknown_name_is_other_where_not_all_rare_names_are_kept() -> None:
    feature = Feature("c", Kind.CATEGORICAL, categories=("red",), rare=(rare_key("c", "teal"),), rare_complete=False)

    assert bin_of(feature, "mauve") == "other"


@pytest.mark.parametrize(("value", "expected"), [(True, "true"), (0, "false"), ("True", "true"), (2, "unseen")])
def test_a_value_of_a_boolean_feature_falls_into_its_bin(value: Any, expected: str) -> None:
    assert bin_of(FLAG, value) == expected


def test_columns_go_to_their_features_whatever_their_order() -> None:
    binner = Binner([NUMBER, COLOUR])
    values = ["red", 99, 1.0, "mauve", 98, None]

    batch = binner.bin(values, 2, 3, [2, 0])

    counts = binner.counts(batch.codes)
    assert dict(zip(ranges(NUMBER), counts[0].tolist(), strict=False)) | {"(0, 2)": 0, "missing": 0} == dict.fromkeys(
        ranges(NUMBER), 0
    )
    assert counts[0, 2] == counts[0, NUMBER.missing] == 1
    assert counts[1, 0] == counts[1, COLOUR.unseen] == 1


def test_an_absent_column_is_missing_in_every_row() -> None:
    binner = Binner([NUMBER, COLOUR])

    counts = binner.counts(binner.bin([7, 8, 9], 3, 1, [ABSENT, ABSENT]).codes)

    assert counts[0, NUMBER.missing] == counts[1, COLOUR.missing] == 3


def test_an_array_is_binned_as_a_list_is() -> None:
    binner = Binner([NUMBER, COLOUR])
    values = np.array([1.0, 3.0, 2.5, math.nan, -1.0, 3.0])

    assert binner.bin(values, 3, 2, [0, 1]).codes.tolist() == binner.bin(values.tolist(), 3, 2, [0, 1]).codes.tolist()


@given(st.lists(st.floats(allow_nan=True), min_size=1, max_size=300), st.integers(1, 3))
def test_bins_are_those_of_a_search_in_the_edges(values: list[float], features: int) -> None:
    rows = len(values)
    flat = [value for value in values for _ in range(features)]

    codes = Binner([NUMBER] * features).bin(flat, rows, features, list(range(features))).codes

    found = np.searchsorted(np.array(NUMBER.edges), values, side="right")
    expected = np.where(np.isnan(values), NUMBER.missing, found)
    for at in range(features):
        assert (codes[at] - at * NUMBER.bins).tolist() == expected.tolist()


@given(st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4), min_size=2, max_size=40))
def test_every_value_falls_into_exactly_one_bin(values: list[Any]) -> None:
    rows = len(values) // 2
    binner = Binner([NUMBER, COLOUR])

    counts = binner.counts(binner.bin(values[: rows * 2], rows, 2, [0, 1]).codes)

    assert counts.sum(axis=1).tolist() == [rows, rows]
    assert not counts[~binner.mask].any()

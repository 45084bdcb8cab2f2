"""One column of a reference in the making: its kind, its names, and what it samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sidecar.core.binning.binner import Binner
from sidecar.core.binning.bins import Kind, ranges
from sidecar.core.reference.column import MAX_NAMES, Column


def column(*chunks: list[Any], kind: Kind | None = None) -> Column:
    made = Column(kind)
    for chunk in chunks:
        made.add(chunk, np.ones(len(chunk), np.bool_))
    return made


def named(made: Column, rows: int) -> dict[str, int]:
    """Rows by the name of their bin; of a column that is counted by name."""
    feature = made.feature("c")
    binner = Binner([feature])
    counts = np.zeros(binner.width, np.int64)
    made.count_names(feature, binner, 0, rows, counts)
    return {text: count for text, count in zip(ranges(feature), counts.tolist(), strict=True) if count}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.0, None], Kind.NUMERIC),
        (["1", " 2.5 "], Kind.NUMERIC),
        ([None], Kind.NUMERIC),
        ([True, None], Kind.BOOLEAN),
        (["TRUE", "false"], Kind.BOOLEAN),
        ([True, 1], Kind.NUMERIC),
        (["1", "x"], Kind.CATEGORICAL),
        (["true", "maybe"], Kind.CATEGORICAL),
    ],
)
def test_the_kind_is_what_all_values_allow(values: list[Any], kind: Kind) -> None:
    assert column(values).feature("c").kind is kind


def test_numbers_are_kept_in_order_over_chunks_and_what_is_none_is_missing() -> None:
    made = column([1, 2.5, None], ["7", ""], [True, float("inf")])

    assert made.numbers().tolist() == pytest.approx([1, 2.5, np.nan, 7, np.nan, 1, np.inf], nan_ok=True)


def test_only_rows_of_the_sample_are_kept_as_numbers() -> None:
    made = Column(None)
    made.add([1.0, 2.0, 3.0, 4.0], np.array([True, False, True, True]))
    made.keep(np.array([False, True, True]))
    made.pad(4)

    assert made.numbers().tolist() == pytest.approx([3.0, 4.0, np.nan, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    "chunks",
    [
        [[1, 2, 2], ["x", "01"]],
        [[1, 2], [2, "x", "01"]],
        [["x"], [1, 2, 2, "01"]],
        [["01", 1], [2, 2], ["x"]],
    ],
)
def test_a_column_that_turns_out_to_hold_names_counts_the_same_however_it_came(chunks: list[list[Any]]) -> None:
    assert named(column(*chunks, kind=Kind.CATEGORICAL), 5) == named(column(*chunks), 5)


def test_absent_values_are_missing_and_every_row_has_a_bin() -> None:
    found = named(column(["a"] * 40 + ["b"] * 40 + [None, ""], kind=Kind.CATEGORICAL), 90)

    assert found == {"a": 40, "b": 40, "missing": 10}


def test_names_are_counted_up_to_a_bound_and_the_rest_together() -> None:
    made = column([f"n{at}" for at in range(MAX_NAMES + 500)], ["n0"] * 1_000, kind=Kind.CATEGORICAL)
    feature = made.feature("c")

    assert not feature.rare_complete
    found = named(made, MAX_NAMES + 1_500)
    assert sum(found.values()) == MAX_NAMES + 1_500
    assert found["n0"] == 1_001


def test_a_boolean_takes_zeros_and_ones_for_truths() -> None:
    assert named(column([1, 0, "true", "0", None], kind=Kind.BOOLEAN), 5) == {"false": 2, "true": 2, "missing": 1}

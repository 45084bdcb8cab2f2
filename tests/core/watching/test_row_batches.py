"""Frames as they arrive, joined and binned; and what is wrong with them, counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.profiles import profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.watching.row_batches import ANY_FEATURE, MISMATCH_SECONDS, RowBatches
from sidecar.core.words.frame import Frame, Side

SIDE = profile_of({"age": [20.0, 40.0, 60.0] * 40, "country": ["nl", "de", "fr"] * 40}).sides[Side.INPUT]
BINNER = Binner(SIDE.features)
NAMES = ("age", "country")


def made(configured: tuple[str, ...] = ()) -> RowBatches:
    return RowBatches(Side.INPUT, BINNER, configured)


def rows(*values: Any, names: tuple[str, ...] | None = NAMES, **more: Any) -> Frame:
    width = len(names) if names else 2
    return Frame(Side.INPUT, names, len(values) // width, width, list(values), **more)


def test_frames_of_the_same_columns_are_one_batch_with_the_rows_in_order() -> None:
    frames = [rows(20, "nl"), rows(40, "de", 60, "fr"), rows(20, "xx")]
    expected = BINNER.bin([20, "nl", 40, "de", 60, "fr", 20, "xx"], 4, 2, [0, 1])

    (batch,), mismatches = made().batches(frames, 0.0)

    assert batch.codes.tolist() == expected.codes.tolist()
    assert mismatches == []


def test_arrays_are_joined_as_arrays_and_mixed_frames_as_lists() -> None:
    numbers = profile_of({"a": [1.0, 2.0] * 40, "b": [3.0, 4.0] * 40}).sides[Side.INPUT]
    batches = RowBatches(Side.INPUT, Binner(numbers.features), ())
    array = Frame(Side.INPUT, None, 1, 2, np.array([1.0, 3.0]))
    listed = Frame(Side.INPUT, None, 1, 2, [2.0, 4.0])

    for frames in ([array, array], [array, listed], [listed, array]):
        (batch,), _ = batches.batches(frames, 0.0)
        values = [value for frame in frames for value in np.asarray(frame.values).tolist()]
        assert batch.numbers.T.ravel().tolist() == values


def test_columns_in_another_order_are_another_batch_of_the_same_bins() -> None:
    first, second = made().batches([rows(20, "nl"), rows("nl", 20, names=("country", "age"))], 0.0)[0]

    assert first.codes.tolist() == second.codes.tolist()


def test_frames_without_rows_make_no_batch() -> None:
    assert made().batches([rows()], 0.0) == ([], [])


def test_what_is_wrong_is_counted_by_rows() -> None:
    batches = made()
    batches.batches([rows(20, 40, names=("age",)), rows("old", "nl", 20, "nl")], 0.0)
    batches.batches([rows(20, "nl", "shoe", names=("age", "country", "shoe"))], 0.0)

    assert batches.violations == {
        ("country", "missing_feature"): 2,
        ("age", "type"): 1,
        (ANY_FEATURE, "extra_feature"): 1,
    }


def test_columns_without_names_that_fit_nothing_are_misshapen() -> None:
    batches = made()
    batches.batches([Frame(Side.INPUT, None, 2, 3, [1.0] * 6)], 0.0)

    assert batches.violations[ANY_FEATURE, "shape"] == 2


def test_columns_without_names_go_by_the_settings() -> None:
    (batch,), _ = made(("country", "age")).batches([rows("nl", 20, names=None)], 0.0)

    assert batch.codes.tolist() == BINNER.bin([20, "nl"], 1, 2, [0, 1]).codes.tolist()


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (rows(1, names=("shoe",)), "1 columns of other names came, and the reference has age, country (2 in all)"),
        (Frame(Side.INPUT, None, 1, 3, [1, 2, 3]), "3 columns without names came"),
    ],
)
def test_rows_with_no_feature_of_the_reference_are_told_once_a_minute(frame: Frame, words: str) -> None:
    batches = made()
    told = [batches.batches([frame], now)[1] for now in (0.0, MISMATCH_SECONDS - 0.1, MISMATCH_SECONDS)]

    assert [len(one) for one in told] == [1, 0, 1]
    assert (told[0][0].at, told[0][0].side) == (0.0, Side.INPUT)
    assert words in told[0][0].detail


def test_each_row_keeps_its_segment() -> None:
    frames = [rows(20, "nl", 40, "de", segments=[2, 1]), rows(60, "fr", segments=[0])]

    (batch,), _ = made().batches(frames, 0.0)

    assert batch.segments is not None
    assert batch.segments.tolist() == [2, 1, 0]


def test_lists_of_names_that_are_made_up_without_end_do_not_fill_the_memory() -> None:
    batches = made()
    for at in range(1_000):
        batches.batches([rows(20, "nl", names=("age", f"x{at}"))], 0.0)

    assert len(batches._matchings) <= 256

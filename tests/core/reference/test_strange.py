"""When rows are too strange for a reference: bins, shares, and how many messages must agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.profiles import counted, profile_of
from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.reference.strange import (
    NEARLY_ALL,
    is_strange,
    missing_mask,
    ordinary_share,
    rows_in,
    strange_bins,
    strange_mask,
)
from sidecar.core.words.frame import Side

COLUMNS: dict[str, list[Any]] = {"x": [1.0, 2.0] * 50, "c": ["a", "b"] * 50}


def one(bad: float, rows: float, usual: float, messages: float = np.inf) -> bool:
    return bool(is_strange(np.array([bad]), np.array([rows]), np.array([usual]), messages)[0])


def test_unseen_names_are_strange_and_numbers_never_are() -> None:
    number, name = profile_of(COLUMNS).sides[Side.INPUT].features

    assert strange_bins(number) == ()
    assert strange_bins(name) == (name.unseen,)


@pytest.mark.parametrize(("labelled", "known"), [(False, 1), (True, 0)])
def test_rare_names_that_nobody_can_tell_from_new_ones_are_strange_unless_they_are_labels(
    labelled: bool, known: int
) -> None:
    feature = Feature("c", Kind.CATEGORICAL, categories=("a",), rare_complete=False, labelled=labelled)

    assert (feature.other in strange_bins(feature)) == bool(known)


def test_rows_are_counted_in_the_bins_of_each_feature() -> None:
    profile = profile_of(COLUMNS)
    side = profile.sides[Side.INPUT]
    live = counted({"x": [1.0, None, 2.0], "c": ["z", "a", None]}, profile).counts
    width = live.shape[1]

    assert rows_in(live, strange_mask(side.features, width)).tolist() == [0, 1]
    assert rows_in(live, missing_mask(side.features, width)).tolist() == [1, 1]


def test_the_ordinary_share_is_at_least_that_of_one_row() -> None:
    side = profile_of({"x": [1.0, 2.0] * 50, "c": ["a", None] * 50}).sides[Side.INPUT]
    mask = missing_mask(side.features, side.counts.shape[1])

    assert ordinary_share(side.numbers, mask).tolist() == [0.01, 0.5]


def test_nearly_all_rows_must_be_bad_and_the_reference_s_own_must_not() -> None:
    assert one(NEARLY_ALL * 100, 100, 0.001)
    assert not one(NEARLY_ALL * 100 - 1, 100, 0.001)
    assert one(100, 100, 0.5)
    assert not one(100, 100, 0.51)
    assert not one(0, 0, 0.001)


@pytest.mark.parametrize(("usual", "enough"), [(0.001, 3), (0.1, 9), (0.5, 30)])
def test_so_many_messages_must_agree_that_chance_would_not(usual: float, enough: int) -> None:
    assert one(100, 100, usual, enough)
    assert not one(100, 100, usual, enough - 1)

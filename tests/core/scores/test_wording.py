"""How a feature changed, in words that a person would use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.profiles import counted, profile_of
from sidecar.core.binning.bins import ranges
from sidecar.core.scores.wording import changed
from sidecar.core.words.frame import Side

RNG = np.random.default_rng(1)
NUMBERS = RNG.normal(50, 10, 5_000).tolist()
NAMES = RNG.choice(["red", "green", "blue"], 5_000).tolist()


def words(reference: list[Any], live: list[Any]) -> str:
    profile = profile_of({"x": reference})
    side = profile.sides[Side.INPUT]
    feature = side.features[0]
    found = counted({"x": live}, profile)
    return changed(feature, side.counts[0].astype(float), found.counts[0].astype(float), ranges(feature))


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (RNG.normal(50, 10, 3_000).tolist(), ""),
        (RNG.normal(58, 10, 3_000).tolist(), "median 50 -> 57.8"),
        (RNG.normal(50, 20, 3_000).tolist(), "wider"),
        (RNG.normal(50, 4, 3_000).tolist(), "narrower"),
        ([*RNG.normal(50, 10, 900).tolist(), *[None] * 100], "missing 0.0% -> 10.0%"),
        ([*RNG.normal(50, 10, 950).tolist(), *[500.0] * 50], "5.0% of rows above the reference's range"),
    ],
)
def test_numbers(live: list[Any], expected: str) -> None:
    found = words(NUMBERS, live)

    assert expected[:7] in found
    assert expected.rpartition(" ")[2][:2] in found
    assert bool(found) == bool(expected)


def test_names() -> None:
    found = words(NAMES, ["red"] * 600 + ["violet"] * 100 + ["blue"] * 300)

    assert "10.0% of rows are names that the reference never had" in found
    assert "red 3" in found


def test_nothing_is_said_of_nothing() -> None:
    assert words([3.0] * 100, [3.0] * 50) == ""
    assert words([None] * 100, [None] * 100) == ""


def test_a_median_that_is_out_of_range_is_said_to_be_so_and_never_as_a_number() -> None:
    found = words(NUMBERS, RNG.normal(9_000, 10, 1_000).tolist())

    assert found.startswith("median 4")
    assert "-> above the reference's range" in found
    assert "100.0% of rows above the reference's range" in found


def test_what_is_missing_altogether_has_no_median() -> None:
    assert words(NUMBERS, [None] * 1_000) == "missing 0.0% -> 100.0% of rows"


def test_of_few_rows_rows_are_said_and_no_share_of_four_digits() -> None:
    found = words(NAMES, ["violet"] * 3 + ["red"] * 5)

    assert "3 of 8 rows are names that the reference never had" in found
    assert "." not in found.split(";")[0]

"""Profiles add up: over parts, sides and segments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.profiles import counted, profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.reference.profile import Counter, Profile
from sidecar.core.words.frame import Side

RNG = np.random.default_rng(3)
BINS = profile_of({"x": RNG.normal(size=500).tolist(), "c": RNG.choice(["a", "b"], 500).tolist()})
SIDE = BINS.sides[Side.INPUT]
numbers = st.none() | st.floats()
names = st.none() | st.sampled_from(["a", "b", "z"])


@given(st.lists(st.tuples(numbers, names), min_size=2, max_size=40), st.integers(1, 39))
def test_merging_two_parts_equals_one_pass(rows: list[tuple[Any, Any]], cut: int) -> None:
    cut = min(cut, len(rows) - 1)
    full = (1 / 3, "a")  # a column of coarse numbers would be allotted at random
    rows = [full, *rows[:cut], full, *rows[cut:]]
    cut += 1
    columns = {"x": [row[0] for row in rows], "c": [row[1] for row in rows]}
    first = counted({name: column[:cut] for name, column in columns.items()}, BINS)
    second = counted({name: column[cut:] for name, column in columns.items()}, BINS)

    merged, whole = first.merge(second), counted(columns, BINS)

    assert merged.counts.tolist() == whole.counts.tolist()
    assert merged.rows.tolist() == [len(rows)] * 2


def test_profiles_of_other_bins_do_not_merge() -> None:
    other = profile_of({"x": [1.0, 2.0], "c": ["a", "b"]})

    with pytest.raises(ValueError, match="different bins"):
        BINS.merge(other)


def test_a_counter_counts_each_row_once_in_each_feature_and_goes_on() -> None:
    binner = Binner(SIDE.features)
    counter = Counter(binner)
    counter.add(binner.bin([0.5, "a", None, "z", -99.0, ""], 3, 2, [0, 1]))
    first = counter.profile()
    counter.add(binner.bin([0.5, "a"], 1, 2, [0, 1]))

    assert first.rows.tolist() == [3, 3]
    assert counter.profile().rows.tolist() == [4, 4]
    assert counter.rows == 4
    number, name = SIDE.features
    assert (first.counts[0, 0], first.counts[0, number.missing]) == (1, 1)
    assert [first.counts[1, at] for at in (0, name.unseen, name.missing)] == [1, 1, 1]


def test_a_side_that_only_one_has_is_taken_as_it_is() -> None:
    output = Profile({Side.OUTPUT: SIDE})

    both = BINS.merge(output)

    assert both.sides.keys() == {Side.INPUT, Side.OUTPUT}
    assert both.sides[Side.OUTPUT] is SIDE


def segmented(by: str, **rows: int) -> Profile:
    counts = {name: {Side.INPUT: np.full_like(SIDE.counts, count)} for name, count in rows.items()}
    return Profile(BINS.sides, by, counts)


def test_segments_of_the_same_feature_add_up_by_name() -> None:
    both = segmented("c", a=1, b=2).merge(segmented("c", b=3, z=4))

    assert both.segment_by == "c"
    assert {name: int(of[Side.INPUT][0, 0]) for name, of in both.segments.items()} == {"a": 1, "b": 5, "z": 4}


@pytest.mark.parametrize("other", ["", "x"])
def test_profiles_that_are_not_segmented_alike_have_no_segments_together(other: str) -> None:
    both = segmented("c", a=1).merge(segmented(other, a=1))

    assert (both.segment_by, both.segments) == ("", {})


def test_what_was_counted_apart_is_not_changed_by_merging() -> None:
    first = segmented("c", a=1)
    first.merge(segmented("c", a=1))

    assert int(first.segments["a"][Side.INPUT][0, 0]) == 1

"""Counts per segment of the reference's rows."""

from __future__ import annotations

import numpy as np
import pytest

from harness.profiles import counted, frame, recounted_frames
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.recount_by_segment import MOST, RecountBySegment
from sidecar.core.words.frame import Side

COUNTRIES = ["nl", "de", "fr"] * 100
AGES = np.random.default_rng(1).normal(40, 10, 300).tolist()
ROWS = frame({"age": AGES, "country": COUNTRIES})
ANSWERS = frame({"score": [at / 300 for at in range(300)]}, Side.OUTPUT)


def segmented(by: str = "country") -> Profile:
    recount = RecountBySegment(recounted_frames([ROWS, ANSWERS]), by, own=False)
    for one in (ROWS, ANSWERS):
        recount.add(one)
    return recount.profile()


def test_each_segment_has_the_counts_of_its_own_rows() -> None:
    profile = segmented()

    assert profile.segment_by == "country"
    assert set(profile.segments) == {"nl", "de", "fr"}
    for at, name in enumerate(["nl", "de", "fr"]):
        alone = counted({"age": AGES[at::3], "country": COUNTRIES[at::3]}, profile)
        assert np.array_equal(profile.segments[name][Side.INPUT], alone.counts)


@pytest.mark.parametrize("side", list(Side))
def test_segments_add_up_to_the_whole_on_both_sides(side: Side) -> None:
    profile = segmented()

    parts = [of_segment[side] for of_segment in profile.segments.values()]
    assert np.array_equal(sum(parts), profile.sides[side].counts)


def test_an_answer_is_in_the_segment_of_its_request_row_by_row() -> None:
    profile = segmented()

    assert {name: int(of[Side.OUTPUT].sum()) for name, of in profile.segments.items()} == {
        "nl": 100,
        "de": 100,
        "fr": 100,
    }


def test_an_answer_without_its_request_is_in_other() -> None:
    recount = RecountBySegment(recounted_frames([ROWS, ANSWERS]), "country", own=False)
    recount.add(ANSWERS)

    assert recount.profile().segments.keys() == {"other"}


def test_a_profile_holds_so_many_segments_and_the_rest_is_other() -> None:
    names = [f"c{at:03}" for at in range(MOST + 20) for _ in range(30)]
    rows = frame({"age": [1.0] * len(names), "country": names})
    recount = RecountBySegment(recounted_frames([rows]), "country", own=False)
    recount.add(rows)

    assert len(recount.profile().segments) <= MOST + 1

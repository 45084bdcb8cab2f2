"""Counts per part of the rows add up to those of the whole, whatever decides which row is in which part."""

from __future__ import annotations

import numpy as np
import pytest

from harness.profiles import counted, frame, profile_of
from sidecar.core.reference.builder import share_unseen
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.recount_by import RecountBy
from sidecar.core.words.frame import Frame, Side

RNG = np.random.default_rng(2)
COLUMNS = {
    "x": RNG.normal(size=300).tolist(),
    "c": [f"rare{at}" if at % 10 == 0 else "ab"[at % 2] for at in range(300)],
}
PROFILE = profile_of(COLUMNS, category_rows=2)


class ByPlace(RecountBy):
    """Three parts, by the number of the row within its frame."""

    def numbers(self, frame: Frame) -> list[int]:
        return [at % 3 for at in range(frame.rows)]


def recount(own: bool) -> tuple[Profile, ByPlace]:
    made = ByPlace(PROFILE, own)
    for start in range(0, 300, 100):
        made.add(frame({name: column[start : start + 100] for name, column in COLUMNS.items()}))
    return made.profile(), made


@pytest.mark.parametrize("own", [False, True])
def test_parts_add_up_to_the_whole(own: bool) -> None:
    profile, made = recount(own)

    parts = made.parts[Side.INPUT]
    assert parts.keys() == {0, 1, 2}
    assert np.array_equal(sum(parts.values()), profile.sides[Side.INPUT].counts)


def test_each_part_has_the_counts_of_its_own_rows() -> None:
    _, made = recount(own=False)

    for number in range(3):
        rows = [at for at in range(300) if at % 100 % 3 == number]
        alone = counted({name: [column[at] for at in rows] for name, column in COLUMNS.items()}, PROFILE)
        assert np.array_equal(made.parts[Side.INPUT][number], alone.counts)


def test_of_its_own_data_names_that_occur_once_go_on_being_expected_as_unseen() -> None:
    profile, _ = recount(own=True)

    assert np.array_equal(profile.sides[Side.INPUT].counts, PROFILE.sides[Side.INPUT].counts)
    feature = PROFILE.sides[Side.INPUT].features[1]
    assert profile.sides[Side.INPUT].counts[1, feature.unseen] == 30


def test_parts_give_of_their_rare_names_in_proportion() -> None:
    side = PROFILE.sides[Side.INPUT]
    feature = side.features[1]
    parts = [np.zeros_like(side.counts) for _ in range(2)]
    parts[0][1, feature.other], parts[1][1, feature.other] = 10, 20

    share_unseen(side, parts)

    assert [int(part[1, feature.unseen]) for part in parts] == [10, 20]
    assert [int(part[1, feature.other]) for part in parts] == [0, 0]

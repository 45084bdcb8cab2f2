"""Random halves of sklearn's digits: 64 pixels of few values, many of them nearly always 0, and in every pair related."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from harness.profiles import counted, recounted
from sidecar.core.reference.profile import Profile
from sidecar.core.scores.comparison import LeastEffects, compare
from sidecar.core.words.arrays import Floats
from sidecar.core.words.events import State
from sidecar.core.words.frame import Side

pytestmark = pytest.mark.slow  # whole tables of 64 columns

DIGITS: Floats = load_digits().data


def columns(rows: Floats) -> dict[str, list[float]]:
    return {f"pixel{at:02}": column for at, column in enumerate(rows.T.tolist())}


@pytest.mark.parametrize("seed", range(12))
def test_random_halves_of_digits_are_alike_pixel_by_pixel_and_in_their_relations(seed: int) -> None:
    first, second = np.array_split(np.random.default_rng(seed).permutation(DIGITS), 2)
    reference = recounted(columns(first))

    found = compare(reference, Profile({Side.INPUT: counted(columns(second), reference)}), LeastEffects(0.1, 0.1))

    assert len(found.features) == 64
    assert [one.rows for one in found.joint] == [len(second)]
    assert found.states == {State.OK}


def test_digits_whose_rows_of_pixels_were_shuffled_apart_are_told() -> None:
    first, second = np.array_split(np.random.default_rng(1).permutation(DIGITS), 2)
    reference = recounted(columns(first))
    apart = np.random.default_rng(2).permuted(second, axis=0)

    found = compare(reference, Profile({Side.INPUT: counted(columns(apart), reference)}), LeastEffects(0.1, 0.1))

    assert {one.state for one in found.features} == {State.OK}
    assert [one.state for one in found.joint] == [State.DRIFT]

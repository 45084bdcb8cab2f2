"""The combined p-value keeps its size, and is nearly as strong as the best single test whatever the change."""

from __future__ import annotations

import numpy as np
import pytest

from harness.power import CHANGES, power
from harness.profiles import counted, pair_of, profile_of
from harness.size import ALPHAS, cells
from sidecar.core.scores.combined_p_value import combined_p_value
from sidecar.core.words.frame import Side

LOOKS = 400


@pytest.mark.slow
@pytest.mark.parametrize("family", ["normal", "integers with ties", "spike mixture", "200 Zipf categories"])
def test_no_p_value_is_liberal_from_fifty_to_half_a_million_rows(family: str) -> None:
    found = list(cells(family, 1_000, times=150, seed=9))

    assert len({cell.measure for cell in found}) >= 7
    for at in range(len(ALPHAS)):
        assert [cell for cell in found if cell.liberal(at)] == []


@pytest.mark.slow
@pytest.mark.parametrize("change", [name for name in CHANGES if name != "none"])
def test_it_is_nearly_as_strong_as_the_best_single_test(change: str) -> None:
    found = power(CHANGES[change], LOOKS, seed=3)

    assert found["combined"] > max(found.values()) - 0.15


def test_small_p_values_keep_their_digits() -> None:
    rng = np.random.default_rng(1)
    profile = profile_of({"x": rng.normal(size=5_000).tolist()})
    side = profile.sides[Side.INPUT]
    live = counted({"x": rng.normal(1.0, 1.0, 2_000).tolist()}, profile)

    p_value = float(combined_p_value(pair_of(side.counts, live.counts, side))[0])

    assert 0 < p_value < 1e-30

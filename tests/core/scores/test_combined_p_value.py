"""The combined p-value keeps its size, and is nearly as strong as the best single test whatever the change."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.power import CHANGES, power
from harness.profiles import counted, pair_of, profile_of
from harness.size import ALPHAS, cells
from sidecar.core.scores.combined_p_value import combined_p_value
from sidecar.core.scores.geometry import scale
from sidecar.core.scores.measure import Pair
from sidecar.core.scores.measures.anderson_darling import AndersonDarling
from sidecar.core.scores.measures.g_test import GTest
from sidecar.core.words.frame import Side

LOOKS = 400


@pytest.mark.parametrize("family", ["normal", "integers with ties", "spike mixture", "200 Zipf categories"])
def test_no_p_value_is_liberal_from_fifty_to_half_a_million_rows(family: str) -> None:
    found = list(cells(family, 1_000, times=150, seed=9))

    assert len({cell.measure for cell in found}) >= 7
    for at in range(len(ALPHAS)):
        assert [cell for cell in found if cell.liberal(at)] == []


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


def test_g_is_scipy_s_likelihood_ratio_before_its_correction() -> None:
    reference, live = np.array([[500.0, 300.0, 200.0]]), np.array([[120.0, 50.0, 80.0]])
    side = profile_of({"x": ["a"] * 500 + ["b"] * 300 + ["c"] * 200}).sides[Side.INPUT]
    width = side.counts.shape[1]
    padded = [np.pad(counts, ((0, 0), (0, width - 3))) for counts in (reference, live)]

    measured = GTest()(pair_of(padded[0], padded[1], side))

    exact = stats.chi2_contingency(np.concatenate([reference, live]), lambda_="log-likelihood")
    assert measured.value[0] == pytest.approx(exact.statistic * (1 / 1000 + 1 / 250))
    assert measured.p_value[0] == pytest.approx(exact.pvalue, rel=0.05)


def test_anderson_darling_is_near_scipy_s_exact_one() -> None:
    rng = np.random.default_rng(2)
    reference, live = rng.normal(size=4_000), rng.normal(0.06, 1.0, 2_000)
    profile = profile_of({"x": reference.tolist()})
    side = profile.sides[Side.INPUT]
    of_live = counted({"x": live.tolist()}, profile)

    found = AndersonDarling()(Pair(side.counts.astype(float), of_live.counts.astype(float), scale(side)))

    exact = stats.anderson_ksamp([reference, live], variant="midrank", method=stats.PermutationMethod(2_000, rng=rng))
    assert found.p_value[0] == pytest.approx(exact.pvalue, abs=0.02)

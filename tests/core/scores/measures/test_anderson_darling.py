"""Anderson-Darling distance on bins against its sum written out, and against scipy's permutations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.profiles import counted, look, profile_of
from sidecar.core.scores.geometry import scale
from sidecar.core.scores.measure import Pair
from sidecar.core.scores.measures.anderson_darling import AndersonDarling
from sidecar.core.words.frame import Side


def test_it_is_the_sum_of_squared_differences_over_what_they_vary_by() -> None:
    values = {"x": [0.0] * 400 + [1.0] * 300 + [2.0] * 300}, {"x": [0.0] * 20 + [1.0] * 50 + [2.0] * 30}
    below = [(0.4, 0.2), (0.7, 0.7)]  # up to 0 and up to 1, in reference and live
    both = [(1000 * q + 100 * p) / 1100 for q, p in below]
    shares = [both[0], both[1] - both[0]]

    found = AndersonDarling()(look(*values))

    terms = [share * (p - q) ** 2 / (h * (1 - h)) for share, (q, p), h in zip(shares, below, both, strict=True)]
    assert found.value[0] == pytest.approx(sum(terms))


def test_what_chance_comes_to_is_taken_off() -> None:
    """The mean of B(h)^2 / (h (1 - h)) is 1 at every edge, so it comes to the share below the last one."""
    values = {"x": [0.0] * 400 + [1.0] * 300 + [2.0] * 300}, {"x": [0.0] * 20 + [1.0] * 50 + [2.0] * 30}

    found = AndersonDarling()(look(*values))

    assert found.value[0] - found.debiased[0] == pytest.approx(0.7 * (1 / 1000 + 1 / 100))


def test_a_change_in_a_tail_counts_more_than_one_of_as_many_rows_in_the_middle() -> None:
    def moved(value: float) -> float:
        live = [float(at % 10) for at in range(1_000)]
        live[int(value) : 400 : 10] = [value + 1] * 40
        return float(AndersonDarling()(look({"x": [float(at % 10) for at in range(1_000)]}, {"x": live})).value[0])

    assert moved(0.0) > 2 * moved(4.0) > 0


@pytest.mark.slow
def test_anderson_darling_is_near_scipy_s_exact_one() -> None:
    rng = np.random.default_rng(2)
    reference, live = rng.normal(size=4_000), rng.normal(0.06, 1.0, 2_000)
    profile = profile_of({"x": reference.tolist()})
    side = profile.sides[Side.INPUT]
    of_live = counted({"x": live.tolist()}, profile)

    found = AndersonDarling()(Pair(side.counts.astype(float), of_live.counts.astype(float), scale(side)))

    exact = stats.anderson_ksamp([reference, live], variant="midrank", method=stats.PermutationMethod(2_000, rng=rng))
    assert found.p_value[0] == pytest.approx(exact.pvalue, abs=0.02)

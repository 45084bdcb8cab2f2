"""G against scipy's likelihood ratio."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.profiles import pair_of, profile_of
from harness.tables import DEGREES, INVERSE_ROWS, table
from sidecar.core.scores.measures.g_test import GTest
from sidecar.core.words.frame import Side


def test_g_is_scipy_s_likelihood_ratio_before_its_correction() -> None:
    reference, live = np.array([[500.0, 300.0, 200.0]]), np.array([[120.0, 50.0, 80.0]])
    side = profile_of({"x": ["a"] * 500 + ["b"] * 300 + ["c"] * 200}).sides[Side.INPUT]
    width = side.counts.shape[1]
    padded = [np.pad(counts, ((0, 0), (0, width - 3))) for counts in (reference, live)]

    measured = GTest()(pair_of(padded[0], padded[1], side))

    exact = stats.chi2_contingency(np.concatenate([reference, live]), lambda_="log-likelihood")
    assert measured.value[0] == pytest.approx(exact.statistic * (1 / 1000 + 1 / 250))
    assert measured.p_value[0] == pytest.approx(exact.pvalue, rel=0.05)


def test_what_chance_comes_to_is_taken_off() -> None:
    found = GTest()(table())

    assert found.value[0] - found.debiased[0] == pytest.approx(DEGREES * INVERSE_ROWS)

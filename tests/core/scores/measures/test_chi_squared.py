"""The chi-squared distance and its test against scipy's."""

from __future__ import annotations

import pytest
from scipy import stats

from harness.tables import DEGREES, INVERSE_ROWS, LIVE_ROWS, REFERENCE_ROWS, table
from sidecar.core.scores.measures.chi_squared import ChiSquared

EXACT = stats.chi2_contingency([REFERENCE_ROWS, LIVE_ROWS], correction=False)


def test_it_is_scipy_s_statistic_over_the_rows() -> None:
    found = ChiSquared()(table())

    assert found.value[0] == pytest.approx(EXACT.statistic * INVERSE_ROWS)
    assert found.p_value[0] == pytest.approx(EXACT.pvalue, rel=0.05)


def test_what_chance_comes_to_is_taken_off() -> None:
    found = ChiSquared()(table())

    assert found.value[0] - found.debiased[0] == pytest.approx(DEGREES * INVERSE_ROWS)

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from sidecar.core.stats.gamma import chi2_isf, chi2_sf, gamma_upper


def test_the_upper_incomplete_gamma_function_agrees_with_scipy() -> None:
    a = np.concatenate([np.linspace(0.05, 60, 240), [250.0, 1e3, 1e4]])[:, None]
    x = np.concatenate([[1e-12, 1e-3], np.linspace(0.1, 200, 400), [1e3, 1.1e4]])[None, :]
    np.testing.assert_allclose(gamma_upper(a, x), special.gammaincc(a, x), rtol=1e-9, atol=1e-12)


def test_it_is_defined_at_the_edges_of_its_range() -> None:
    a = np.array([2.0, 2.0, 2.0, 0.0])
    x = np.array([0.0, -1.0, np.inf, 3.0])
    assert gamma_upper(a, x).tolist() == [1.0, 1.0, 0.0, 0.0]


def test_the_chi_squared_tail_without_freedom_is_one() -> None:
    assert chi2_sf(np.array([0.0, 5.0]), np.array([0, 0])).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("df", [1, 2, 7, 19, 20, 23, 99, 400, 999, 1_000, 80_000])
@pytest.mark.parametrize("p", [1 - 1e-3, 0.5, 1e-3, 1e-9])
def test_the_inverse_chi_squared_tail_agrees_with_scipy(df: int, p: float) -> None:
    assert chi2_isf(p, df) == pytest.approx(stats.chi2.isf(p, df), rel=1e-8)


def test_the_inverse_chi_squared_tail_without_freedom_is_zero() -> None:
    assert chi2_isf(0.01, 0) == 0

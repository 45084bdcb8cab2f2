"""The normal distribution against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sidecar.core.stats.normal import normal_cdf, normal_isf


def test_the_distribution_function_is_scipys_at_both_tails() -> None:
    x = np.array([-37.0, -10.0, -4.0, -1.3, -1e-9, 0.0, 0.2, 2.0, 6.0, 9.0])

    assert normal_cdf(x) == pytest.approx(stats.norm.cdf(x), rel=1e-8, abs=1e-300)


@pytest.mark.parametrize("p", [1e-200, 1e-30, 1e-9, 0.001, 0.3, 0.5, 0.9, 0.999999])
def test_the_inverse_of_the_upper_tail_is_scipys(p: float) -> None:
    assert float(normal_isf(np.array(p))) == pytest.approx(float(stats.norm.isf(p)), rel=1e-8, abs=1e-12)


def test_both_take_arrays_of_any_shape() -> None:
    p = np.array([[0.1, 0.2], [0.6, 0.9]])

    assert normal_cdf(-normal_isf(p)) == pytest.approx(p)

from __future__ import annotations

import numpy as np
from scipy import special

from sidecar.core.stats.kolmogorov import MEAN, kolmogorov_sf


def test_the_kolmogorov_tail_agrees_with_scipy() -> None:
    x = np.linspace(0.0, 6.0, 1201)
    np.testing.assert_allclose(kolmogorov_sf(x), special.kolmogorov(x), rtol=1e-9, atol=1e-14)


def test_the_mean_is_the_integral_of_the_tail() -> None:
    x = np.linspace(0.0, 8.0, 80_001)
    assert abs(np.trapezoid(special.kolmogorov(x), x) - MEAN) < 1e-6

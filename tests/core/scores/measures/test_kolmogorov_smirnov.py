"""Kolmogorov-Smirnov distance against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.profiles import look
from sidecar.core.scores.measures.kolmogorov_smirnov import KolmogorovSmirnov

RNG = np.random.default_rng(6)
REFERENCE, LIVE = RNG.normal(size=5_000), RNG.normal(0.3, 1.2, 2_000)
SPREAD = (1 / 5_000 + 1 / 2_000) ** 0.5


def test_the_figure_is_scipy_s_up_to_the_width_of_a_bin() -> None:
    found = KolmogorovSmirnov()(look({"x": REFERENCE.tolist()}, {"x": LIVE.tolist()}))

    exact = stats.ks_2samp(REFERENCE, LIVE).statistic
    assert exact - 0.03 <= found.value[0] <= exact + 1e-9


def test_of_the_same_figure_the_p_value_is_scipy_s() -> None:
    found = KolmogorovSmirnov()(look({"x": REFERENCE.tolist()}, {"x": RNG.normal(0.02, 1.0, 2_000).tolist()}))

    assert found.p_value[0] == pytest.approx(stats.kstwobign.sf(found.value[0] / SPREAD))
    assert 0.01 < found.p_value[0] < 0.99


def test_what_chance_comes_to_is_taken_off() -> None:
    found = KolmogorovSmirnov()(look({"x": REFERENCE.tolist()}, {"x": LIVE.tolist()}))

    assert found.value[0] - found.debiased[0] == pytest.approx(stats.kstwobign.mean() * SPREAD)


def test_missing_values_have_no_part() -> None:
    plain = look({"x": REFERENCE.tolist()}, {"x": LIVE.tolist()})
    gaps = look({"x": REFERENCE.tolist()}, {"x": [*LIVE.tolist(), *[None] * 3_000]})

    assert KolmogorovSmirnov()(gaps).value[0] == KolmogorovSmirnov()(plain).value[0]

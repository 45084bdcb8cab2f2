"""The rows since a verdict: long below what matters is soon seen, and beyond it hardly ever."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.core.evidence.long_run import LEAST_ROWS, LongRun, doubt
from sidecar.core.reference.materiality import Material, RateChange
from tests.core.evidence.test_recovery import MATERIAL, REFERENCE, Q, of_effect

WINDOW = 2_000


def below(seed: int, size: float, windows: int, independent: float = 1.0) -> list[bool]:
    """What is said after each window of rows with a true effect."""
    rng, shares, run = np.random.default_rng(seed), of_effect(size), LongRun(len(Q))
    said = []
    for _ in range(windows):
        run.add(rng.multinomial(WINDOW, shares).astype(float), Q, independent)
        said.append(run.is_below(REFERENCE[0], None, MATERIAL))
    return said


def test_an_effect_of_nine_tenths_of_what_matters_is_below_within_a_hundred_thousand_rows() -> None:
    assert sum(any(below(seed, 0.09, 50)) for seed in range(50)) >= 48


def test_an_effect_a_fifth_beyond_what_matters_is_hardly_ever_below_in_a_hundred_thousand() -> None:
    assert sum(any(below(seed, 0.12, 50)) for seed in range(50)) <= 1


def test_nothing_is_said_of_few_independent_rows() -> None:
    few = int(LEAST_ROWS) // WINDOW

    assert below(1, 0.02, few + 1) == [False] * few + [True]
    assert below(1, 0.02, 2 * few + 1, independent=0.5) == [False] * 2 * few + [True]


def test_a_drift_that_was_larger_before_is_below_within_two_runs() -> None:
    rng, run = np.random.default_rng(2), LongRun(len(Q))
    for shares in [of_effect(1.0)] * 15 + [of_effect(0.07)] * 30:
        run.add(rng.multinomial(WINDOW, shares).astype(float), Q, 1.0)
        said = run.is_below(REFERENCE[0], None, MATERIAL)

    assert said


@pytest.mark.parametrize(("rate", "expected"), [(0.16, True), (0.19, False)])
def test_a_rate_is_below_what_matters_or_it_is_not(rate: float, expected: bool) -> None:
    """The rate that matters is 0.175."""
    rng, run = np.random.default_rng(3), LongRun(len(Q))
    shares = np.array([rate, *[(1 - rate) / 9] * 9])
    for _ in range(10):
        run.add(rng.multinomial(WINDOW, shares).astype(float), Q, 1.0)

    said = run.is_below(REFERENCE[0], RateChange("level", 0, 0.1, 0.25), Material(3.0, 0.005, 1.75, 0.075))

    assert said is expected


def test_rows_of_another_season_are_held_against_what_that_season_expects() -> None:
    rng, run = np.random.default_rng(4), LongRun(len(Q))
    season = of_effect(0.3)
    for _ in range(10):
        run.add(rng.multinomial(WINDOW, season).astype(float), season, 1.0)

    assert run.is_below(REFERENCE[0], None, MATERIAL)


def test_the_doubt_after_it_is_three_standard_deviations_of_the_effect() -> None:
    assert doubt(MATERIAL, 11, 1_000.0) == pytest.approx(3 * (20 / 1e6 + 4 * 0.1 / 1e3) ** 0.5)

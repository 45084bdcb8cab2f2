"""Wasserstein distance against scipy's, in robust standard deviations, and its null against a simulated bridge."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.profiles import look
from sidecar.core.scores.measures.wasserstein import Wasserstein

RNG = np.random.default_rng(7)
REFERENCE = RNG.normal(50, 4, 50_000)


@pytest.mark.parametrize(("mean", "sd"), [(51.0, 4.0), (50.0, 5.0), (53.0, 3.0)])
def test_it_is_scipy_s_in_standard_deviations_of_the_reference(mean: float, sd: float) -> None:
    live = RNG.normal(mean, sd, 20_000)

    found = Wasserstein()(look({"x": REFERENCE.tolist()}, {"x": live.tolist()}))

    exact = stats.wasserstein_distance(REFERENCE, live) / 4
    assert found.value[0] == pytest.approx(exact, rel=0.08)


def test_it_does_not_depend_on_the_unit() -> None:
    live = RNG.normal(51, 4, 5_000)
    metres, feet = (
        Wasserstein()(look({"x": (REFERENCE * unit).tolist()}, {"x": (live * unit).tolist()})).value[0]
        for unit in (1.0, 0.3048)
    )

    assert metres == pytest.approx(feet, rel=0.02)


def test_what_chance_comes_to_is_taken_off() -> None:
    pair = look({"x": REFERENCE[:1_000].tolist()}, {"x": RNG.normal(60, 4, 500).tolist()})
    below = pair.shares[2][0]
    draws = np.diff(np.concatenate([[0.0], below]))
    counts = [RNG.multinomial(rows, draws, size=20_000).cumsum(axis=1) / rows for rows in (1_000, 500)]
    by_chance = (np.abs(counts[0] - counts[1]) * pair.scale.steps[0]).sum(axis=1).mean()

    found = Wasserstein()(pair)

    assert found.value[0] - found.debiased[0] == pytest.approx(by_chance, rel=0.03)


def test_missing_values_have_no_part() -> None:
    live = RNG.normal(51, 4, 2_000).tolist()
    plain, gaps = (
        Wasserstein()(look({"x": REFERENCE.tolist()}, {"x": column})).value[0]
        for column in (live, [*live, *[None] * 999])
    )

    assert plain == gaps

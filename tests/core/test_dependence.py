"""Dependence between rows: measured where there is some, not seen where there is none, and never taken for a shift."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.drift.sequential import autocorrelated, bursts, independent, profile_of
from sidecar.core.binner import Binner
from sidecar.core.dependence import Correlation, Runs
from sidecar.core.ground import Ground, ground

RNG = np.random.default_rng(5)
REFERENCE = profile_of(independent(RNG, 10_000))
BINNER = Binner(REFERENCE.features)
GROUND: Ground = ground(REFERENCE.features, REFERENCE.counts.astype(np.float64), mask=BINNER.mask, tolerance=0.0)
BIN = 7


def codes_of(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return BINNER.cut(values) + (np.arange(len(values)) * BINNER.width)[:, None]


def share_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    correlation = Correlation(GROUND.basis[:, 1])
    for at in range(0, values.shape[1], 16):
        correlation.add(codes_of(values[:, at : at + 16]))
    return correlation.share


def test_independent_rows_count_whole() -> None:
    assert np.median(share_of(independent(RNG, 20_000))) == 1.0


def test_rows_of_an_autoregression_count_as_theory_says() -> None:
    """The integrated autocorrelation time of AR(1) is (1 + a) / (1 - a): 19 rows say as much as one independent row."""
    assert np.median(share_of(autocorrelated(RNG, 20_000))) == pytest.approx(1 / 19, rel=0.25)


def test_repeats_count_once() -> None:
    assert np.median(share_of(bursts(RNG, 20_000))) == pytest.approx(1 / 50, rel=0.25)


def test_a_shift_is_not_taken_for_dependence() -> None:
    rows = independent(RNG, 8_000)
    rows[:, 4_000:] += 2.0

    assert np.median(share_of(rows)) > 0.9


def run(*bins: int) -> NDArray[np.int64]:
    """A block of one feature's codes."""
    return np.array([bins])


def test_a_credible_run_counts_whole_and_a_longer_one_less_and_less() -> None:
    runs = Runs(np.full((1, 10), 0.1))

    assert runs.weights(run(1, 2, 2, 2, 3)) is None
    weights = runs.weights(run(3, 3, 3, 3, 3, 3))

    assert weights is not None
    assert weights[0].tolist() == [1.0, 1.0, 1.0, 0.75, 0.6, 0.5]


def test_a_run_goes_on_over_blocks_and_ends_where_another_value_comes() -> None:
    runs = Runs(np.full((1, 10), 0.1))
    runs.weights(run(*[4] * 6))

    weights = runs.weights(run(4, 5, 4))

    assert weights is not None
    assert weights[0].tolist() == [0.5, pytest.approx(3 / 7), 1.0]


def test_a_value_that_the_reference_nearly_always_has_may_run_long() -> None:
    runs = Runs(np.array([[0.99, 0.01]]))

    assert runs.weights(run(*[0] * 500)) is None

"""Dependence between rows: measured where there is some, not seen where there is none, and never taken for a shift."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.null_rows import FEATURES, autocorrelated, bursts, independent, profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.runs import RunLengths
from sidecar.core.evidence.dependence import Autocorrelation, RunWeights
from sidecar.core.evidence.null_hypothesis import NullHypothesis, null_hypothesis
from sidecar.core.evidence.policy import policy
from sidecar.core.watching.watch import Watch
from sidecar.core.words.events import State, VerdictChanged
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import DriftSettings, Settings

RNG = np.random.default_rng(5)
REFERENCE = profile_of(independent(RNG, 10_000))
BINNER = Binner(REFERENCE.features)
GROUND: NullHypothesis = null_hypothesis(
    REFERENCE.features, REFERENCE.counts.astype(np.float64), mask=BINNER.mask, tolerance=0.0
)


def codes_of(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return BINNER.cut(values) + (np.arange(len(values)) * BINNER.width)[:, None]


def share_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    correlation = Autocorrelation(GROUND.q, GROUND.basis[:, 1])
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


def weights(runs: RunWeights, lengths: RunLengths, block: NDArray[np.int64], share: float = 1.0) -> list[float]:
    found = runs.weights(block, lengths.add(block.astype(np.float64))[0], np.array([share]))
    return [1.0] * block.shape[1] if found is None else [float(weight) for weight in found[0]]


def test_a_credible_run_counts_whole_and_a_longer_one_less_and_less() -> None:
    runs, lengths = RunWeights(np.full((1, 10), 0.1)), RunLengths(1)

    assert weights(runs, lengths, run(1, 2, 2, 2, 3)) == [1.0] * 5
    assert weights(runs, lengths, run(3, 3, 3, 3, 3, 3)) == pytest.approx([1.0, 1.0, 1.0, 0.75, 0.6, 0.5])


def test_a_run_goes_on_over_blocks_and_ends_where_another_value_comes() -> None:
    runs, lengths = RunWeights(np.full((1, 10), 0.1)), RunLengths(1)
    weights(runs, lengths, run(*[4] * 6))

    assert weights(runs, lengths, run(4, 5, 4)) == pytest.approx([0.5, 3 / 7, 1.0])


def test_a_run_is_not_discounted_twice_once_the_independent_share_has_seen_it() -> None:
    burst = run(*[3] * 50)
    for share in (1.0, 0.1, 0.02):
        runs, lengths = RunWeights(np.full((1, 10), 0.1)), RunLengths(1)
        discounts = [share * weight for weight in weights(runs, lengths, burst, share)]
        assert discounts == pytest.approx([share, *(min(share, 3 / at) for at in range(1, 50))])


def test_a_value_that_the_reference_nearly_always_has_may_run_long() -> None:
    assert weights(RunWeights(np.array([[0.99, 0.01]])), RunLengths(1), run(*[0] * 500)) == [1.0] * 500


def test_a_burst_of_repeats_among_independent_rows_is_no_drift_and_values_beyond_the_range_are() -> None:
    rng = np.random.default_rng(6)
    names = tuple(f"x{at}" for at in range(FEATURES))
    for rows, expected in (
        (np.repeat(rng.normal(size=(1, FEATURES)), 50, axis=0), 0),
        (rng.normal(50, 1, (50, FEATURES)), 1),
    ):
        limits = policy(DriftSettings(), FEATURES, 100)
        watch = Watch(Side.INPUT, REFERENCE, Settings(), limits, 0.0)
        live = np.concatenate([rng.normal(size=(2_000, FEATURES)), rows, rng.normal(size=(2_000, FEATURES))])
        events = []
        for at in range(0, len(live), 16):
            part = live[at : at + 16]
            events += watch.take([Frame(Side.INPUT, names, len(part), FEATURES, part.ravel())], at / 50)

        told = [event for event in events if isinstance(event, VerdictChanged) and event.report.state is State.DRIFT]
        assert bool(told) == bool(expected)

"""Correlation times and the weights of runs against loops over rows in plain numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sidecar.core.binning.runs import RunLengths
from sidecar.core.evidence.dependence import LAGS, Autocorrelation, RunWeights, _trapezoid_weights
from sidecar.core.words.arrays import Codes, Floats

BINS = 6
RANKS = np.array([np.linspace(-1.5, 1.5, BINS) ** 3, np.linspace(-1.5, 1.5, BINS), np.zeros(BINS), np.zeros(BINS)])
"""Two ordered features, and two without order."""
LAST = 64
EXPECTED = np.array([[1 / BINS] * BINS] * 3 + [[1.0, *[0.0] * (BINS - 1)]])
"""Shares of the reference; the last feature is constant there too."""


def rows_of(rng: np.random.Generator, count: int) -> Codes:
    """A chain that goes up and down by a bin, independent rows, repeats of four, and a constant."""
    chain = [2]
    for step in rng.choice([-1, 0, 1], count - 1).tolist():
        chain.append(min(max(chain[-1] + step, 0), BINS - 1))
    repeats = np.repeat(rng.integers(0, BINS, count), 4)[:count]
    return np.array([chain, rng.integers(0, BINS, count), repeats, np.zeros(count, np.int64)])


def flat(bins: Codes, width: int = BINS) -> Codes:
    offsets: Codes = np.arange(len(bins)) * width
    return bins + offsets[:, None]


class NaiveAutocorrelation:
    """One feature: the times of both kinds, from all rows so far, a row and a lag at a time."""

    def __init__(self, shares: list[float], ranks: list[float]) -> None:
        self._shares, self._ranks = shares, ranks
        self._past: list[int] = []
        self._fresh = 0
        self._seen = dict.fromkeys((1, 2, 4, 8, 16, 32, 64), (0.0, 0.0, 0.0))  # rows, differences, squares
        self.share = 1.0

    def add(self, bins: list[int]) -> None:
        self._past += bins
        self._fresh += len(bins)
        first = not self._seen[1][0]
        if self._fresh >= (256 if first else 256 if len(self._past) < 4_096 else 1_024):
            self._measure(min(self._fresh, 256))
            self._fresh = 0

    def _measure(self, fresh: int) -> None:
        left, past = math.exp(-fresh / 4_096), self._past
        for lag, (rows, different, squares) in self._seen.items():
            later = range(max(len(past) - fresh, lag), len(past))
            self._seen[lag] = (
                rows * left + len(later),
                different * left + sum(past[at] != past[at - lag] for at in later),
                squares * left + sum((self._ranks[past[at]] - self._ranks[past[at - lag]]) ** 2 for at in later),
            )
        self.share = 1 / max(self._time(1), self._time(2))

    def _apart(self, kind: int) -> float:
        """The mean over all pairs of bins."""
        bins = list(enumerate(zip(self._shares, self._ranks, strict=True)))
        return sum(
            p * q * (float(at != other) if kind == 1 else (a - b) ** 2) for at, (p, a) in bins for other, (q, b) in bins
        )

    def _time(self, kind: int) -> float:
        apart = {lag: seen[kind] / seen[0] for lag, seen in self._seen.items()}
        furthest = apart[LAST]
        far = (apart[16] + apart[32] + apart[64]) / 3
        alike = apart[1] <= (1 - min(5 / math.sqrt(self._seen[1][0]), 0.15)) * far if far else len(self._past) < 512
        if len(self._past) < 1_024 and alike:  # of a young watch, they are no closer than two rows of the reference
            furthest = max(furthest, self._apart(kind))
        counted = dict.fromkeys(apart, 0.0)
        for lag, distance in apart.items():
            correlation = 1 - distance / furthest if furthest else 0.0
            if correlation <= min(5 / math.sqrt(self._seen[lag][0]), 0.15):
                break
            counted[lag] = correlation
        every = [np.interp(lag, list(counted), list(counted.values())) for lag in range(1, LAST)]
        return 1 + 2 * float(sum(every))


@pytest.mark.parametrize(("size", "count"), [(1, 600), (16, 800), (50, 1_500), (256, 4_608), (300, 7_000), (127, 889)])
def test_the_share_of_independent_rows_is_what_loops_over_rows_and_lags_make_it(size: int, count: int) -> None:
    rng = np.random.default_rng(size)
    bins = rows_of(rng, count)
    real, naive = (
        Autocorrelation(EXPECTED, RANKS),
        [NaiveAutocorrelation(shares, ranks) for shares, ranks in zip(EXPECTED.tolist(), RANKS.tolist(), strict=True)],
    )
    measured = 0
    for at in range(0, count, size):
        block = bins[:, at : at + size]
        before = real.share.tolist()
        real.add(flat(block))
        for feature, row in zip(naive, block.tolist(), strict=True):
            feature.add(row)
        assert real.share == pytest.approx([feature.share for feature in naive], rel=1e-9)
        measured += real.share.tolist() != before

    assert measured >= 2
    assert real.rows == count
    assert real.share[0] < 0.4
    assert real.share[1] == 1.0
    assert real.share[2] == pytest.approx(1 / 4, rel=0.3)
    assert real.share[3] == 1.0, "a constant does not vary, so nothing is known of it"


def test_before_anything_is_measured_all_rows_count_whole() -> None:
    correlation = Autocorrelation(EXPECTED, RANKS)
    assert correlation.share.tolist() == [1.0] * 4
    correlation.add(flat(np.zeros((4, 255), np.int64)))
    assert correlation.share.tolist() == [1.0] * 4
    assert correlation.rows == 255


def test_a_correlation_at_each_lag_stands_for_the_lags_around_it_up_to_the_last() -> None:
    expected = [
        sum(np.interp(every, LAGS, [float(lag == one) for one in LAGS]) for every in range(1, LAST)) for lag in LAGS
    ]

    assert _trapezoid_weights().tolist() == pytest.approx(expected)
    assert _trapezoid_weights().sum() == pytest.approx(63)


SHARES = np.array([[0.05, 0.15, 0.8], [0.5, 0.5, 1e-9]])
"""Of two features. A run of so many is credible: 2.3, 3.6, 31 rows of the first, 10, 10, 1 of the second."""


def naive_weights(bins: list[int], shares: list[float], independent: float) -> list[float]:
    """Each row's weight by the run before it: how many values, up to the row before, equal the one before."""
    weights = []
    for at in range(len(bins)):
        run = 0
        while run < at and bins[at - 1 - run] == bins[at - 1]:
            run += 1
        credible = max(math.log(1e-3) / math.log(shares[bins[at - 1]]), 1.0) if at else 1.0
        weights.append(1.0 if run > 256 or not run else min(credible / run / independent, 1.0))
    return weights


INDEPENDENT = np.array([1.0, 0.2])
"""Shares of independent rows, of the two features: the second is discounted to a fifth already."""


def weighed(bins: Codes, size: int, shares: Floats = SHARES) -> tuple[list[list[float]], int]:
    """All weights, and in how many blocks there were any below 1."""
    runs, lengths = RunWeights(shares), RunLengths(len(shares))
    parts, discounted = [], 0
    for at in range(0, bins.shape[1], size):
        block = flat(bins[:, at : at + size], shares.shape[1])
        found = runs.weights(block, lengths.add(block.astype(np.float64))[0], INDEPENDENT[: len(shares)])
        discounted += found is not None
        parts.append(np.ones(block.shape) if found is None else found)
        block[:] = -1  # the caller's own, who may use it again
    return np.concatenate(parts, axis=1).tolist(), discounted


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_weight_of_a_row_is_what_the_run_before_it_makes_it(size: int) -> None:
    rng = np.random.default_rng(6)
    bins = np.array([np.repeat(rng.integers(0, 3, 60), rng.integers(1, 40, 60))[:400] for _ in range(2)])
    bins[1, 50:380] = 1  # longer than a burst: stuck

    found, _ = weighed(bins, size)

    for row, shares, independent, weights in zip(
        bins.tolist(), SHARES.tolist(), INDEPENDENT.tolist(), found, strict=True
    ):
        assert weights == pytest.approx(naive_weights(row, shares, independent))
    assert min(found[0]) < 0.1
    assert found[1][350] == 1.0


def test_blocks_without_an_incredible_run_have_no_weights() -> None:
    bins = np.array([[0, 1, 2, 2, 2, 2, 0, 0, 1, 2], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]])

    assert weighed(bins, 5)[1] == 0


def test_a_run_that_is_just_credible_has_no_weight_and_the_next_row_has_one() -> None:
    """Three rows of a share of 0.1 come with a probability of 0.001."""
    shares = np.array([[0.1, 0.9]])
    assert weighed(np.zeros((1, 4), np.int64), 4, shares)[1] == 0
    assert weighed(np.zeros((1, 5), np.int64), 5, shares)[0] == [[1.0, 1.0, 1.0, 1.0, 0.75]]

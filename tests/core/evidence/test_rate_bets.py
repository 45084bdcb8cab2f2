"""Bets on single rates: bounds against scipy, wealth against loops, and no wealth from rates within the bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.evidence.rate_bets import RateBets, bet_on, rate_bounds
from sidecar.core.reference.materiality import special
from sidecar.core.words.arrays import Floats

SPIKED = Feature("x", Kind.NUMERIC, edges=(0.0, math.nextafter(0.0, math.inf), 2.0, 3.0))
NAMES = Feature("c", Kind.CATEGORICAL, categories=("a", "b"))
ROSE, FELL = 0, 1


@pytest.mark.parametrize(("hits", "rows"), [(0, 500), (1, 500), (7, 10_000), (240, 500)])
def test_bounds_are_the_exact_ones_of_poisson(hits: int, rows: int) -> None:
    low, high = rate_bounds(hits, rows, 0.0)

    assert low == pytest.approx(float(stats.chi2.isf(0.999, 2 * hits)) / (2 * rows) if hits else 0.0, rel=1e-6)
    assert high == pytest.approx(float(stats.chi2.isf(0.001, 2 * hits + 2)) / (2 * rows), rel=1e-6)


@pytest.mark.parametrize(("hits", "rows"), [(3, 1_000), (400, 1_000), (900, 1_000), (999, 1_000)])
def test_bounds_are_no_closer_than_the_exact_ones_of_the_binomial(hits: int, rows: int) -> None:
    low, high = rate_bounds(hits, rows, 0.0)

    assert low <= stats.beta.ppf(0.001, hits, rows - hits + 1) + 1e-9
    assert high >= stats.beta.isf(0.001, hits + 1, rows - hits) - 1e-9


def test_a_rate_above_a_half_is_bounded_as_its_complement_is() -> None:
    low, high = rate_bounds(700, 1_000, 0.01)
    of_rest = rate_bounds(300, 1_000, 0.01)

    assert (low, high) == pytest.approx((1 - of_rest[1], 1 - of_rest[0]))


def test_the_tolerance_widens_bounds_by_so_many_roots_of_the_rate() -> None:
    low, high = rate_bounds(50, 1_000, 0.0)

    wide = rate_bounds(50, 1_000, 0.02)
    assert wide == pytest.approx((low - 0.02 * math.sqrt(low), high + 0.02 * math.sqrt(high)))
    assert (
        rate_bounds(0, 1_000, 5.0)[1] == 5.0 * math.sqrt(rate_bounds(0, 1_000, 0.0)[1]) + rate_bounds(0, 1_000, 0.0)[1]
    )
    assert rate_bounds(500, 1_000, 9.0) == (0.0, 1.0)


def test_without_rows_any_rate_is_possible() -> None:
    assert rate_bounds(0, 0, 0.01) == (0.0, 1.0)


def test_numbers_have_rates_of_what_is_out_of_range_repeats_or_is_missing_and_names_of_all() -> None:
    assert special(SPIKED) == [0, 1, 4, 5]
    assert special(NAMES) == [0, 1, 2, 3, 4]
    assert special(Feature("any", Kind.NUMERIC)) == [0, 1]


def test_thin_intervals_in_the_tails_have_bets_too_where_there_are_many_bins() -> None:
    many = Feature("x", Kind.NUMERIC, edges=tuple(map(float, range(9))))

    assert bet_on(many) == [0, 2, 7, 9, 10]
    assert bet_on(SPIKED) == special(SPIKED)
    assert bet_on(NAMES) == special(NAMES)


REFERENCE = np.array([[900.0, 60.0, 0.0, 0.0, 40.0]])
"""Of `NAMES`: one missing in 25, and none new."""


def bets() -> RateBets:
    return RateBets([NAMES], REFERENCE, 0.0025)


def feed(made: RateBets, counts: Floats, judged: int, share: float = 1.0, beginning: float = 0.0) -> None:
    made.update(counts, counts.sum(axis=1), np.array([share]), beginning, judged)


class Naive:
    """The bet on one bin, a block at a time, with what was seen up to the last row that 32 divides."""

    def __init__(self, at: int, rose: bool) -> None:
        low, high = rate_bounds(float(REFERENCE[0, at]), 1_000, 0.0025)
        self._q = high if rose else low
        self._prior = min(max(2 * high, high + 0.005), (1 + high) / 2) if rose else low / 2
        self._at, self._rose, self._placed = at, rose, -32
        self._hits = self._rows = self.log = 0.0
        self._p = self._q
        self.began = 0

    def judge(self, counts: list[float], share: float, beginning: float, judged: int) -> None:
        if judged - self._placed >= 32:
            seen = (self._hits + 100 * self._prior) / (self._rows + 100)
            self._p, self._placed = (max if self._rose else min)(seen, self._q), judged
        hits, rows = counts[self._at], sum(counts)
        if self.log < beginning:
            self.log, self.began, self._hits, self._rows = beginning, judged, 0.0, 0.0
        if self._q > 0:
            inside, outside = math.log(self._p / self._q), math.log((1 - self._p) / (1 - self._q))
            self.log = min(self.log + share * (hits * inside + (rows - hits) * outside), 40 * math.log(10))
        self._hits, self._rows = self._hits + hits, self._rows + rows


@pytest.mark.parametrize(
    "changed", [(0.9, 0.06, 0.0, 0.0, 0.04), (0.7, 0.02, 0.03, 0.1, 0.15), (0.4, 0.6, 0.0, 0.0, 0.0)]
)
def test_wealth_is_what_a_loop_over_blocks_makes_it(changed: tuple[float, ...]) -> None:
    rng = np.random.default_rng(1)
    made = bets()
    naive = {(side, at): Naive(at, side == ROSE) for side in (ROSE, FELL) for at in range(5)}
    judged = 0
    for turn in range(80):
        size = int(rng.integers(1, 40))
        counts: Floats = rng.multinomial(size, changed)[None, :] * np.float64(rng.uniform(0.2, 1.0))
        share, beginning = float(rng.uniform(0.5, 1.0)), min(math.log(size / 16), 0.0)
        feed(made, counts, judged, share, beginning)
        for (side, at), one in naive.items():
            one.judge(counts[0].tolist(), share, beginning, judged)
            assert made.log_wealth[side, at] == pytest.approx(one.log, rel=1e-9, abs=1e-9), (turn, side, at)
            assert made.began[side, at] == one.began
        judged += size


def test_a_reset_forgets_a_feature_and_leaves_the_others() -> None:
    made = RateBets([NAMES, NAMES], np.repeat(REFERENCE, 2, axis=0), 0.0025)
    for judged in range(0, 320, 16):
        made.update(np.array([[8.0, 0, 0, 8.0, 0]] * 2), np.array([16.0, 16.0]), np.ones(2), 0.0, judged)

    made.reset(np.array([0]), 320)

    assert not made.log_wealth[:, made.feature == 0].any()
    assert (made.began[:, made.feature == 0] == 320).all()
    assert made.log_wealth[ROSE, (made.feature == 1) & (made.bin == 3)] > 50


def test_a_reference_without_rows_is_not_bet_against() -> None:
    made = RateBets([NAMES], np.zeros((1, 5)), 0.0025)
    for judged in range(0, 320, 16):
        feed(made, np.array([[0.0, 0.0, 0.0, 16.0, 0.0]]), judged)

    assert not made.log_wealth.any()


@pytest.mark.parametrize("at", [1, 3, 4])
@pytest.mark.parametrize("inside", [0.0, 0.5, 1.0])
def test_no_rate_within_the_bounds_makes_wealth_on_average(at: int, inside: float) -> None:
    """Without beginning anew the wealth is an e-process: its mean stays at 1 or below at each rate within the bounds."""
    rng = np.random.default_rng(3)
    low, high = rate_bounds(float(REFERENCE[0, at]), 1_000, 0.0025)
    rate = low + inside * (high - low)
    times = 1_500
    made = RateBets([NAMES] * times, np.repeat(REFERENCE, times, axis=0), 0.0025)
    for judged in range(0, 480, 16):
        hits = rng.binomial(16, rate, times).astype(float)
        counts = np.zeros((times, 5))
        counts[:, at], counts[:, 0] = hits, 16 - hits
        made.update(counts, np.full(times, 16.0), np.ones(times), -math.inf, judged)

    for side in (ROSE, FELL):
        wealth = np.exp(made.log_wealth[side, made.bin == at])
        assert wealth.mean() <= 1 + 4 * wealth.std() / math.sqrt(times)


def test_a_rate_that_rises_tenfold_makes_much() -> None:
    rng = np.random.default_rng(4)
    made = RateBets([NAMES], np.array([[8_000.0, 1_990.0, 0.0, 0.0, 10.0]]), 0.0025)
    for judged in range(0, 3_200, 16):
        hits = float(rng.binomial(16, 0.01))
        feed(made, np.array([[16.0 - hits, 0, 0, 0, hits]]), judged)

    assert made.log_wealth[ROSE, made.bin == 4] / math.log(10) > 6

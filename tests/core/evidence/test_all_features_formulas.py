"""The bet on whole rows against that of `naive`, and at its edges: bounds, weights, what fades, what is no bet."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sidecar.core.evidence.all_features import AllFeaturesDetector, Bet
from sidecar.core.words.arrays import Codes, Floats
from tests.core.evidence.naive import LARGEST, NaiveAllFeatures

Q = np.array([[0.2, 0.3, 0.5], [0.25, 0.25, 0.5]])
H = np.array([[0.5, 1.0, -0.8], [1.0, -0.4, -0.3]])
"""The mean of each is 0 under `Q`."""
FREEDOM = np.array([1.0, 2.0])
BOUNDS = (0.0, LARGEST)


def codes_of(rng: np.random.Generator, count: int, shares: Floats) -> Codes:
    return np.array([rng.choice(3, count, p=row) + 3 * at for at, row in enumerate(shares)])


def bet_of(h: Floats = H, radius: tuple[float, ...] = (0.02, 0.01), rows: tuple[float, ...] = (400.0, 300.0)) -> Bet:
    return Bet(h, Q[: len(h)], np.array(radius), np.array(rows))


class Both:
    """The detector and its oracle, fed alike."""

    def __init__(self) -> None:
        self.real = AllFeaturesDetector(FREEDOM)
        self.naive = NaiveAllFeatures()
        self._judged = 0

    def feed(self, codes: Codes, bet: Bet, weights: list[float], beginning: float = 0.0) -> None:
        lengths = [
            math.sqrt(sum(q * x * x for q, x in zip(*pair, strict=True))) for pair in zip(bet.q, bet.h, strict=True)
        ]
        noise = FREEDOM / np.maximum(bet.rows, 1.0)
        sure = [max(length**2 - float(of), 0.0) for length, of in zip(lengths, noise, strict=True)]
        bins = [[int(code) % 3 for code in row] for row in codes]
        self.real.bet_on(bet)
        self.real.update(codes, np.array(weights), (beginning, BOUNDS[1]), self._judged)
        self._judged += codes.shape[1]
        self.naive.judge(bins, bet.h.tolist(), lengths, bet.radius.tolist(), sure, weights, beginning)
        assert self.real.log10 == pytest.approx(self.naive.sum / math.log(10), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("scale", [0.15, 0.6, 1.0])
@pytest.mark.parametrize("together", [False, True])
def test_evidence_is_what_loops_over_rows_make_it(scale: float, together: bool) -> None:
    """At the first scale most of a row's bet is noise of its estimate, at the last the deepest bet bounds it. Features that move
    together make the variance larger.
    """
    rng = np.random.default_rng(3)
    both, highest = Both(), 0.0
    for _ in range(60):
        size = int(rng.integers(1, 40))
        codes = codes_of(rng, size, np.array([[0.3, 0.45, 0.25], [0.4, 0.25, 0.35]]))
        if together:
            codes[1] = codes[0] + 3
        rows = (float(rng.uniform(20, 900)), float(rng.uniform(20, 900)))
        weights = rng.uniform(0.2, 1.0, size).tolist()
        both.feed(codes, bet_of(scale * H, rows=rows), weights, min(math.log(size / 16), 0.0))
        highest = max(highest, both.naive.sum)

    assert highest > 0.1


def test_evidence_falls_below_where_it_begins_and_begins_there_anew() -> None:
    rng = np.random.default_rng(4)
    both = Both()
    for shares in (Q, np.array([[0.1, 0.1, 0.8], [0.1, 0.3, 0.6]]), np.array([[0.4, 0.4, 0.2], [0.5, 0.3, 0.2]])):
        for _ in range(5):
            both.feed(codes_of(rng, 16, shares), bet_of(), [1.0] * 16, -0.5)


def test_evidence_ends_at_its_bound() -> None:
    both = Both()
    for _ in range(40):
        both.feed(np.array([[1] * 16, [3] * 16]), bet_of(), [1.0] * 16)
    assert both.real.log10 == pytest.approx(40.0)

    detector = AllFeaturesDetector(FREEDOM)
    for _ in range(40):
        detector.bet_on(bet_of())
        detector.update(np.array([[1] * 16, [3] * 16]), 1.0, (0.0, 3.0), 0)
    assert detector.log10 == pytest.approx(3.0 / math.log(10))


def test_a_certain_shift_bets_at_most_nineteen_twentieths_of_what_there_is() -> None:
    """The last bet's worst row is h = -0.8 and -0.4: at k it may not lose more than 95 %."""
    both = Both()
    bet = bet_of(3 * H, radius=(0.0, 0.0), rows=(1e9, 1e9))
    both.feed(np.array([[0], [4]]), bet, [1.0])
    before = both.naive.sum
    both.feed(np.array([[2], [4]]), bet, [1.0])

    assert both.naive.sum - before == pytest.approx(math.log(0.05))


def test_what_was_seen_of_the_variance_fades_over_two_thousand_rows() -> None:
    """After rows that move together the bet is small; it grows as these are forgotten."""
    rng = np.random.default_rng(5)
    both = Both()
    correlated = codes_of(rng, 500, Q)
    correlated[1] = correlated[0] + 3
    both.feed(correlated, bet_of(), [1.0] * 500)
    for _ in range(12):
        both.feed(codes_of(rng, 500, Q), bet_of(), [1.0] * 500)


def test_a_feature_of_which_nothing_is_known_costs_nothing_and_adds_nothing() -> None:
    both = Both()
    bet = bet_of(H * np.array([[1.0], [0.0]]), radius=(0.02, 5.0))
    for _ in range(3):
        both.feed(np.array([[1] * 16, [3] * 16]), bet, [1.0] * 16)

    assert both.real.log10 > 0


def test_a_direction_learned_from_less_than_a_row_is_as_unsure_as_one_learned_from_one() -> None:
    both = Both()
    for _ in range(3):
        both.feed(np.array([[1] * 16, [3] * 16]), bet_of(3 * H, rows=(1.0, 0.5)), [1.0] * 16)

    assert both.real.log10 > 0


def test_the_first_block_is_not_bet_on_since_nothing_is_known_of_the_variance() -> None:
    detector = AllFeaturesDetector(FREEDOM)
    block = np.array([[1] * 16, [3] * 16])

    detector.bet_on(bet_of())
    detector.update(block, 1.0, BOUNDS, 0)
    assert detector.log10 == 0.0
    detector.bet_on(bet_of())
    detector.update(block, 1.0, BOUNDS, 0)
    assert detector.log10 > 0


def test_one_feature_is_not_bet_on_together() -> None:
    detector = AllFeaturesDetector(FREEDOM[:1])
    for _ in range(3):
        detector.bet_on(bet_of(H[:1], radius=(0.0,), rows=(1e9,)))
        detector.update(np.array([[1] * 16]), 1.0, BOUNDS, 0)

    assert detector.log10 == 0.0


@pytest.mark.parametrize("radius", [0.8, math.inf])
def test_what_lies_within_the_balls_or_has_no_reference_is_not_bet_on(radius: float) -> None:
    detector = AllFeaturesDetector(FREEDOM)
    for _ in range(3):
        detector.bet_on(bet_of(radius=(radius, radius)))
        detector.update(np.array([[1] * 16, [3] * 16]), 1.0, BOUNDS, 0)

    assert detector.log10 == 0.0


def test_a_reset_takes_evidence_back_and_keeps_what_is_known_of_the_variance() -> None:
    both = Both()
    block = np.array([[1] * 16, [3] * 16])
    both.feed(block, bet_of(), [1.0] * 16)
    both.feed(block, bet_of(), [1.0] * 16)

    both.real.reset()
    assert both.real.log10 == 0.0
    both.naive.sum = 0.0
    both.feed(block, bet_of(), [1.0] * 16)
    assert both.real.log10 > 0


def test_a_bet_began_with_the_first_row_or_where_its_wealth_had_fallen_below_the_beginning_or_at_a_reset() -> None:
    detector = AllFeaturesDetector(FREEDOM)
    assert detector.began == 0
    detector.reset()
    assert detector.began == 0
    gains, loses = np.array([[1] * 16, [3] * 16]), np.array([[2] * 16, [5] * 16])
    began = []
    for judged, block in enumerate((gains, gains, loses, loses, gains, gains)):
        detector.bet_on(bet_of())
        detector.update(block, 1.0, BOUNDS, 100 + 16 * judged)
        began.append(detector.began)

    assert began[:3] == [0, 0, 0], "at its beginning, or above it"
    assert began[3:] == [0, 164, 164], "the block before had taken it below"
    detector.reset()
    assert detector.began == 100 + 6 * 16

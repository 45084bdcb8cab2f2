"""All features together: a small change in every one is told before any single one could be, and nothing is told of none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.null_rows import FEATURES, blocks, independent, profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.evidence.all_features import AllFeaturesDetector, Bet
from sidecar.core.evidence.detector import BLOCK_ROWS, Evidence

THRESHOLD = float(np.log10(1e5 * (FEATURES + 1) / BLOCK_ROWS))


def rows_until_told(seed: int, shift: float, rows: int = 12_000, common: float = 0.0) -> tuple[int | None, int | None]:
    """Rows until (all together, any feature) reach the threshold. `common` is what features share of their variance."""
    rng = np.random.default_rng(seed)

    def sample(size: int) -> NDArray[np.float64]:
        return np.asarray(np.sqrt(1 - common) * independent(rng, size) + np.sqrt(common) * rng.normal(size=size))

    reference = profile_of(sample(50_000))
    binner = Binner(reference.features)
    evidence = Evidence(reference, binner.mask, 0.0025)
    found: list[int | None] = [None, None]
    for at, codes in enumerate(blocks(binner, sample(rows) + shift)):
        evidence.update(codes)
        for which, figure in enumerate((evidence.all_features.log10, float(evidence.log10().max()))):
            if found[which] is None and figure >= THRESHOLD:
                found[which] = (at + 1) * BLOCK_ROWS
    return found[0], found[1]


def test_a_tenth_of_a_standard_deviation_in_every_feature_is_told_first_by_all_together() -> None:
    together, single = rows_until_told(3, 0.1, rows=4_000)

    assert together is not None
    assert together < (single or 4_000)


@pytest.mark.parametrize("common", [0.0, 0.5])
def test_rows_like_the_reference_are_not_told_whatever_features_share(common: float) -> None:
    assert rows_until_told(4, 0.0, common=common) == (None, None)


def test_a_single_feature_has_no_evidence_beside_its_own() -> None:
    rng = np.random.default_rng(5)
    reference = profile_of(independent(rng, 5_000)[:1])
    binner = Binner(reference.features)
    evidence = Evidence(reference, binner.mask, 0.0025)
    for codes in blocks(binner, independent(rng, 2_000)[:1] + 1.0):
        evidence.update(codes)

    assert evidence.log10()[0] > 5
    assert evidence.all_features.log10 == 0.0


BOUNDS = (-1.0, 20.0)


def bet(radius: float = 0.0, rows: float = 1e9) -> Bet:
    """On two features of two bins, the second of which is bet to be as much more likely as the first is less."""
    h = np.array([[-0.1, 0.1], [-0.1, 0.1]])
    return Bet(h, np.full((2, 2), 0.5), np.full(2, radius), np.full(2, rows))


def detected(of: Bet, blocks_of_bins: list[list[list[int]]], weight: float = 1.0) -> AllFeaturesDetector:
    detector = AllFeaturesDetector(np.ones(2))
    detector.bet_on(of)
    judged = 0
    for bins in blocks_of_bins:
        detector.update(np.array(bins) + np.array([[0], [2]]), weight, BOUNDS, judged)
        judged += len(bins[0])
    return detector


BLOCK_OF_FOUR = [[0, 1, 0, 1], [0, 1, 1, 0]]
FAVOURABLE = [[1, 1, 1, 0], [1, 1, 1, 1]]


def test_the_first_block_is_learned_from_and_the_second_bet_on_as_the_formula_says() -> None:
    """k = sum |h|^2 / variance, where the variance of S is at least what it is if features have nothing to do with each other."""
    square = 2 * 0.1**2  # of both features together
    seen = np.mean([(0.1 * (2 * (a + b) - 2)) ** 2 for a, b in zip(*BLOCK_OF_FOUR, strict=True)])
    share = square / (square * max(seen / square, 1.0))
    sums = [0.1 * (2 * (a + b) - 2) for a, b in zip(*FAVOURABLE, strict=True)]

    found = detected(bet(), [BLOCK_OF_FOUR, FAVOURABLE])

    assert detected(bet(), [BLOCK_OF_FOUR]).log10 == 0.0
    assert found.log10 == pytest.approx(sum(np.log10(1 + share * value) for value in sums), rel=1e-6)


def test_rows_of_less_weight_say_less() -> None:
    whole, half = (detected(bet(), [BLOCK_OF_FOUR, FAVOURABLE], weight).log10 for weight in (1.0, 0.5))

    assert half == pytest.approx(whole / 2)


@pytest.mark.parametrize("of", [bet(radius=0.2), bet(rows=50.0)], ids=["within the ball", "no more than noise"])
def test_a_difference_that_is_no_more_than_doubt_or_noise_is_not_bet_on(of: Bet) -> None:
    assert detected(of, [BLOCK_OF_FOUR, FAVOURABLE]).log10 == 0.0


def test_evidence_stays_within_its_bounds_and_begins_anew_when_reset() -> None:
    high = detected(bet(), [BLOCK_OF_FOUR, *[FAVOURABLE] * 200])
    low = detected(bet(), [BLOCK_OF_FOUR, *[[[0] * 4, [0] * 4]] * 200])

    assert high.log10 == pytest.approx(BOUNDS[1] / np.log(10))
    assert low.log10 < BOUNDS[0] / np.log(10)
    high.reset()
    assert high.log10 == 0.0

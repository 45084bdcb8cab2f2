"""Rank scores against scipy's ranks, and which features take part."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from harness.profiles import recounted
from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.binning.rank_scores import MOST_FEATURES, RankedRows, taking_part
from sidecar.core.words.arrays import Floats
from sidecar.core.words.frame import Side

FEATURES = (Feature("x", Kind.NUMERIC, edges=(0.0, 1.0, 2.0, 3.0)), Feature("c", Kind.CATEGORICAL, categories=("a",)))
WIDTH = FEATURES[0].bins


def ranked(bins: NDArray[np.int64], most: int = 10**6, blocks: int = 1) -> RankedRows:
    rows = RankedRows(FEATURES, WIDTH, most)
    for part in np.array_split(bins + (np.arange(len(bins)) * WIDTH)[:, None], blocks, axis=1):
        rows.add(part)
    return rows


def standardised_scores(bins: NDArray[np.int64], degree: int) -> Floats:
    """Legendre polynomials of the middle ranks, feature by feature; 0 where a value is missing, unseen names as rare ones."""
    scores = np.zeros(bins.shape)
    bins = bins.copy()
    bins[1][bins[1] == FEATURES[1].unseen] = FEATURES[1].other
    for at, row in enumerate(bins):
        there = row != FEATURES[at].missing
        rank = (stats.rankdata(row[there]) - 0.5) / max(int(there.sum()), 1)
        scores[at, there] = special.eval_legendre(degree, 2 * rank - 1)
    centred = scores - scores.mean(axis=1, keepdims=True)
    return np.asarray(centred / scores.std(axis=1, keepdims=True))


def drawn(rows: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(3)
    return np.array([rng.integers(0, feature.bins, rows) for feature in FEATURES])


def test_scores_are_two_polynomials_of_the_ranks_standardised() -> None:
    bins = drawn(400)

    scores = ranked(bins, blocks=3).scores()

    assert scores == pytest.approx(np.concatenate([standardised_scores(bins, 1), standardised_scores(bins, 2)]))


def test_correlations_are_those_of_the_scores() -> None:
    rows = ranked(drawn(400))

    assert rows.correlations() == pytest.approx(np.corrcoef(rows.scores()))


def test_names_that_the_reference_lacks_score_as_its_rare_ones() -> None:
    bins = drawn(400)
    known = bins.copy()
    known[1][known[1] == FEATURES[1].unseen] = FEATURES[1].other

    assert (known != bins).any()
    assert np.array_equal(ranked(bins).scores(), ranked(known).scores())


def test_of_the_rows_those_that_came_first_are_kept() -> None:
    bins = drawn(400)

    rows = ranked(bins, most=150, blocks=4)

    assert rows.count == 150
    assert np.array_equal(rows.scores(), ranked(bins[:, :150]).scores())


def test_cleared_rows_are_forgotten() -> None:
    rows = ranked(drawn(400))
    rows.clear()

    assert rows.count == 0
    assert rows.scores().shape == (4, 0)
    assert not rows.correlations().any()


def test_a_feature_whose_rows_are_nearly_all_in_one_bin_has_no_score() -> None:
    bins = drawn(1_000)
    bins[0] = 2
    bins[0, 0] = 1

    scores = ranked(bins).scores()

    assert not scores[[0, 2]].any()
    assert scores[1].any()


def test_more_features_than_take_part_are_left_out_and_numeric_ones_come_first() -> None:
    columns = {f"c{at}": ["a", "b"] * 20 for at in range(10)} | {
        f"x{at}": list(range(40)) for at in range(MOST_FEATURES)
    }
    side = recounted(columns).sides[Side.INPUT]

    chosen = taking_part(side.features)

    assert [side.features[at].name for at in chosen] == [f"x{at}" for at in range(MOST_FEATURES)]

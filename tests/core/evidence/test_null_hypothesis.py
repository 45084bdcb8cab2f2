"""The shares that are bet against, and how far from them nothing counts: each formula against scipy or a line of Python."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.evidence.basis import DIRECTIONS
from sidecar.core.evidence.null_hypothesis import (
    BETS,
    PSEUDO_COUNT,
    REFERENCE_DOUBT,
    NullHypothesis,
    null_hypothesis,
)
from sidecar.core.words.arrays import Floats

FEATURES = (
    Feature("x", Kind.NUMERIC, edges=tuple(float(at) for at in range(9))),
    Feature("c", Kind.CATEGORICAL, categories=("a", "b")),
)
WIDTH = FEATURES[0].bins
MASK = np.arange(WIDTH) < np.array([[feature.bins] for feature in FEATURES])
COUNTS = np.where(MASK, np.arange(1, WIDTH + 1) * 10.0, 0.0)


def null(counts: Floats = COUNTS, tolerance: float = 0.0) -> NullHypothesis:
    return null_hypothesis(FEATURES, counts, mask=MASK, tolerance=tolerance)


def test_shares_are_the_counts_with_two_rows_more_in_each_bin() -> None:
    found = null()

    for at, feature in enumerate(FEATURES):
        counts = [count + PSEUDO_COUNT for count in COUNTS[at, : feature.bins]]
        assert found.q[at, : feature.bins] == pytest.approx([count / sum(counts) for count in counts])
        assert found.inverse[at, : feature.bins] == pytest.approx([sum(counts) / count for count in counts])
        assert not found.q[at, feature.bins :].any()
        assert not found.inverse[at, feature.bins :].any()


@pytest.mark.parametrize("tolerance", [0.0, 0.05])
def test_the_radius_is_the_reference_s_own_error_at_its_doubt_plus_the_tolerance(tolerance: float) -> None:
    rows = COUNTS.sum(axis=1)
    directions = [(FEATURES[0].bins - 1, DIRECTIONS, 1), (FEATURES[1].bins - 1, 0, 0)]

    found = null(tolerance=tolerance)

    for at, freedom in enumerate(directions):
        quantiles = [stats.chi2.isf(REFERENCE_DOUBT, df) if df else 0.0 for df in freedom]
        expected = [(quantile / rows[at]) ** 0.5 + tolerance for quantile in quantiles]
        assert found.radius[:, at] == pytest.approx(expected)
    assert len(found.radius) == BETS


def test_a_feature_without_rows_is_never_bet_against() -> None:
    counts = COUNTS.copy()
    counts[1] = 0.0

    found = null(counts)

    assert np.isinf(found.radius[:, 1]).all()
    assert np.isfinite(found.radius[:, 0]).all()
    assert found.q[1].sum() == pytest.approx(1.0)


def test_ten_times_the_rows_leave_a_tenth_of_the_squared_radius() -> None:
    assert null(COUNTS * 10).radius == pytest.approx(null().radius / 10**0.5)

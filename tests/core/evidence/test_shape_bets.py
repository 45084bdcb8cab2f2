"""Bets on known shapes: each factor against scipy's normal distribution, and that none makes wealth of what is no change."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.null_rows import profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.evidence.null_hypothesis import null_hypothesis
from sidecar.core.evidence.shape_bets import shape_factors
from sidecar.core.words.arrays import Floats

SHAPES = ((0.4, 1.0), (-0.4, 1.0), (1.0, 1.0), (-1.0, 1.0), (0.0, 1.4), (0.0, 0.7))
PROFILE = profile_of(np.random.default_rng(1).exponential(size=(2, 5_000)))
BINNER = Binner(PROFILE.features)
NULL = null_hypothesis(PROFILE.features, PROFILE.numbers, mask=BINNER.mask, tolerance=0.0025)
RADIUS = NULL.radius[2]


def logs() -> Floats:
    """Of the reference above (SHAPES, F, B)."""
    return shape_factors(PROFILE.features, NULL.q, RADIUS)


def test_a_factor_is_what_a_normal_distribution_that_moved_has_in_the_bin_over_the_reference() -> None:
    found = logs()
    for at, feature in enumerate(PROFILE.features):
        q = NULL.q[at, : feature.bins - 1].tolist()
        cuts = [float(stats.norm.ppf(sum(q[: one + 1]) / sum(q))) for one in range(len(q) - 1)]
        for shape, (mean, deviation) in enumerate(SHAPES):
            below = [0.0, *(float(stats.norm.cdf((cut - mean) / deviation)) for cut in cuts), 1.0]
            factors = [0.98 * (below[one + 1] - below[one]) * sum(q) / share + 0.02 for one, share in enumerate(q)]
            length = math.sqrt(sum(share * (factor - 1) ** 2 for share, factor in zip(q, factors, strict=True)))
            expected = [math.log(factor) - math.log(1 + float(RADIUS[at]) * length) for factor in factors]
            assert found[shape, at, : len(q)] == pytest.approx(expected, rel=1e-6, abs=1e-6)
            assert found[shape, at, feature.missing] == pytest.approx(-math.log(1 + float(RADIUS[at]) * length))
            assert float(NULL.q[at] @ np.exp(found[shape, at])) == pytest.approx(1 / (1 + float(RADIUS[at]) * length))


def test_no_distribution_in_the_ball_has_a_mean_factor_above_one() -> None:
    rng = np.random.default_rng(2)
    found = logs()
    for at, feature in enumerate(PROFILE.features):
        q = NULL.q[at, : feature.bins]
        for _ in range(200):
            step = rng.normal(size=len(q)) * q**0.5
            step -= q * step.sum()
            worst = q + step * float(RADIUS[at]) / math.sqrt((step**2 / q).sum())
            for factors in np.exp(found[:, at, : feature.bins]):
                along = (factors - (q * factors).sum()) * q
                furthest = q + along * float(RADIUS[at]) / math.sqrt((along**2 / q).sum())
                assert (worst * factors).sum() <= 1 + 1e-12
                assert (furthest * factors).sum() <= 1 + 1e-12


def test_features_without_order_of_few_bins_or_without_reference_rows_are_not_bet_on() -> None:
    names = Feature("c", Kind.CATEGORICAL, categories=tuple("abcdefgh"))
    few, enough = (Feature("x", Kind.NUMERIC, edges=tuple(map(float, range(edges)))) for edges in (4, 5))
    q = np.zeros((3, 11))
    q[0], q[1, :6], q[2, :7] = 1 / 11, 1 / 6, 1 / 7

    found = shape_factors([names, few, enough], q, np.array([0.1, 0.1, 0.1]))

    assert found.any(axis=(0, 2)).tolist() == [False, False, True]
    assert not shape_factors([enough], q[2:], np.array([math.inf])).any()

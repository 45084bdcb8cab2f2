"""How features are correlated: seen where it changes, and not where features change alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from harness.correlated_rows import REFERENCE, kept, rows
from harness.null_rows import profile_of
from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.reference.joint import Joint, joint_of
from sidecar.core.scores.joint_drift import Relations, compare_relations, contributions
from sidecar.core.words.arrays import Floats

KNOWN = joint_of(kept(REFERENCE))


def judged_by(known: Joint, live: RankedRows, left_out: int = -1) -> Relations:
    features = len(live.chosen)
    return compare_relations(known, joint_of(live), np.ones(features), np.arange(features) == left_out)


def judged(live: Floats) -> Relations:
    return judged_by(KNOWN, kept(live))


def sparse(rng: np.random.Generator, count: int) -> Floats:
    return np.where(rng.random((10, count)) < 0.01, rng.exponential(size=(10, count)), 0.0)


def discrete(rng: np.random.Generator, count: int) -> Floats:
    return rng.poisson(0.7, (8, count)).astype(np.float64)


def constant_but_few(rng: np.random.Generator, count: int) -> Floats:
    return np.where(rng.random((6, count)) < 0.004, 1.0, 0.0)


def heavy_tailed(rng: np.random.Generator, count: int) -> Floats:
    """Of a common scale, so that squares are related."""
    return rng.standard_t(1.5, (10, count)) * np.exp(rng.normal(size=count))


def duplicated(rng: np.random.Generator, count: int) -> Floats:
    some = rng.normal(size=(4, count))
    return np.concatenate([some, some, -some])


def wide(rng: np.random.Generator, count: int) -> Floats:
    """The pixels of something: few colours, most of them dark, all from a few sources."""
    sources = rng.normal(size=(6, count))
    weights = np.random.default_rng(64).normal(size=(64, 6))
    return np.maximum(np.round(weights @ sources / 2 + rng.normal(size=(64, count)) - 1), 0.0)


@pytest.mark.slow  # simulates up to 150 comparisons for each kind of table
@pytest.mark.parametrize(
    ("made", "times"),
    [
        (rows, 60),
        (sparse, 100),
        (discrete, 100),
        (constant_but_few, 150),
        (heavy_tailed, 60),
        (duplicated, 50),
        (wide, 12),
    ],
)
def test_a_p_value_is_at_most_as_often_small_as_it_says_whatever_the_features_are(
    made: Callable[[np.random.Generator, int], Floats], times: int
) -> None:
    """Each time with a reference of its own, of 2,000 or 10,000 rows, since that may be wrong too."""
    rng = np.random.default_rng(times)
    p_values = []
    for at in range(times):
        reference = made(rng, 10_000 if at % 5 == 0 else 2_000)
        profile = profile_of(reference)
        known = joint_of(kept(reference, profile))
        p_values.append(judged_by(known, kept(made(rng, 300 if at % 2 else 2_000), profile)).p_value)

    for alpha in (0.05, 0.01):
        assert (np.array(p_values) < alpha).mean() <= alpha + 3 * np.sqrt(alpha / times)
    assert min(p_values) > 1e-4


def test_features_that_change_alone_change_no_correlation() -> None:
    rng = np.random.default_rng(3)
    live = rows(rng, 4_000)
    live[0] += 1.0
    live[1] *= 1.3

    found = judged(live)

    assert np.abs(found.live[found.most_certain] - found.reference[found.most_certain]) < 0.1


def test_a_shuffled_feature_is_seen_in_five_hundred_rows_and_named() -> None:
    rng = np.random.default_rng(4)
    live = rows(rng, 500)
    live[3] = rng.permutation(live[3])

    found = judged(live)

    assert found.p_value < 1e-9
    assert contributions(found).argmax() == 3


def test_a_dependence_without_correlation_is_seen_by_the_second_scores() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=20_000)
    tied = np.array([x, np.abs(x) + 0.3 * rng.normal(size=20_000)])
    profile = profile_of(tied)
    apart = kept(rng.normal(size=(2, 1_000)), profile)

    found = judged_by(joint_of(kept(tied, profile)), apart)

    assert found.p_value < 1e-9


def test_a_relation_of_three_features_that_vanishes_is_seen_though_no_two_are_related() -> None:
    rng = np.random.default_rng(10)

    def three(count: int) -> Floats:
        values = rng.normal(size=(5, count))
        values[2] = np.abs(values[2]) * np.sign(values[0] * values[1])
        return values

    reference = three(10_000)
    profile = profile_of(reference)

    found = judged_by(joint_of(kept(reference, profile)), kept(rng.normal(size=(5, 1_000)), profile))

    assert found.p_value < 1e-9
    assert found.members[found.most_certain].tolist() == [0, 1, 2]


def test_a_feature_that_is_left_out_has_no_part() -> None:
    rng = np.random.default_rng(9)
    live = rows(rng, 1_000)
    live[3] = rng.permutation(live[3])

    found = judged_by(KNOWN, kept(live), left_out=3)

    assert found.p_value > 0.001
    assert contributions(found)[3] == 0

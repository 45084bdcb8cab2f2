"""How features are correlated: seen where it changes, and not where features change alone."""

from __future__ import annotations

import numpy as np
import pytest

from harness.correlated_rows import FEATURES, REFERENCE, kept, rows
from harness.null_rows import profile_of
from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.reference.joint import Joint, joint_of
from sidecar.core.scores.joint_drift import PairComparison, compare_pairs, contributions
from sidecar.core.words.arrays import Floats

KNOWN = joint_of(kept(REFERENCE))


def judged_by(known: Joint, live: RankedRows, left_out: int = -1) -> PairComparison:
    features = len(live.chosen)
    return compare_pairs(known, live.correlations(), live.count, np.ones(features), np.arange(features) == left_out)


def judged(live: Floats) -> PairComparison:
    return judged_by(KNOWN, kept(live))


@pytest.mark.slow
@pytest.mark.parametrize("count", [500, 5_000])
def test_p_values_are_as_often_small_as_they_say_when_nothing_changed(count: int) -> None:
    rng = np.random.default_rng(count)
    p_values = np.array([judged(rows(rng, count)).p_value for _ in range(400)])

    for alpha in (0.05, 0.01):
        assert (p_values < alpha).mean() <= 1.5 * alpha + 3 * np.sqrt(alpha / 400)


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


def test_the_variance_of_a_correlation_is_about_what_samples_show() -> None:
    rng = np.random.default_rng(6)
    samples = np.array([judged(rows(rng, 1_000)).z for _ in range(300)])

    upper = np.triu_indices(FEATURES, 1)
    # The largest of four standard normal figures, which hang together, has a mean square between 1 and 2.4.
    assert 0.8 < (samples**2).mean(axis=0)[upper].mean() < 2.4


def test_a_feature_that_is_left_out_has_no_part() -> None:
    rng = np.random.default_rng(9)
    live = rows(rng, 1_000)
    live[3] = rng.permutation(live[3])

    found = judged_by(KNOWN, kept(live), left_out=3)

    assert found.p_value > 0.001
    assert contributions(found)[3] == 0

"""What a reference knows of pairs, against loops over rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.null_rows import profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.reference.joint import Joint, joint_of
from sidecar.core.words.arrays import Floats


def ranked(values: Floats) -> RankedRows:
    profile = profile_of(values)
    binner = Binner(profile.features)
    found = RankedRows(profile.features, binner.width, 10_000)
    found.add(binner.cut(values) + (np.arange(len(values)) * binner.width)[:, None])
    return found


def test_correlations_and_the_mean_square_of_a_rows_influence_are_what_loops_over_rows_make_them() -> None:
    rng = np.random.default_rng(1)
    common = rng.normal(size=60)
    rows = ranked(np.array([common, common**2 + rng.normal(size=60), rng.exponential(size=60)]))
    z = rows.scores().tolist()

    joint = joint_of(rows)

    assert joint.rows == 60
    for i, zi in enumerate(z):
        for j, zj in enumerate(z):
            r = sum(a * b for a, b in zip(zi, zj, strict=True)) / 60
            influence = [a * b - r * (a * a + b * b) / 2 for a, b in zip(zi, zj, strict=True)]
            assert joint.correlations[i, j] == pytest.approx(r, abs=1e-12)
            assert joint.influence[i, j] == pytest.approx(sum(x * x for x in influence) / 60, abs=1e-12)


def test_no_rows_correlate_with_nothing() -> None:
    rows = ranked(np.random.default_rng(2).normal(size=(2, 50)))
    rows.clear()

    joint = joint_of(rows)

    assert joint.rows == 0
    assert not joint.correlations.any()
    assert not joint.influence.any()


def test_one_row_is_divided_by_one() -> None:
    rows = ranked(np.random.default_rng(2).normal(size=(2, 1)))

    assert joint_of(rows).rows == 1
    assert not joint_of(rows).correlations.any(), "a score of one row does not vary"


def joint(rows: int, correlation: float, influence: float) -> Joint:
    return Joint(rows, np.array([[correlation]]), np.array([[influence]]))


def test_two_are_merged_as_means_weighted_by_rows() -> None:
    both = joint(300, 0.2, 1.5).merge(joint(100, 0.6, 0.5))

    assert both.rows == 400
    assert both.correlations[0, 0] == pytest.approx((300 * 0.2 + 100 * 0.6) / 400)
    assert both.influence[0, 0] == pytest.approx((300 * 1.5 + 100 * 0.5) / 400)


@pytest.mark.parametrize(("first", "second", "expected"), [(0, 1, 0.6), (1, 0, 0.2), (0, 0, 0.2)])
def test_one_without_rows_adds_nothing(first: int, second: int, expected: float) -> None:
    both = joint(first, 0.2, 1.0).merge(joint(second, 0.6, 1.0))

    assert both.rows == first + second
    assert math.isclose(float(both.correlations[0, 0]), expected)

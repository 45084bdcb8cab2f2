"""What a reference knows of features in twos and threes, against loops over rows."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest

from harness.correlated_rows import REFERENCE, kept
from harness.null_rows import profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.reference.joint import Joint, Products, joint_of
from sidecar.core.words.arrays import Floats

KNOWN = joint_of(kept(REFERENCE))


def ranked(values: Floats, most: int = 10_000) -> RankedRows:
    profile = profile_of(values)
    binner = Binner(profile.features)
    found = RankedRows(profile.features, binner.width, most)
    found.add(binner.cut(values) + (np.arange(len(values)) * binner.width)[:, None])
    return found


def test_mean_products_and_their_squares_are_what_loops_over_rows_make_them() -> None:
    rng = np.random.default_rng(1)
    common = rng.normal(size=60)
    rows = ranked(np.array([common, common**2 + rng.normal(size=60), rng.exponential(size=60), common**3, -common]))
    z = rows.scores().tolist()

    joint = joint_of(rows)

    assert joint.rows == 60
    twos = [(i, j) for i in range(10) for j in range(i, 10)]
    threes = [(i, j, k) for i in range(5) for j in range(i + 1, 5) for k in range(j + 1, 5)]
    for chosen, found in ((twos, joint.pairs), (threes, joint.triples)):
        products = [[math.prod(z[of][row] for of in members) for row in range(60)] for members in chosen]
        assert found.mean == pytest.approx([sum(one) / 60 for one in products], abs=1e-12)
        assert found.square == pytest.approx([sum(x * x for x in one) / 60 for one in products], abs=1e-12)
    assert joint.largest == pytest.approx([max(map(abs, score)) for score in z])


def test_of_many_features_the_first_sixteen_are_taken_in_threes() -> None:
    joint = joint_of(ranked(np.random.default_rng(3).normal(size=(20, 40))))

    assert len(joint.pairs.mean) == 40 * 41 // 2
    assert len(joint.triples.mean) == 16 * 15 * 14 // 6


@pytest.mark.parametrize(("features", "expected"), [(1, 0), (2, 0), (3, 1), (4, 4)])
def test_there_are_threes_of_three_features_at_least(features: int, expected: int) -> None:
    assert len(joint_of(ranked(np.random.default_rng(3).normal(size=(features, 40)))).triples.mean) == expected


def test_no_rows_are_related_to_nothing() -> None:
    rows = ranked(np.random.default_rng(2).normal(size=(3, 50)))
    rows.clear()

    joint = joint_of(rows)

    assert joint.rows == 0
    for products in (joint.pairs, joint.triples):
        assert not products.mean.any()
        assert not products.square.any()
    assert not joint.largest.any()


def test_one_row_is_divided_by_one() -> None:
    rows = ranked(np.random.default_rng(2).normal(size=(2, 1)))

    assert joint_of(rows).rows == 1
    assert not joint_of(rows).pairs.mean.any(), "a score of one row does not vary"


def joint(rows: int, mean: float, square: float) -> Joint:
    return Joint(
        rows,
        Products(np.array([mean]), np.array([square])),
        Products(np.array([-mean]), np.array([2 * square])),
        np.array([square, 3.0]),
    )


def test_two_are_merged_as_means_weighted_by_rows_and_the_larger_score() -> None:
    both = joint(300, 0.2, 1.5).merge(joint(100, 0.6, 0.5))

    assert both.rows == 400
    assert both.pairs.mean[0] == pytest.approx((300 * 0.2 + 100 * 0.6) / 400)
    assert both.pairs.square[0] == pytest.approx((300 * 1.5 + 100 * 0.5) / 400)
    assert both.triples.mean[0] == pytest.approx(-(300 * 0.2 + 100 * 0.6) / 400)
    assert both.triples.square[0] == pytest.approx((300 * 3.0 + 100 * 1.0) / 400)
    assert both.largest.tolist() == [1.5, 3.0]


@pytest.mark.parametrize(("first", "second", "expected"), [(0, 1, 0.6), (1, 0, 0.2), (0, 0, 0.2)])
def test_one_without_rows_adds_nothing(first: int, second: int, expected: float) -> None:
    both = joint(first, 0.2, 1.0).merge(joint(second, 0.6, 1.0))

    assert both.rows == first + second
    assert math.isclose(float(both.pairs.mean[0]), expected)


def test_two_parts_add_up_to_the_whole() -> None:
    halves = joint_of(kept(REFERENCE[:, :8_000])).merge(joint_of(kept(REFERENCE[:, 8_000:])))

    assert halves.rows == KNOWN.rows
    assert np.allclose(halves.pairs.mean, KNOWN.pairs.mean, atol=0.01)
    assert np.allclose(halves.pairs.square, KNOWN.pairs.square, atol=0.05)
    assert np.allclose(halves.triples.mean, KNOWN.triples.mean, atol=0.02)


def test_the_products_of_many_rows_take_little_more_memory_than_their_scores() -> None:
    """Twos of sixteen features over 100,000 rows would be 100 MB, and their squares as much."""
    features, count = 20, 100_000
    rows = ranked(np.random.default_rng(4).normal(size=(features, count)), count)
    scores = 2 * features * count * 8

    tracemalloc.start(1)
    joint_of(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert rows.count == count
    assert peak < scores + 40_000_000

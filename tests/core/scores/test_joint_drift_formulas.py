"""The test of pairs against one pair at a time in plain numbers: Fisher's z, Bonferroni's p-value, the strongest, the words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from sidecar.core.reference.joint import Joint
from sidecar.core.scores.joint_drift import PairComparison, compare_pairs, contributions, reported
from sidecar.core.words.arrays import Floats
from sidecar.core.words.events import PairShift, State
from sidecar.core.words.frame import Side

FEATURES = 4
SCORES = 2 * FEATURES
NAMES = ("a", "b", "c", "d")


def correlations(rng: np.random.Generator, spread: float, around: Floats | float = 0.0) -> Floats:
    found = np.clip(around + np.triu(rng.normal(0, spread, (SCORES, SCORES)), 1), -1, 1)
    found = np.triu(found, 1)
    return np.asarray(found + found.T + np.eye(SCORES))


def influences(rng: np.random.Generator) -> Floats:
    """Some are below what is held to be possible."""
    found = np.triu(rng.choice([0.0, 0.005, 0.4, 1.0, 1.7], (SCORES, SCORES)), 1)
    return np.asarray(found + found.T)


@dataclass(frozen=True)
class Naive:
    """Per pair of features the strongest (z, reference, live), and the p-value over all."""

    p_value: float
    pairs: dict[tuple[int, int], tuple[float, float, float]]


def naive(reference: Joint, found: Floats, count: int, independent: list[float], left_out: list[bool]) -> Naive:
    pairs: dict[tuple[int, int], tuple[float, float, float]] = {}
    tested, largest = 0, 0.0
    for i in range(SCORES):
        for j in range(SCORES):
            a, b = i % FEATURES, j % FEATURES
            if a == b:
                continue
            q = min(max(float(reference.correlations[i, j]), -0.999), 0.999)
            r = min(max(float(found[i, j]), -0.999), 0.999)
            z = 0.0
            vary = all(matrix[k, k] > 0 for matrix in (reference.correlations, found) for k in (i, j))
            if vary and not left_out[a] and not left_out[b]:
                rows = count * min(independent[a], independent[b])
                variance = max(float(reference.influence[i, j]), 0.01) / (1 - q * q) ** 2
                z = (math.atanh(r) - math.atanh(q)) / math.sqrt(variance * (1 / rows + 1 / reference.rows))
                z /= math.sqrt(1 + z * z / rows)
                tested += i < j
            largest = max(largest, abs(z))
            if (a, b) not in pairs or abs(z) > abs(pairs[a, b][0]):
                pairs[a, b] = (z, q, r)
    return Naive(min(float(stats.chi2.sf(largest**2, 1)) * max(tested, 1), 1.0), pairs)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("change", [0.01, 0.1, 0.6])
def test_every_pair_and_the_p_value_are_what_one_pair_at_a_time_makes_them(seed: int, change: float) -> None:
    rng = np.random.default_rng(seed)
    known = correlations(rng, 0.4)
    found = correlations(rng, change, known)
    if seed % 3 == 1:
        known[2, 2] = 0.0  # the first score of c does not vary in the reference
        found[5, 5] = 0.0  # nor the second of b in live
    left_out = [seed % 3 == 2, False, False, False]
    independent = rng.uniform(0.3, 1.0, FEATURES)
    reference = Joint(3_000, known, influences(rng))

    comparison = compare_pairs(reference, found, 800, independent, np.array(left_out))

    expected = naive(reference, found, 800, independent.tolist(), left_out)
    assert comparison.p_value == pytest.approx(expected.p_value, rel=1e-6, abs=1e-290)
    assert comparison.rows == pytest.approx(800 * independent.min())
    for pair, (z, q, r) in expected.pairs.items():
        assert comparison.z[pair] == pytest.approx(z, rel=1e-9, abs=1e-12)
        assert comparison.reference[pair] == pytest.approx(q)
        assert comparison.live[pair] == pytest.approx(r)
    strongest = max(expected.pairs, key=lambda pair: abs(expected.pairs[pair][0]))
    assert comparison.most_certain == strongest
    assert comparison.effect == pytest.approx(abs(expected.pairs[strongest][2] - expected.pairs[strongest][1]))


def test_reference_and_live_of_no_rows_or_of_less_than_one_independent_row_are_as_one_row() -> None:
    """Avoids division by zero; so few rows are never looked at."""
    known, found = np.eye(SCORES), np.eye(SCORES)
    found[0, 1] = found[1, 0] = 0.5
    influence = np.ones((SCORES, SCORES))

    comparison = compare_pairs(
        Joint(0, known, influence), found, 1, np.full(FEATURES, 0.5), np.zeros(FEATURES, np.bool_)
    )

    z = math.atanh(0.5) / math.sqrt(2)
    assert comparison.z[0, 1] == pytest.approx(z / math.sqrt(1 + z * z))


def test_the_same_correlations_have_a_p_value_of_one() -> None:
    known = correlations(np.random.default_rng(1), 0.3)

    comparison = compare_pairs(
        Joint(1_000, known, np.ones((SCORES, SCORES))), known, 600, np.ones(FEATURES), np.zeros(FEATURES, np.bool_)
    )

    assert comparison.p_value == 1.0
    assert comparison.effect == 0.0


def test_if_all_are_left_out_nothing_is_tested() -> None:
    known = correlations(np.random.default_rng(1), 0.3)

    comparison = compare_pairs(
        Joint(1_000, known, np.ones((SCORES, SCORES))), -known, 600, np.ones(FEATURES), np.ones(FEATURES, np.bool_)
    )

    assert comparison.p_value == 1.0
    assert not comparison.z.any()


def test_one_feature_has_no_pair() -> None:
    comparison = compare_pairs(
        Joint(1_000, np.eye(2), np.ones((2, 2))), np.eye(2), 600, np.ones(1), np.zeros(1, np.bool_)
    )

    assert comparison.p_value == 1.0
    assert not contributions(comparison).any()
    assert reported(comparison, Side.INPUT, ("a",), State.OK, 0.1).pairs == ()


def comparison_of(z: dict[tuple[int, int], float], features: int = 3, rows: float = 700.4) -> PairComparison:
    matrix = np.zeros((features, features))
    for (a, b), value in z.items():
        matrix[a, b] = matrix[b, a] = value
    reference = np.arange(features * features).reshape(features, features) / 100
    return PairComparison(1e-8, rows, matrix, reference, reference * 2)


def test_a_feature_carries_its_pairs_z_squared_beyond_chance_as_a_share_of_all() -> None:
    """Chance: 2 log 9 = 4.39, of nine pairs."""
    chance = 2 * math.log(9)
    found = contributions(comparison_of({(0, 1): 5.0, (0, 2): -3.0, (1, 2): 2.0}))

    first, second = 25 - chance, 9 - chance
    total = 2 * (first + second)
    assert found == pytest.approx([(first + second) / total, first / total, second / total])


def test_one_pair_of_a_matrix_of_one_has_the_chance_of_two() -> None:
    comparison = PairComparison(1.0, 1.0, np.array([[1.3]]), np.zeros((1, 1)), np.zeros((1, 1)))
    assert contributions(comparison).tolist() == [1.0], "1.3 squared is more than 2 log 2 = 1.39"


def test_a_report_names_what_moved_strongest_first_and_leaves_out_what_chance_may_have_moved() -> None:
    comparison = comparison_of({(0, 1): 3.0, (0, 2): -5.0, (1, 2): 2.0})

    report = reported(comparison, Side.OUTPUT, NAMES[:3], State.DRIFT, 1e-5)

    shares = contributions(comparison)
    assert report.side is Side.OUTPUT
    assert report.state is State.DRIFT
    assert (report.p_value, report.threshold, report.rows) == (1e-8, 1e-5, 700)
    assert report.effect == pytest.approx(0.02)
    assert [name for name, _ in report.features] == ["a", "c", "b"]
    assert [share for _, share in report.features] == pytest.approx([shares[0], shares[2], shares[1]])
    assert report.pairs == (PairShift("a", "c", 0.02, 0.04), PairShift("a", "b", 0.01, 0.02))


def test_a_report_names_five_at_most() -> None:
    z = {(a, b): 10.0 + a + b / 10 for a in range(6) for b in range(a + 1, 6)}

    report = reported(comparison_of(z, features=6), Side.INPUT, tuple("abcdef"), State.OK, 0.1)

    assert [name for name, _ in report.features] == ["f", "e", "d", "c", "b"]
    assert [(pair.first, pair.second) for pair in report.pairs] == [
        ("e", "f"),
        ("d", "f"),
        ("d", "e"),
        ("c", "f"),
        ("c", "e"),
    ]


def test_equals_are_named_in_their_order() -> None:
    """Of twenty features, since few are sorted in order by any sort."""
    z = {(a, b): 9.0 for a in range(20) for b in range(a + 1, 20)}
    names = tuple("abcdefghijklmnopqrst")

    report = reported(comparison_of(z, features=20), Side.INPUT, names, State.OK, 0.1)

    assert [name for name, _ in report.features] == ["a", "b", "c", "d", "e"]
    assert [(pair.first, pair.second) for pair in report.pairs] == [("a", other) for other in "bcdef"]


def test_a_pair_that_is_little_beyond_chance_is_named() -> None:
    report = reported(comparison_of({(0, 1): 5.0, (1, 2): 2.2}), Side.INPUT, NAMES[:3], State.OK, 0.1)

    assert 0 < 2.2**2 - 2 * math.log(9) < 1
    assert [(pair.first, pair.second) for pair in report.pairs] == [("a", "b"), ("b", "c")]


def test_of_two_features_the_pair_is_named_though_it_may_be_chance() -> None:
    report = reported(comparison_of({(0, 1): 0.5}, features=2), Side.INPUT, NAMES[:2], State.OK, 0.1)

    assert [(pair.first, pair.second) for pair in report.pairs] == [("a", "b")]


def test_where_all_may_be_chance_the_strongest_pair_is_named_and_no_feature() -> None:
    report = reported(comparison_of({(0, 1): 1.0, (1, 2): -1.5}), Side.INPUT, NAMES[:3], State.OK, 0.1)

    assert report.features == ()
    assert [(pair.first, pair.second) for pair in report.pairs] == [("b", "c")]

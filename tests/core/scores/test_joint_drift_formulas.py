"""The test of relations against one product at a time in plain numbers: its e-values, their mean, the most certain, the words."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest

from sidecar.core.reference.joint import Joint, Products
from sidecar.core.scores.joint_drift import Relations, compare_relations, contributions, reported
from sidecar.core.words.arrays import Floats
from sidecar.core.words.events import PairShift, State
from sidecar.core.words.frame import Side

FEATURES = 4
SCORES = 2 * FEATURES
NAMES = ("a", "b", "c", "d")
TWOS = list(itertools.combinations_with_replacement(range(SCORES), 2))
THREES = list(itertools.combinations(range(FEATURES), 3))
ALL, NONE = np.ones(FEATURES), np.zeros(FEATURES, np.bool_)


def joint_from(rng: np.random.Generator, rows: int, spread: float, around: Joint | None = None) -> Joint:
    """Made-up products, near those of another where one is given."""

    def products(count: int, near: Products | None) -> Products:
        mean = rng.normal(0, spread, count) + (0.0 if near is None else near.mean)
        return Products(mean, mean**2 + rng.uniform(0.1, 2.0, count))

    pairs = products(len(TWOS), around.pairs if around else None)
    triples = products(len(THREES), around.triples if around else None)
    return Joint(rows, pairs, triples, rng.uniform(1.5, 2.5, SCORES))


@dataclass(frozen=True)
class Naive:
    """Of each product that can be compared: its features, log e-value, means."""

    of: dict[tuple[int, ...], tuple[tuple[int, ...], float, float, float]]

    @property
    def p_value(self) -> float:
        mean = sum(math.exp(log) for _, log, _, _ in self.of.values()) / len(self.of)
        return min(1 / mean, 1.0)


def log_e(
    change: float, scatter: float, variance: float, bound: float, rows: float, sure: tuple[float, float]
) -> float:
    """Of a mean that rose: `change` is r - q, `scatter` the mean of (x - q)^2; `sure` the reference's rows and the doubt."""
    m, doubt = sure
    margin = math.sqrt(2 * variance * doubt / m) + bound * doubt / (3 * m)
    e = 0.0
    for size in (0.1, 0.2, 0.4, 0.8):
        stake = min(size / (variance + size * size), 0.5 / (bound + margin))
        u = stake * (bound + margin)
        psi = -math.log(1 - u) - u
        around = scatter - 2 * margin * change + margin**2  # the mean of (x - q - margin)^2
        e += math.exp(rows * (stake * (change - margin) - psi / (bound + margin) ** 2 * around)) / 4
    return math.log(e)


def naive(reference: Joint, live: Joint, independent: list[float], left_out: list[bool]) -> Naive:
    products: list[tuple[tuple[int, ...], Products, Products, int]] = [
        (scores, reference.pairs, live.pairs, at) for at, scores in enumerate(TWOS)
    ]
    products += [(scores, reference.triples, live.triples, at) for at, scores in enumerate(THREES)]
    known = []
    for scores, before, after, at in products:
        owners = tuple(score % FEATURES for score in scores)
        varies = all(reference.largest[score] > 0 and live.largest[score] > 0 for score in scores)
        if len(set(owners)) == len(owners) and varies and not any(left_out[owner] for owner in owners):
            known.append((scores, owners, before, after, at))
    doubt = math.log(2 * len(known) / 0.01)
    found: dict[tuple[int, ...], tuple[tuple[int, ...], float, float, float]] = {}
    for scores, owners, before, after, at in known:
        q, r = float(before.mean[at]), float(after.mean[at])
        bound = abs(q) + math.prod(float(max(reference.largest[s], live.largest[s])) for s in scores)
        variance = float(before.square[at]) - q * q
        scatter = float(after.square[at]) - 2 * q * r + q * q
        rows = live.rows * min(independent[owner] for owner in owners)
        both = [log_e(sign * (r - q), scatter, variance, bound, rows, (reference.rows, doubt)) for sign in (1, -1)]
        found[scores] = (owners, max(both) - math.log(2), q, r)
    return Naive(found)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("change", [0.01, 0.1, 0.4])
def test_every_relation_and_the_p_value_are_what_one_product_at_a_time_makes_them(seed: int, change: float) -> None:
    rng = np.random.default_rng(seed)
    reference = joint_from(rng, 20_000, 0.4)
    live = joint_from(rng, 400, change, reference)
    if seed % 3 == 1:
        reference.largest[2] = 0.0  # the first score of c does not vary in the reference
        live.largest[5] = 0.0  # nor the second of b in live
    left_out = [seed % 3 == 2, False, False, False]
    independent = rng.uniform(0.3, 1.0, FEATURES)

    found = compare_relations(reference, live, independent, np.array(left_out))

    expected = naive(reference, live, independent.tolist(), left_out)
    assert [tuple(at for at in row if at >= 0) for row in found.members.tolist()] == [
        owners for owners, *_ in expected.of.values()
    ]
    assert found.evidence == pytest.approx([log for _, log, _, _ in expected.of.values()], rel=1e-9, abs=1e-9)
    assert found.reference == pytest.approx([q for _, _, q, _ in expected.of.values()])
    assert found.live == pytest.approx([r for _, _, _, r in expected.of.values()])
    assert found.p_value == pytest.approx(expected.p_value, rel=1e-6, abs=1e-290)
    assert found.rows == pytest.approx(400 * independent.min())
    _, _, q, r = max(expected.of.values(), key=lambda one: one[1])
    assert found.effect == pytest.approx(abs(r - q))


def test_a_reference_of_no_rows_is_as_one_row() -> None:
    """Avoids division by zero; nothing is certain beside it."""
    rng = np.random.default_rng(8)
    reference = joint_from(rng, 0, 0.1)

    assert compare_relations(reference, joint_from(rng, 400, 0.4, reference), ALL, NONE).p_value == 1.0


def test_the_same_relations_have_a_p_value_of_one() -> None:
    known = joint_from(np.random.default_rng(1), 1_000, 0.3)

    found = compare_relations(known, known, ALL, NONE)

    assert found.p_value == 1.0
    assert found.effect == 0.0


def test_no_p_value_is_nothing_however_certain_a_change_is() -> None:
    rng = np.random.default_rng(2)
    reference = joint_from(rng, 10**6, 0.1)

    assert 0 < compare_relations(reference, joint_from(rng, 10**6, 3.0, reference), ALL, NONE).p_value < 1e-300


def test_if_all_are_left_out_nothing_is_tested() -> None:
    rng = np.random.default_rng(1)
    known = joint_from(rng, 1_000, 0.3)

    found = compare_relations(known, joint_from(rng, 600, 1.0, known), ALL, np.ones(FEATURES, np.bool_))

    assert (found.p_value, found.effect, found.most_certain) == (1.0, 0.0, -1)
    assert not len(found.evidence)


def test_one_feature_has_no_relation() -> None:
    none = Products(np.zeros(0), np.zeros(0))
    alone = Joint(1_000, Products(np.ones(3), np.ones(3)), none, np.ones(2))

    found = compare_relations(alone, alone, np.ones(1), np.zeros(1, np.bool_))

    assert found.p_value == 1.0
    assert not contributions(found).any()
    assert reported(found, Side.INPUT, ("a",), State.OK, 0.1).pairs == ()


def relations(evidence: dict[tuple[int, ...], float], features: int = 3, rows: float = 700.4) -> Relations:
    """With these log e-values."""
    members = np.array([(*chosen, -1)[:3] for chosen in evidence], np.int64).reshape(-1, 3)
    before = np.arange(1.0, len(evidence) + 1) / 100
    return Relations(members, np.array([*evidence.values()]), before, before * 2, rows, features)


def test_a_feature_carries_the_evidence_of_its_relations_beyond_chance_as_a_share_of_all() -> None:
    """Chance: log 4, of four relations."""
    chance = math.log(4)
    found = contributions(relations({(0, 1): 9.0, (0, 2): 3.0, (1, 2): 1.0, (0, 1, 2): 5.0}))

    two, other, three = 9 - chance, 3 - chance, 5 - chance
    carried: Floats = np.array([two + other + three, two + three, other + three])
    assert found == pytest.approx(carried / carried.sum())


def test_one_relation_alone_has_the_chance_of_two() -> None:
    assert contributions(relations({(0, 1): 0.7})).tolist() == pytest.approx([0.5, 0.5, 0.0])
    assert not contributions(relations({(0, 1): 0.69})).any(), "less than log 2"


def test_a_report_names_what_moved_most_certain_first_and_leaves_out_what_chance_may_have_moved() -> None:
    found = relations({(0, 1): 3.0, (0, 2): 600.0, (1, 2): 1.0})

    report = reported(found, Side.OUTPUT, NAMES[:3], State.DRIFT, 1e-5)

    shares = contributions(found)
    assert (report.side, report.state) == (Side.OUTPUT, State.DRIFT)
    assert report.p_value == pytest.approx(math.exp(-600.0 + math.log(3)))
    assert (report.threshold, report.rows) == (1e-5, 700)
    assert report.effect == pytest.approx(0.02)
    assert [name for name, _ in report.features] == ["a", "c", "b"]
    assert [share for _, share in report.features] == pytest.approx([shares[0], shares[2], shares[1]])
    assert report.pairs == (PairShift("a", "c", 0.02, 0.04), PairShift("a", "b", 0.01, 0.02))


def test_a_relation_of_three_is_named_with_all_three() -> None:
    report = reported(relations({(0, 1): 0.0, (0, 1, 2): 50.0}), Side.INPUT, NAMES[:3], State.DRIFT, 1e-5)

    assert report.pairs == (PairShift("a", "b", 0.02, 0.04, "c"),)


def test_of_several_scores_of_two_features_the_most_certain_is_named_once() -> None:
    members = np.array([[0, 1, -1], [1, 0, -1], [0, 2, -1]])
    found = Relations(members, np.array([20.0, 30.0, 10.0]), np.zeros(3), np.array([0.1, 0.2, 0.3]), 500.0, 3)

    report = reported(found, Side.INPUT, NAMES[:3], State.DRIFT, 1e-5)

    assert report.pairs == (PairShift("a", "b", 0.0, 0.2), PairShift("a", "c", 0.0, 0.3))


def test_a_report_names_five_at_most() -> None:
    evidence: dict[tuple[int, ...], float] = {(a, b): 10.0 + a + b / 10 for a in range(6) for b in range(a + 1, 6)}

    report = reported(relations(evidence, features=6), Side.INPUT, tuple("abcdef"), State.OK, 0.1)

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
    evidence: dict[tuple[int, ...], float] = {(a, b): 9.0 for a in range(20) for b in range(a + 1, 20)}
    names = tuple("abcdefghijklmnopqrst")

    report = reported(relations(evidence, features=20), Side.INPUT, names, State.OK, 0.1)

    assert [name for name, _ in report.features] == ["a", "b", "c", "d", "e"]
    assert [(pair.first, pair.second) for pair in report.pairs] == [("a", other) for other in "bcdef"]


def test_where_all_may_be_chance_the_most_certain_relation_is_named_and_no_feature() -> None:
    report = reported(relations({(0, 1): 0.5, (1, 2): 0.6}), Side.INPUT, NAMES[:3], State.OK, 0.1)

    assert report.features == ()
    assert [(pair.first, pair.second) for pair in report.pairs] == [("b", "c")]

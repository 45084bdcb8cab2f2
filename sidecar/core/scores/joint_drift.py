"""Drift that no single feature shows: a relation of two or three features that changed, though each feature may be distributed
as before.

For each product x of rank scores, and for a change up and down, live rows are held against the reference's mean q by an e-value,

    log e = n (l (r - q') - psi(l b) / b^2 s),   psi(u) = -log(1 - u) - u,

with r the mean of live products, s the mean of (x - q')^2, b a bound on |x - q'|, and q' = q plus what the reference may be wrong
by (Bernstein's inequality). Its mean is at most 1 for every distribution whose product has a mean up to q' (Fan, Grama & Liu,
2015), however sparse, discrete or heavy-tailed the features are and however few the rows: no central limit is asked for. It is a
mean over several l, each the best for a change of one size. The p-value over all products is 1 over the mean of e-values. It is
valid for one look at rows that were not tested before: `watching.joint_watch` decides when to look, and `evidence.policy` what
follows. Derivation: docs/math.md, "Relations between features".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sidecar.core.reference.joint import TRIPLED, Joint, triples
from sidecar.core.words.arrays import Floats, Mask, Numbers
from sidecar.core.words.events import JointReport, PairShift, State
from sidecar.core.words.frame import Side

LEAST_ROWS = 200
"""Least effective live rows: with fewer there is nothing to be said of relations."""
MOST_NAMED = 5
"""Most features and relations in a report."""
CHANGES = (0.1, 0.2, 0.4, 0.8)
"""Changes of a mean product for which the bets are the best."""
REFERENCE_DOUBT = 0.01
"""Probability that the mean of any product of the reference is further from the truth than is allowed for."""
_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Relations:
    """Products by the features they are of: `members` (P, 3), the third being -1 for two, and for each what is compared (P,)."""

    members: Numbers
    evidence: Floats
    """Logarithm of the e-value (P,)."""
    reference: Floats
    live: Floats
    rows: float
    """Effective live rows of the feature that has fewest."""
    features: int

    @property
    def p_value(self) -> float:
        """Over all products."""
        if not len(self.evidence):
            return 1.0
        top = float(self.evidence.max())
        mean = top + math.log(float(np.exp(self.evidence - top).mean()))
        return math.exp(-min(max(mean, 0.0), 700.0))

    @property
    def effect(self) -> float:
        """The absolute change of the product that most certainly changed; 0 without products."""
        at = self.most_certain
        return float(abs(self.live[at] - self.reference[at])) if at >= 0 else 0.0

    @property
    def most_certain(self) -> int:
        """The product with the largest e-value; -1 without products."""
        return int(self.evidence.argmax()) if len(self.evidence) else -1


def compare_relations(reference: Joint, live: Joint, independent: Floats, left_out: Mask) -> Relations:
    """Compare the products of live rows with those of the reference. `independent` (F',) is the share of independent live
    rows per feature; features `left_out` (F',) are ignored.
    """
    features = len(independent)
    members, mean, square, bound = _products(reference, live, features)
    scores_vary = mean[2] > 0
    known = scores_vary & ~left_out[members].any(axis=1, where=members >= 0)
    owners = members[known]
    share = np.where(owners >= 0, independent[owners], 1.0).min(axis=1) if len(owners) else np.zeros(0)
    q, r = mean[0][known], mean[1][known]
    b = bound[known] + np.abs(q)
    variance = np.maximum(square[0][known] - q**2, 0.0)
    doubt = math.log(2 * max(len(q), 1) / REFERENCE_DOUBT)
    m = max(reference.rows, 1)
    margin = np.sqrt(2 * variance * doubt / m) + b * doubt / (3 * m)
    evidence = np.maximum(
        *(
            _evidence(sign * (r - q), square[1][known] - 2 * q * r + q**2, variance, margin, b, live.rows * share)
            for sign in (1, -1)
        )
    )
    return Relations(owners, evidence - math.log(2), q, r, live.rows * float(independent.min(initial=1.0)), features)


def _evidence(change: Floats, scatter: Floats, variance: Floats, margin: Floats, bound: Floats, rows: Floats) -> Floats:
    """Logarithms of e-values (P,) that means rose by more than the margin: `change` is r - q, `scatter` the mean of (x - q)^2."""
    excess = change - margin
    around = scatter - 2 * margin * change + margin**2
    wide = bound + margin
    each = []
    for size in CHANGES:
        stake = np.minimum(size / np.maximum(variance + size**2, _TINY), 0.5 / np.maximum(wide, _TINY))
        u = stake * wide
        each.append(rows * (stake * excess - (-np.log1p(-u) - u) / np.maximum(wide, _TINY) ** 2 * around))
    found = np.array(each)
    top = found.max(axis=0)
    return np.asarray(top + np.log(np.exp(found - top).mean(axis=0)))


def _products(reference: Joint, live: Joint, features: int) -> tuple[Numbers, Floats, Floats, Floats]:
    """Members (P, 3); means (3, P) of the reference, of live, and whether all scores vary; mean squares (2, P); bounds (P,)."""
    first, second = np.triu_indices(2 * features)
    apart = first % max(features, 1) != second % max(features, 1)
    i, j, k = triples(min(features, TRIPLED))
    pairs = np.stack(
        [first[apart] % max(features, 1), second[apart] % max(features, 1), np.full(int(apart.sum()), -1)], axis=1
    )
    members = np.concatenate([pairs, np.stack([i, j, k], axis=1)])
    largest = np.maximum(reference.largest, live.largest)
    both = np.minimum(reference.largest, live.largest) > 0
    bound = np.concatenate([largest[first[apart]] * largest[second[apart]], largest[i] * largest[j] * largest[k]])
    varies = np.concatenate([both[first[apart]] & both[second[apart]], both[i] & both[j] & both[k]])
    means = [np.concatenate([one.pairs.mean[apart], one.triples.mean]) for one in (reference, live)]
    squares = [np.concatenate([one.pairs.square[apart], one.triples.square]) for one in (reference, live)]
    return members, np.array([*means, varies.astype(np.float64)]), np.array(squares), bound


def contributions(relations: Relations) -> Floats:
    """The contribution of each feature (F',): its share of the evidence in excess of chance."""
    excess = _excess_over_chance(relations)
    carried = np.zeros(relations.features)
    for place in range(3):
        member = relations.members[:, place]
        np.add.at(carried, member[member >= 0], excess[member >= 0])
    return np.asarray(carried / max(float(carried.sum()), _TINY))


def _excess_over_chance(relations: Relations) -> Floats:
    """max(log e - log P, 0) (P,): the largest of P e-values passes P with a probability of at most 1, and grows no faster."""
    return np.maximum(relations.evidence - math.log(max(len(relations.evidence), 2)), 0.0)


def reported(relations: Relations, side: Side, names: Sequence[str], state: State, threshold: float) -> JointReport:
    """The report on a comparison; `names` are those of the features that were paired. Relations that chance may explain are left
    out, except for the most certain one.
    """
    carried = contributions(relations)
    ranked = np.argsort(-carried, kind="stable")[:MOST_NAMED].tolist()
    excess = _excess_over_chance(relations)
    named: dict[tuple[int, ...], int] = {}
    for at in np.argsort(-relations.evidence, kind="stable")[: 4 * MOST_NAMED].tolist():
        if excess[at] > 0 or not named:
            named.setdefault(tuple(sorted(one for one in relations.members[at].tolist() if one >= 0)), at)
    return JointReport(
        side=side,
        state=state,
        p_value=relations.p_value,
        threshold=threshold,
        effect=relations.effect,
        rows=round(relations.rows),
        features=tuple((names[at], float(carried[at])) for at in ranked if carried[at] > 0),
        pairs=tuple(_shift(relations, names, members, at) for members, at in [*named.items()][:MOST_NAMED]),
    )


def _shift(relations: Relations, names: Sequence[str], members: tuple[int, ...], at: int) -> PairShift:
    before, after = float(relations.reference[at]), float(relations.live[at])
    third = names[members[2]] if len(members) > 2 else ""
    return PairShift(names[members[0]], names[members[1]], before, after, third)

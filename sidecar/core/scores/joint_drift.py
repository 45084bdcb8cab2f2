"""Drift that no single feature shows: pairs of features whose correlation changed, though each feature may look as before.

Compares live rows with a reference's `Joint` pair by pair. Fisher's z of a correlation, z = artanh r, has about the variance of
its influence function over the rows, for heavy-tailed and discrete features too; that variance is measured on the reference. The
p-value over all pairs is Bonferroni's. It is valid for one look at rows that were not looked at before; when to look, and what
follows, is `watching.joint_watch`'s and `evidence.policy`'s business.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sidecar.core.reference.joint import Joint
from sidecar.core.stats.gamma import chi2_sf
from sidecar.core.words.arrays import Floats, Mask, Numbers
from sidecar.core.words.events import JointReport, PairShift, State
from sidecar.core.words.frame import Side

LEAST_ROWS = 500
"""Independent rows that live must have: with fewer, tails of correlations are too far from normal."""
MOST_NAMED = 5
"""Features and pairs that a report names."""
_LEAST_VARIANCE = 0.01
"""Of a correlation, per row: two features that are one another's copy have none, and any rounding would be a change."""
_MOST_CORRELATED = 0.999


@dataclass(frozen=True, eq=False)
class Judgement:
    """What live says of pairs of features: the p-value over all, and per pair of features (F', F') the strongest of their pairs
    of scores: z, and the correlation in reference and live.
    """

    p_value: float
    rows: float
    z: Floats
    reference: Floats
    live: Floats

    @property
    def effect(self) -> float:
        """The change of the correlation that is most certain to have changed."""
        pair = self.strongest
        return float(abs(self.live[pair] - self.reference[pair])) if self.z.size else 0.0

    @property
    def strongest(self) -> tuple[int, int]:
        """The pair of features with the largest z."""
        first, second = divmod(int(np.abs(self.z).argmax()), len(self.z))
        return first, second


def judge(reference: Joint, found: Floats, count: int, independent: Floats, left_out: Mask) -> Judgement:
    """Compare pairs with the correlations (K, K) that were `found` in `count` live rows. Of the features that take part (F',),
    `independent` is the share of live rows that count as independent, and those `left_out` have no part.
    """
    features = len(independent)
    owner = np.tile(np.arange(features), 2)
    q, r = (np.clip(matrix, -_MOST_CORRELATED, _MOST_CORRELATED) for matrix in (reference.correlations, found))
    variance = np.maximum(reference.influence, _LEAST_VARIANCE) / (1 - q**2) ** 2
    share = np.minimum.outer(independent, independent)[np.ix_(owner, owner)]
    rows = count * share
    error = np.sqrt(variance * (1 / np.maximum(rows, 1.0) + 1 / max(reference.rows, 1)))
    varies = (np.diag(reference.correlations) > 0) & (np.diag(found) > 0) & ~left_out[owner]
    pairs = (owner[:, None] != owner) & np.outer(varies, varies)
    z = np.where(pairs, (np.arctanh(r) - np.arctanh(q)) / error, 0.0)
    # As Student's t is shortened to a normal: tails of few rows are longer.
    z /= np.sqrt(1 + z**2 / np.maximum(rows, 1.0))
    strongest, where = _strongest(z, features)
    tested = max(int(pairs.sum()) // 2, 1)
    p_value = min(float(chi2_sf(np.array(float((z**2).max(initial=0.0))), np.array(1.0))) * tested, 1.0)
    return Judgement(p_value, count * float(independent.min(initial=1.0)), strongest, q[where], r[where])


def _strongest(z: Floats, features: int) -> tuple[Floats, tuple[Numbers, Numbers]]:
    """Of the four pairs of scores of each pair of features the one with the largest |z|: (F', F'), and where it stands."""
    blocks = np.abs(z).reshape(2, features, 2, features).transpose(1, 3, 0, 2).reshape(features, features, 4)
    best = blocks.argmax(axis=2)
    first = best // 2 * features + np.arange(features)[:, None]
    second = best % 2 * features + np.arange(features)
    return z[first, second], (first, second)


def contributions(judgement: Judgement) -> Floats:
    """How much each feature carries (F',): the sum over its pairs of z^2 beyond chance, as a share of all."""
    excess = _beyond_chance(judgement).sum(axis=1)
    return np.asarray(excess / max(float(excess.sum()), 1e-300))


def _beyond_chance(judgement: Judgement) -> Floats:
    """By how much each z^2 (F', F') is more than the largest of so many comes to by chance; at least 0."""
    return np.maximum(judgement.z**2 - 2 * math.log(max(judgement.z.size, 2)), 0.0)


def reported(judgement: Judgement, side: Side, names: Sequence[str], state: State, threshold: float) -> JointReport:
    """What was found in words and figures, of the features that took part by their `names`. Pairs that chance may have moved
    are left out, but for the strongest.
    """
    carried = contributions(judgement)
    ranked = np.argsort(-carried, kind="stable")[:MOST_NAMED].tolist()
    told = np.triu(_beyond_chance(judgement), 1)
    moved = np.argsort(-told, axis=None, kind="stable")[: min(MOST_NAMED, int((told > 0).sum()))].tolist()
    pairs = [divmod(pair, len(names)) for pair in moved] or [judgement.strongest] * (len(names) > 1)
    before, after = judgement.reference, judgement.live
    return JointReport(
        side=side,
        state=state,
        p_value=judgement.p_value,
        threshold=threshold,
        effect=judgement.effect,
        rows=round(judgement.rows),
        features=tuple((names[at], float(carried[at])) for at in ranked if carried[at] > 0),
        pairs=tuple(PairShift(names[a], names[b], float(before[a, b]), float(after[a, b])) for a, b in pairs),
    )

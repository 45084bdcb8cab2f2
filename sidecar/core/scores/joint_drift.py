"""Drift that no single feature shows: pairs of features whose correlation changed, though each feature may be
distributed as before.

Compares live rows with a reference's `Joint` pair by pair, by Fisher's transformation of the correlations r (live) and
q (reference):

    z = (artanh r - artanh q) / sqrt(V (1/n + 1/m)),   V = E[influence^2] / (1 - q^2)^2

with V measured on the reference, so that heavy-tailed and discrete features are covered. The p-value over all pairs is
Bonferroni's. It is valid for one look at rows that were not tested before: `watching.joint_watch` decides when to look,
and `evidence.policy` what follows. Derivation: docs/math.md, "Correlations between features".
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
"""Least effective live rows: with fewer, the tails of correlations are too far from normal."""
MOST_NAMED = 5
"""Most features and pairs in a report."""
_LEAST_VARIANCE = 0.01
"""Least variance of a correlation, times the rows: that of two copies is 0, and any rounding would be a change."""
_MOST_CORRELATED = 0.999


@dataclass(frozen=True, eq=False)
class PairComparison:
    """The comparison of all pairs: the p-value over all, and for each pair of features (F', F') the z, and the
    correlations in `reference` and `live`, of its pair of scores with the largest |z|. `rows` is the least number of
    effective live rows of a feature.
    """

    p_value: float
    rows: float
    z: Floats
    reference: Floats
    live: Floats

    @property
    def effect(self) -> float:
        """The absolute change of the correlation with the largest |z|; 0 without pairs."""
        pair = self.most_certain
        return float(abs(self.live[pair] - self.reference[pair])) if self.z.size else 0.0

    @property
    def most_certain(self) -> tuple[int, int]:
        """The pair of features with the largest |z|."""
        first, second = divmod(int(np.abs(self.z).argmax()), len(self.z))
        return first, second


def compare_pairs(reference: Joint, found: Floats, count: int, independent: Floats, left_out: Mask) -> PairComparison:
    """Compare the correlations `found` (K, K) in `count` live rows with those of the reference. `independent` (F',) is
    the share of independent live rows per feature; features `left_out` (F',) are ignored.
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
    # Shrunk as Student's t is to a normal: with few rows its tails are longer.
    z /= np.sqrt(1 + z**2 / np.maximum(rows, 1.0))
    most_certain, where = _most_certain_scores(z, features)
    tested = max(int(pairs.sum()) // 2, 1)
    p_value = min(float(chi2_sf(np.array(float((z**2).max(initial=0.0))), np.array(1.0))) * tested, 1.0)
    return PairComparison(p_value, count * float(independent.min(initial=1.0)), most_certain, q[where], r[where])


def _most_certain_scores(z: Floats, features: int) -> tuple[Floats, tuple[Numbers, Numbers]]:
    """For each pair of features, the z (F', F') with the largest |z| of its four pairs of scores, and its position in (K, K)."""
    blocks = np.abs(z).reshape(2, features, 2, features).transpose(1, 3, 0, 2).reshape(features, features, 4)
    best = blocks.argmax(axis=2)
    first = best // 2 * features + np.arange(features)[:, None]
    second = best % 2 * features + np.arange(features)
    return z[first, second], (first, second)


def contributions(comparison: PairComparison) -> Floats:
    """The contribution of each feature (F',): its share of the sum of z^2 in excess of chance."""
    excess = _excess_over_chance(comparison).sum(axis=1)
    return np.asarray(excess / max(float(excess.sum()), 1e-300))


def _excess_over_chance(comparison: PairComparison) -> Floats:
    """max(z^2 - 2 ln N, 0) (F', F') with N = F'^2: the largest of N squared standard normals is about 2 ln N."""
    return np.maximum(comparison.z**2 - 2 * math.log(max(comparison.z.size, 2)), 0.0)


def reported(
    comparison: PairComparison, side: Side, names: Sequence[str], state: State, threshold: float
) -> JointReport:
    """The report on a comparison; `names` are those of the features that were paired. Pairs that chance may explain are left out,
    except for the most certain one.
    """
    carried = contributions(comparison)
    ranked = np.argsort(-carried, kind="stable")[:MOST_NAMED].tolist()
    excess = np.triu(_excess_over_chance(comparison), 1)
    moved = np.argsort(-excess, axis=None, kind="stable")[: min(MOST_NAMED, int((excess > 0).sum()))].tolist()
    pairs = [divmod(pair, len(names)) for pair in moved] or [comparison.most_certain] * (len(names) > 1)
    before, after = comparison.reference, comparison.live
    return JointReport(
        side=side,
        state=state,
        p_value=comparison.p_value,
        threshold=threshold,
        effect=comparison.effect,
        rows=round(comparison.rows),
        features=tuple((names[at], float(carried[at])) for at in ranked if carried[at] > 0),
        pairs=tuple(PairShift(names[a], names[b], float(before[a, b]), float(after[a, b])) for a, b in pairs),
    )

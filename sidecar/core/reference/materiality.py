"""Whether a change matters: by its size over all bins (PSI), or by the rate of a single kind of bin.

PSI says little of rare events: nulls that rise from 1 % to 5 % come to 0.06. So a rate has a criterion of its own, its
difference and its ratio together, for missing, unseen and out-of-range values, for rare levels, for values that repeat, and for
intervals that are out of line with their neighbours. A rate must also be seen to have changed: by `CERTAIN` standard
deviations, and over enough rows for the normal law to hold. Nothing here says whether there is drift: `policy` does, once
evidence is beyond its threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sidecar.core.binning.bins import Feature
from sidecar.core.words.arrays import Floats, Mask, Numbers

CERTAIN = 4.0
"""Standard deviations by which a rate must have changed: chance does that for one bin in 16,000."""
LEAST_ROWS = 5.0
"""Rows that a rate must rest on: those seen if it rose, those expected if it fell."""
TAIL = 0.4
"""An interval with less than this part of its neighbours' rows is in a tail: bins there are finer."""
HALF = 0.5
"""A change is over when it is certain to be below this part of what matters."""


@dataclass(frozen=True)
class Material:
    """What matters: a PSI; a rate that changed by the difference and the ratio; a rate of bad values that moved by the shift."""

    psi: float
    rate_difference: float
    rate_ratio: float
    rate_shift: float


@dataclass(frozen=True)
class RateChange:
    """A rate that matters: what it is of (`missing`, `unseen`, `out of range`, `level`, `value`), its bin, before and after."""

    criterion: str
    bin: int
    before: float
    after: float

    def words(self, ranges: Sequence[str]) -> str:
        """E.g. `missing 1.0% -> 5.0%`; `ranges` are the texts of the feature's bins."""
        what = self.criterion if self.criterion not in (LEVEL, VALUE) else f"{self.criterion} {ranges[self.bin][:40]}"
        return f"{what} {self.before:.1%} -> {self.after:.1%}"


MISSING, UNSEEN, RANGE, LEVEL, VALUE = "missing", "unseen", "out of range", "level", "value"
_BAD = frozenset({MISSING, UNSEEN, RANGE})


def special(feature: Feature) -> list[int]:
    """The bins whose rates have a criterion of their own: all of names; of numbers what is missing, out of range, or a value that
    repeats.
    """
    if not feature.ordered:
        return list(range(feature.bins))
    spikes = [at for at in range(1, len(feature.edges)) if feature.is_spike(at)]
    return [0, *spikes, *([len(feature.edges)] if feature.edges else []), feature.missing]


def special_mask(features: Sequence[Feature], width: int) -> Mask:
    """The `special` bins of each feature (F, width)."""
    mask = np.zeros((len(features), width), np.bool_)
    for at, feature in enumerate(features):
        mask[at, special(feature)] = True
    return mask


def criterion_of(feature: Feature, at: int) -> str:
    """What the rate of a special bin is the rate of."""
    if at == feature.missing:
        return MISSING
    if feature.ordered:
        return RANGE if at in (0, len(feature.edges)) else VALUE
    return UNSEEN if at == feature.unseen else LEVEL


def rate_changes(
    features: Sequence[Feature], special: Mask, reference: Floats, live: Floats, rows: Floats, material: Material
) -> list[RateChange | None]:
    """Of f features each the rate that matters most, if one does, of the `special` bins (f, B) and of intervals out of line with
    their neighbours: reference and live counts are (f, B), worth `rows` (f,) live rows.
    """
    m = reference.sum(axis=1)
    known = ((m > 0) & (rows > 0))[:, None]
    m, n = np.where(known, m[:, None], 1.0), np.where(known, rows[:, None], 1.0)
    before, after = reference / m, live / np.maximum(live.sum(axis=1, keepdims=True), 1e-300)
    inner, expected, seen = _by_neighbours(_intervals(features, special), before, after, n, m)
    expected, seen = np.where(special, before, expected), np.where(special, m, seen)
    deviations = np.abs(after - expected) / _spread(expected, after, n, seen)
    certain = (special | inner) & known & (deviations >= CERTAIN) & (np.maximum(after, expected) * n >= LEAST_ROWS)
    return [
        _largest(feature, bins, before[at], expected[at], after[at], deviations[at], material) if len(bins) else None
        for at, (feature, bins) in enumerate(zip(features, map(np.flatnonzero, certain), strict=True))
    ]


def _largest(
    feature: Feature,
    bins: Numbers,
    before: Floats,
    expected: Floats,
    after: Floats,
    deviations: Floats,
    material: Material,
) -> RateChange | None:
    """The rate of a feature that is the most deviations from the expected one, of those of some bins (K,) that matter beside
    that and beside the reference's; the others are (B,).
    """
    for at in sorted(bins.tolist(), key=lambda at: (deviations[at], at), reverse=True):
        criterion, q, p = criterion_of(feature, at), float(before[at]), float(after[at])
        if _matters(criterion, q, p, material) and _matters(criterion, float(expected[at]), p, material):
            return RateChange(criterion, at, q, p)
    return None


def is_over(
    change: RateChange, live: Floats, rows: float, reference_rows: float, deviations: float, material: Material
) -> bool:
    """Whether a rate is so many standard deviations away from half of what mattered: live counts (B,), worth `rows` rows."""
    q, p = change.before, float(live[change.bin]) / max(float(live.sum()), 1e-300)
    half = q + HALF * (_boundary(change, material) - q)
    spread = np.sqrt(max(half * (1 - half), 1e-12) * (1 / max(rows, 1.0) + 1 / max(reference_rows, 1.0)))
    return bool((half - p if change.after > q else p - half) >= deviations * spread)


def still_matters(change: RateChange, rate: float, rows: float, deviations: float, material: Material) -> bool:
    """Whether a rate over so many live rows is beyond the rate that matters, less so many standard deviations."""
    boundary = _boundary(change, material)
    spread = (max(boundary * (1 - boundary), 1e-12) / max(rows, 1.0)) ** 0.5
    beyond = rate - boundary if change.after > change.before else boundary - rate
    return bool(beyond > -deviations * spread)


def _intervals(features: Sequence[Feature], special: Mask) -> Mask:
    """The bins (f, B) of numbers within the range of the reference that are intervals."""
    edges = np.array([len(feature.edges) if feature.ordered else 0 for feature in features])
    at = np.arange(special.shape[1])
    return (at > 0) & (at < edges[:, None]) & ~special


def _by_neighbours(
    intervals: Mask, before: Floats, after: Floats, rows: Floats, reference_rows: Floats
) -> tuple[Mask, Floats, Floats]:
    """Which intervals (f, B) are compared with their neighbours, what rate (f, B) these let expect, and the rows (f, B) that
    this rests on.

    So a value that came to repeat is told though it has no bin of its own, and so are far values that no longer come. A
    shift or a stretch takes neighbours along: it is PSI's matter. In the tails it raises rates more the farther out they
    are, so there only a fall counts.
    """
    beside, now = (_of_neighbours(intervals, rates) for rates in (before, after))
    compared = intervals & (beside > 0) & (before > 0) & ((after < before) | (before >= TAIL * beside))
    q, known = np.where(compared, before, 1.0), np.where(compared, beside, 1.0)
    return compared, q * now / known, 1 / (q / known / rows + 1 / reference_rows)


def _of_neighbours(intervals: Mask, rates: Floats) -> Floats:
    """The rates (f, B) of the next interval on both sides of each, added up."""
    f, bins = intervals.shape
    at = np.arange(1, bins + 1)
    padded = np.zeros((f, bins + 2))
    padded[:, 1:-1] = rates
    row = np.arange(f)[:, None]
    left, right = np.zeros((f, bins), np.int64), np.full((f, bins), bins + 1)
    left[:, 1:] = np.maximum.accumulate(np.where(intervals, at, 0), axis=1)[:, :-1]
    right[:, :-1] = np.minimum.accumulate(np.where(intervals, at, bins + 1)[:, ::-1], axis=1)[:, -2::-1]
    return np.asarray(padded[row, left] + padded[row, right])


def _matters(criterion: str, q: float, p: float, material: Material) -> bool:
    difference = abs(p - q)
    if criterion in _BAD and difference >= material.rate_shift:
        return True
    return difference >= material.rate_difference and max(p, q) >= material.rate_ratio * min(p, q)


def _boundary(change: RateChange, material: Material) -> float:
    """The rate nearest to the reference's that matters."""
    q = change.before
    if change.after > q:
        rare = max(q * material.rate_ratio, q + material.rate_difference)
        return min(rare, q + material.rate_shift) if change.criterion in _BAD else rare
    rare = min(q / material.rate_ratio, q - material.rate_difference)
    return max(rare, q - material.rate_shift) if change.criterion in _BAD else rare


def _spread(q: Floats, p: Floats, rows: Floats, reference_rows: Floats) -> Floats:
    pooled = (q * reference_rows + p * rows) / (reference_rows + rows)
    return np.asarray(np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / rows + 1 / reference_rows)))

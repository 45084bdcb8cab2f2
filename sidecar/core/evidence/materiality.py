"""Whether a change matters: by its size over all bins (PSI), or by the rate of a single kind of bin.

PSI says little of rare events: nulls that rise from 1 % to 5 % come to 0.06. So a rate has a criterion of its own, its
difference and its ratio together, for missing, unseen and out-of-range values, for rare levels, for values that repeat, and for
intervals that are out of line with their neighbours. A rate must also be seen to have changed: by `CERTAIN` standard
deviations, and over enough rows for the normal law to hold. Nothing here says whether there is drift: `policy` does, once
evidence is beyond its threshold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sidecar.core.binning.bins import Feature
from sidecar.core.evidence.rate_bets import special
from sidecar.core.words.arrays import Floats

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


MISSING, UNSEEN, RANGE, LEVEL, VALUE = "missing", "unseen", "out of range", "level", "value"
_BAD = frozenset({MISSING, UNSEEN, RANGE})


def criterion_of(feature: Feature, at: int) -> str:
    """What the rate of a special bin is the rate of."""
    if at == feature.missing:
        return MISSING
    if feature.ordered:
        return RANGE if at in (0, len(feature.edges)) else VALUE
    return UNSEEN if at == feature.unseen else LEVEL


def rate_change(
    feature: Feature, reference: Floats, live: Floats, rows: float, material: Material
) -> RateChange | None:
    """The rate of a feature that matters most, if one does: reference and live counts are (B,), worth `rows` live rows."""
    m, found = float(reference.sum()), None
    if not (m and rows):
        return None
    largest = 0.0
    before, after = reference / m, live / max(float(live.sum()), 1e-300)
    for at, expected, seen in [*_special(feature, before, m), *_out_of_line(feature, before, after, rows, m, material)]:
        p = float(after[at])
        deviation = abs(p - expected) / _spread(expected, p, rows, seen)
        if deviation < max(CERTAIN, largest) or max(p, expected) * rows < LEAST_ROWS:
            continue
        if _matters(criterion_of(feature, at), expected, p, material):
            largest, found = deviation, RateChange(criterion_of(feature, at), at, float(before[at]), p)
    return found


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


def _special(feature: Feature, before: Floats, rows: float) -> Iterator[tuple[int, float, float]]:
    """The special bins, each with the rate that it is compared with, the reference's, and the rows that this rests on."""
    for at in special(feature):
        yield at, float(before[at]), rows


def _out_of_line(
    feature: Feature, before: Floats, after: Floats, rows: float, m: float, material: Material
) -> Iterator[tuple[int, float, float]]:
    """The same of intervals whose rate changed as that of their neighbours did not: these say what was to be expected.

    So a value that came to repeat is told though it has no bin of its own, and so are far values that no longer come. A
    shift or a stretch takes neighbours along: it is PSI's matter. In the tails it raises rates more the farther out they
    are, so there only a fall counts.
    """
    inner = [at for at in range(1, len(feature.edges)) if not feature.is_spike(at)] if feature.ordered else []
    for place, at in enumerate(inner):
        beside = inner[max(place - 1, 0) : place] + inner[place + 1 : place + 2]
        known, now, q = float(before[beside].sum()), float(after[beside].sum()), float(before[at])
        fell, tail = float(after[at]) < q, q < TAIL * known
        if known and q and (fell or not tail) and _matters(VALUE, q, float(after[at]), material):
            yield at, q * now / known, 1 / (q / known / rows + 1 / m)


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


def _spread(q: float, p: float, rows: float, reference_rows: float) -> float:
    pooled = (q * reference_rows + p * rows) / (reference_rows + rows)
    return float(np.sqrt(max(pooled * (1 - pooled), 1e-12) * (1 / rows + 1 / reference_rows)))

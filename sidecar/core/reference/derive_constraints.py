"""Constraints from a profile: what the rows of a reference kept, with room for what other rows of the same kind would do.

The room is there because a verdict on a constraint means that something is wrong, not that it is summer: distributions are judged
by drift. Of TFDV, SageMaker and Deequ none derives an upper limit of numbers; all derive types, completeness, small domains,
and that numbers are not negative. What holds of the rows of one file by their order, `unique`, `monotone` and `pattern`, is never
derived: live rows come from many clients, and repeat.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.reference.consent import source_of
from sidecar.core.reference.constraints import ALLOWED, Constraint, ValueType
from sidecar.core.reference.profile import SideProfile
from sidecar.core.stats.bernoulli import upper_bound
from sidecar.core.words.cell_texts import plain_or_none
from sidecar.core.words.rules import Rule

ERROR = 0.01
"""Probability that any column of a side is missing more often, or has more names outside of its domain, than is derived, though
the rows of the reference are a fair sample."""
SLACK = 0.5
"""A derived range is wider than the reference's by this share of its width at each end. It does not cross zero where the
reference does not."""
COVERED = 0.9
"""A domain is derived where names in clear cover this share of the values, as in Deequ's `FractionalCategoricalRangeRule`."""
_READABLE = 10_000
_ROUNDED = 3
"""Digits of the width of a range to which its ends are rounded, outwards."""


def derive_constraints(side: SideProfile) -> tuple[Constraint, ...]:
    """One for each column that is watched, in the order of the features."""
    lows, highs = side.moments.low.tolist(), side.moments.high.tolist()
    numeric = [at for at, feature in enumerate(side.features) if feature.ordered]
    spans = {at: (low, high) for at, low, high in zip(numeric, lows, highs, strict=True) if low <= high}
    error = ERROR / (2 * max(len(side.features), 1))
    found: dict[str, Constraint] = {}
    for at, feature in enumerate(side.features):
        counts = side.counts[at].tolist()
        made = _derived(feature, counts, spans.get(at), error)
        found.setdefault(made.feature, made)
    return tuple(found.values())


def _derived(feature: Feature, counts: list[int], span: tuple[float, float] | None, error: float) -> Constraint:
    column, rows = source_of(feature), sum(counts)
    if feature.derived and feature.derived.size:
        return Constraint(column)  # a vector has a column for each number, or none
    missing = _rounded_up(upper_bound(counts[feature.missing], rows, error))
    most = missing if missing < 1 else None
    if feature.derived:
        kind = ValueType.STRING if feature.derived.kind == "text" else None
        return Constraint(column, type=kind, max_missing=most)
    if feature.kind is Kind.BOOLEAN:
        return Constraint(column, type=ValueType.BOOLEAN, max_missing=most)
    if feature.kind is Kind.NUMERIC:
        whole = feature.places == 0
        low, high = _widened(*span, whole) if span and math.isfinite(span[1] - span[0]) else (None, None)
        kind = ValueType.INTEGER if whole else ValueType.NUMBER
        return Constraint(column, type=kind, max_missing=most, min=low, max=high)
    return _of_names(feature, counts, most, error)


def _of_names(feature: Feature, counts: list[int], missing: float | None, error: float) -> Constraint:
    """Names that must not be shown are in no domain; numbers that are names come as numbers or as texts, so they have no type."""
    numbers = any(plain_or_none(name) is not None for name in feature.categories)
    kind = ValueType.STRING if feature.categories and not numbers and not feature.labelled else None
    values = sum(counts) - counts[feature.missing]
    named = sum(counts[: len(feature.categories)])
    if feature.labelled or not feature.categories or named < COVERED * values:
        return Constraint(feature.name, type=kind, max_missing=missing)
    beyond = _rounded_up(upper_bound(values - named, values, error))
    allowed = {Rule.DOMAIN: beyond} if ALLOWED < beyond < 1 else {}
    domain = feature.categories if beyond < 1 else ()
    return Constraint(feature.name, type=kind, max_missing=missing, domain=domain, allowed=allowed)


def _widened(low: float, high: float, whole: bool) -> tuple[float, float]:
    width = (high - low) or abs(low) or 1.0
    ends = list(_outward(low - SLACK * width, high + SLACK * width, width))
    if whole:
        ends = [float(math.floor(ends[0])), float(math.ceil(ends[1]))]
    return (max(ends[0], 0.0) if low >= 0 else ends[0]), (min(ends[1], 0.0) if high <= 0 and low < 0 else ends[1])


def _outward(low: float, high: float, width: float) -> Iterator[float]:
    places = _ROUNDED - 1 - math.floor(math.log10(width))
    for number, outward in ((low, -1), (high, 1)):
        near = round(number, places)
        step = 10.0**-places
        beyond = near + outward * step if (near - number) * outward < 0 else near
        yield round(beyond, places) + 0.0


def _rounded_up(share: float) -> float:
    """To four places, so that people can read it."""
    return min(1.0, math.ceil(share * _READABLE) / _READABLE)

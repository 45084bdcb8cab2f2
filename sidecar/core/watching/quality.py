"""What is wrong with the data itself: a value that is stuck, a column that is constant, numbers in another unit.

Judged against the reference: a feature that hardly varies there is never stuck. The last few numbers of each feature are kept to
recognise a unit. Verdicts are made in `verdicts`; types and missing columns are counted in `row_batches`.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from sidecar.core.binning.binner import Batch, Binner
from sidecar.core.binning.runs import RunLengths, longest_run
from sidecar.core.reference.profile import SideProfile
from sidecar.core.stats.divergence import ratios
from sidecar.core.words.arrays import Floats, Numbers

STUCK = 1e-9
"""A value is stuck once independent rows show such a run with less than this probability..."""
LEAST_RUN = 20
"""...and never before so many rows."""
RECENT = 256
"""Numbers of each feature that are kept to recognise a unit."""
UNITS = (1e-3, 1e-2, 1e-1, 10.0, 100.0, 1e3, 1 / 60, 60.0, 1 / 3600, 3600.0, 2.54, 1 / 2.54, 0.3048, 1 / 0.3048,
         1.609344, 1 / 1.609344, 0.45359237, 1 / 0.45359237)  # fmt: skip
"""Factors that are tried: powers of ten, time, lengths and weights."""
_LEAST_NUMBERS = 48
_APART = 0.25
"""Another unit moves the numbers: their median lies outside of this share and its complement of the reference's rows."""
_SHAPE = 1.63
"""Kolmogorov-Smirnov distance times the root of the numbers that the converted ones may have: 1 % exceed it by chance."""
_SPREAD = 2.5
"""Over the root of the numbers: the logarithm of the factor by which quartiles of the converted numbers may lie further apart, or
closer, than those of the reference (about two standard deviations). A change by nature moves numbers or stretches them; another
unit does both by one factor."""


class Quality:
    """One side. `violations` counts rows by (feature, kind)."""

    def __init__(self, reference: SideProfile, binner: Binner) -> None:
        self.violations: Counter[tuple[str, str]] = Counter()
        self._names = reference.names
        self._binner = binner
        self._place = {feature: at for at, feature in enumerate(binner.numeric.tolist())}
        most = ratios(reference.numbers).max(axis=1)
        self._longest = np.maximum(longest_run(most, STUCK), LEAST_RUN)
        self._runs = RunLengths(len(reference.features))
        self._recent = np.full((len(binner.numeric), RECENT), np.nan, np.float32)
        self._reference = reference
        self._has_name = np.ones(len(reference.features), np.bool_)  # of the last row's value
        last = [feature.missing if feature.ordered else feature.other for feature in reference.features]
        self._first_nameless = np.array(last)[:, None] + np.arange(len(last))[:, None] * binner.width

    def add(self, batch: Batch) -> Numbers:
        """Take rows; returns the length of the run of equal values before each (F, n)."""
        values = batch.numbers
        if len(values) < len(batch.codes):
            values = batch.codes.astype(np.float64)
            values[self._binner.numeric] = batch.numbers
        earlier, _ = self._runs.add(values)
        if (earlier.max(axis=1) + 1 > self._longest).any():
            # Names that are rare, new or missing share a bin each, and are no value that repeats.
            stuck = (earlier + 1 > self._longest[:, None]) & (batch.codes < self._first_nameless)
            self._count("stuck", stuck.sum(axis=1))
        self._has_name = batch.codes[:, -1] < self._first_nameless[:, 0]
        fresh = batch.numbers[:, -RECENT:].astype(np.float32)
        self._recent = np.concatenate([self._recent[:, fresh.shape[1] :], fresh], axis=1)
        return earlier

    def close(self, rows: int) -> None:
        """A window of `rows` rows closed."""
        constant = (self._runs.length >= rows) & (self._runs.length > self._longest) & self._has_name
        self._count("constant", np.where(constant, rows, 0))

    def units(self, feature: int, rows: int) -> float | None:
        """The factor between a feature's numbers in the last `rows` rows and the reference's, if it is one of `UNITS`.

        Numbers divided by it are distributed as the reference's own: their shape, their median and their quartiles. Undivided
        they are not, and their median is far off. A season, a growth, a drift of the mean pass none of this by chance.
        """
        at = self._place.get(feature)
        if at is None:
            return None
        recent = self._recent[at, -min(max(rows, 1), RECENT) :].astype(np.float64)
        recent = recent[np.isfinite(recent)]
        if len(recent) < _LEAST_NUMBERS:
            return None
        edges, below = _distribution(self._reference, feature)
        if len(edges) < 2 or _APART < float(np.interp(np.median(recent), edges, below)) < 1 - _APART:
            return None
        distances = {unit: _distance(recent / unit, edges, below) for unit in UNITS}
        found = min(distances, key=distances.__getitem__)
        return found if math.isfinite(distances[found]) else None

    def _count(self, kind: str, rows: Numbers) -> None:
        for at in np.flatnonzero(rows).tolist():
            self.violations[self._names[at], kind] += int(rows[at])


def _distribution(reference: SideProfile, at: int) -> tuple[Floats, Floats]:
    """The edges of a numeric feature, and the share of its values below each."""
    edges = np.array(reference.features[at].edges)
    counts = reference.numbers[at, : len(edges) + 1]
    return edges, counts[: len(edges)].cumsum() / max(float(counts.sum()), 1.0)


def _distance(numbers: Floats, edges: Floats, below: Floats) -> float:
    """How far numbers lie from a distribution that is known at its edges; infinite where they do not fit it."""
    found = np.searchsorted(np.sort(numbers), edges, side="left") / len(numbers)
    furthest = float(np.abs(found - below).max())
    expected = np.interp([0.25, 0.75], below, edges)
    width, live = float(expected[1] - expected[0]), float(np.subtract(*np.quantile(numbers, [0.75, 0.25])))
    fits = furthest * math.sqrt(len(numbers)) <= _SHAPE and width > 0 and live > 0
    return furthest if fits and abs(math.log(live / width)) < _SPREAD / math.sqrt(len(numbers)) else math.inf

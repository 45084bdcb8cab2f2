"""The contract of a measure: how far live is from reference, for all features at once. Each measure is a file in
`measures`.

A measure takes a `Pair` of count matrices and returns per feature the plain value, the value minus its mean without
drift, and a p-value that treats the reference as a sample. It is never called for a feature without rows on both sides.
This module decides, for all measures, how many rows are enough; `policy` decides what follows from a score. Null
distributions and sources: docs/math.md, "Measures and their null distributions".
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sidecar.core.stats.gamma import chi2_sf
from sidecar.core.words.arrays import Floats, Mask, Numbers
from sidecar.core.words.events import NotEnough, Score

LEAST_REFERENCE_ROWS = 30
"""With fewer reference rows there are no scores."""
LEAST_EXPECTED = 5.0
"""Bins where the smaller sample expects fewer rows are pooled before a chi-squared tail is used (Cochran's rule)."""


@dataclass(frozen=True, eq=False)
class Scale:
    """Distances along each feature of a reference; made once per reference by `geometry.scale`."""

    ordered: Mask
    """(F, B): bins in the order of their values; False for categorical features and for `missing`."""
    steps: Floats
    """(F, B): length that the upper edge of a bin represents, in robust standard deviations; 0 if not ordered."""
    rest: Mask
    """(F, B): bins of names that are tested together: rare and unseen ones, and frequent ones with few reference rows."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Reference and live counts (F, B) over the same bins."""

    reference: Floats
    live: Floats
    scale: Scale

    @functools.cached_property
    def rows(self) -> tuple[Floats, Floats]:
        """Rows (m of the reference, n live), each (F,), at least 1 to avoid division by zero."""
        return np.maximum(self.reference.sum(axis=1), 1.0), np.maximum(self.live.sum(axis=1), 1.0)

    @functools.cached_property
    def inverse_rows(self) -> Floats:
        """1/n + 1/m (F,)."""
        m, n = self.rows
        return np.asarray(1 / m + 1 / n)

    @functools.cached_property
    def occupied(self) -> Floats:
        """Bins with rows of either side (F,), at least 1."""
        return np.asarray(np.maximum(((self.reference > 0) | (self.live > 0)).sum(axis=1), 1.0))

    @functools.cached_property
    def pooled(self) -> tuple[Floats, Floats]:
        """Reference and live counts with sparse bins pooled, each (F, B + 1).

        The choice of bins must not depend on the difference between the samples. Categories are pooled by the sum of
        both samples: given the total of a bin, its split is hypergeometric without drift. Ordered bins are cut at
        quantiles of the reference, whose counts are thus fixed, so the reference alone decides, and neighbours are
        pooled.
        """
        m, n = self.rows
        smaller = np.minimum(m, n)
        by_reference = _neighbours(self.reference * (smaller / m)[:, None])
        by_both = _sparse((self.reference + self.live) * (smaller / (m + n))[:, None], self.scale.rest)
        home = np.where(np.asarray(self.scale.ordered.any(axis=1))[:, None], by_reference, by_both)
        return _pool(self.reference, home), _pool(self.live, home)

    @functools.cached_property
    def pooled_bins(self) -> Floats:
        """Pooled bins with any rows (F,)."""
        reference, live = self.pooled
        return np.asarray(((reference + live) > 0).sum(axis=1).astype(np.float64))

    @functools.cached_property
    def per_bin(self) -> tuple[Floats, Floats]:
        """1 / expected rows without drift, of reference and live, in each pooled bin (F, B + 1); 0 for empty bins."""
        m, n = self.rows
        both = self.pooled[0] + self.pooled[1]
        inverse = np.divide((m + n)[:, None], both, out=np.zeros_like(both), where=both > 0)
        return inverse / m[:, None], inverse / n[:, None]

    @functools.cached_property
    def cut_excess(self) -> Floats:
        """Excess of the mean of a chi-squared statistic over its degrees of freedom df, relative to df (F,), due to
        bins cut at quantiles.

        The reference has a fixed number k of rows in such a bin, and the true share is distributed around it like
        Gamma(k), so E (share - k/m)^2 / share exceeds 1/m by the relative amount 1/k. Close to 0 for a large reference.
        """
        v, u = self.per_bin
        excess = np.divide(v * v, u + v, out=np.zeros_like(v), where=v > 0).sum(axis=1)
        return np.asarray(excess / np.maximum(self.pooled_bins - 1, 1.0))

    def chi2_tail(self, distance: Floats, excess: Floats | float = 0.0) -> Floats:
        """The p-value (F,) of a distance of the pooled counts that is, to second order, sum (p - q)^2 / r with r the
        share of both.

        Without drift nm/(n+m) times the distance is chi-squared with one degree of freedom less than bins, after
        division by 1 + `cut_excess` + `excess`, the latter being the fourth-order term relative to df.
        """
        statistic = distance / self.inverse_rows / (1 + self.cut_excess + excess)
        return chi2_sf(statistic, self.pooled_bins - 1)

    def mean_fourth_order(self, squares: float, product: float) -> Floats:
        """The fourth-order term of the mean of a statistic, relative to df (F,): the sum over bins of
        (squares (u^2 + v^2) - product uv) / (u + v), with u and v as 1 / expected rows of live and reference.
        """
        v, u = self.per_bin
        terms = squares * (u * u + v * v) - product * u * v
        excess = np.divide(terms, u + v, out=np.zeros_like(u), where=u > 0)
        return np.asarray(excess.sum(axis=1) / np.maximum(self.pooled_bins - 1, 1.0))

    @functools.cached_property
    def ordered_rows(self) -> tuple[Floats, Floats]:
        """Rows of reference and live in ordered bins, each (F,): without missing values."""
        ordered = self.scale.ordered
        return np.where(ordered, self.reference, 0.0).sum(axis=1), np.where(ordered, self.live, 0.0).sum(axis=1)

    @functools.cached_property
    def shares(self) -> tuple[Floats, Floats, Floats]:
        """Cumulative shares of reference, live and both together at the upper edge of each ordered bin, each (F, B)."""
        m, n = (np.maximum(rows, 1.0)[:, None] for rows in self.ordered_rows)
        below_m = np.where(self.scale.ordered, self.reference, 0.0).cumsum(axis=1)
        below_n = np.where(self.scale.ordered, self.live, 0.0).cumsum(axis=1)
        return below_m / m, below_n / n, (below_m + below_n) / (m + n)

    @functools.cached_property
    def inverse_ordered_rows(self) -> Floats:
        """1/n + 1/m (F,) over rows in ordered bins."""
        m, n = self.ordered_rows
        return np.asarray(1 / np.maximum(m, 1.0) + 1 / np.maximum(n, 1.0))

    @functools.cached_property
    def resolution(self) -> Floats:
        """The share of one reference row (F,)."""
        return np.asarray(1 / (self.ordered_rows[0] + 1))


@dataclass(frozen=True, eq=False)
class Measured:
    """Figures as in `Score`, each (F,)."""

    value: Floats
    debiased: Floats
    p_value: Floats


class Measure(Protocol):
    """A distance of live from reference; 0 where they are equal."""

    name: str
    """Label value `measure`."""
    title: str
    """What reports call it."""
    ordered_only: bool
    """It needs ordered bins, so it has no scores for categorical features."""

    def __call__(self, pair: Pair) -> Measured:
        """Measure all features at once. Finite for any counts, also empty ones."""


class AllScores:
    """The scores of all features as arrays, since a value for each score would take ten times their memory."""

    def __init__(self, measures: Sequence[Measure], pair: Pair, least_rows: int) -> None:
        """Below `least_rows` live rows, no feature has any."""
        self._least_rows = least_rows
        self._ordered = np.asarray(pair.scale.ordered.any(axis=1))
        self._rows = np.array([(pair.reference.sum(axis=1), pair.live.sum(axis=1)), pair.ordered_rows], np.int64)
        self._measures = tuple((measure.name, measure.ordered_only) for measure in measures)
        measured = [measure(pair) for measure in measures]
        self._figures = np.array([(one.value, one.debiased, one.p_value) for one in measured])

    def of(self, feature: int) -> dict[str, Score | NotEnough]:
        """The score of a feature by each measure that applies, or NotEnough, by the measures' names."""
        found: dict[str, Score | NotEnough] = {}
        figures = self._figures[:, :, feature].tolist()
        for (name, ordered_only), (value, debiased, p) in zip(self._measures, figures, strict=True):
            if not ordered_only or self._ordered[feature]:
                m, n = self._rows[int(ordered_only), :, feature].tolist()
                found[name] = _refusal(n, m, self._least_rows) or Score(value, debiased, p, n)
        return found


def _refusal(n: int, m: int, least_rows: int) -> NotEnough | None:
    if n < least_rows:
        return NotEnough(f"{n} rows, {least_rows} needed", n)
    if m < LEAST_REFERENCE_ROWS:
        return NotEnough(f"{m} rows in the reference, {LEAST_REFERENCE_ROWS} needed", n)
    return None


def _neighbours(expected: Floats) -> Numbers:
    """The group of each bin (F, B), so that each group of neighbours expects enough rows; the rest at the end joins the
    last group.
    """
    home = np.zeros(expected.shape, np.int64)
    group = np.zeros(len(expected), np.int64)
    gathered = np.zeros(len(expected))
    for at in range(expected.shape[1]):
        gathered += expected[:, at]
        home[:, at] = group
        full = gathered >= LEAST_EXPECTED
        group += full
        gathered = np.where(full, 0.0, gathered)
    return np.minimum(home, np.maximum(group - 1, 0)[:, None])


def _sparse(expected: Floats, rest: Mask) -> Numbers:
    """The group of each bin (F, B), with sparse bins and those of `rest` pooled in an additional bin B."""
    pooled = (expected < LEAST_EXPECTED) | rest
    gathered = np.where(pooled, expected, 0.0).sum(axis=1)
    # A pool that is sparse itself joins the smallest bin that is not.
    smallest = np.where(pooled, np.inf, expected).argmin(axis=1)
    pool = np.where(gathered < LEAST_EXPECTED, smallest, expected.shape[1])
    return np.where(pooled, pool[:, None], np.arange(expected.shape[1]))


def _pool(counts: Floats, home: Numbers) -> Floats:
    """Counts by group (F, B + 1)."""
    features, bins = counts.shape
    flat = home + (np.arange(features) * (bins + 1))[:, None]
    pooled = np.bincount(flat.ravel(), counts.ravel(), features * (bins + 1))
    return np.asarray(pooled.reshape(features, bins + 1), np.float64)

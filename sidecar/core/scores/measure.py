"""The contract of a measure: how far live is from reference, for all features at once. Each is a file in `measures`.

A measure takes a `Pair` of count matrices and returns one figure a feature: the plain value, the value without what it
comes to when nothing drifts, and a p-value that treats the reference as a sample. It is never asked about a feature
without rows on both sides. What is enough to say anything is decided here, once for all measures; what follows from a
score is decided by `policy`.
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
"""With fewer rows a reference says nothing that one could differ from."""
LEAST_EXPECTED = 5.0
"""Bins where the smaller sample expects fewer rows are pooled before a chi-squared tail is used (Cochran's rule)."""


@dataclass(frozen=True, eq=False)
class Scale:
    """What a reference says about distances along each feature; made once per reference by `geometry.scale`."""

    ordered: Mask
    """(F, B): bins that lie in order; all False for categorical features, and False for `missing`."""
    steps: Floats
    """(F, B): length that the upper edge of a bin stands for, in robust standard deviations; 0 where not ordered."""
    rest: Mask
    """(F, B): bins of names that stand for more than the reference could tell apart: rare and unseen ones, and those that were
    chosen for being frequent with few rows. They are tested together."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Reference and live counts (F, B) over the same bins."""

    reference: Floats
    live: Floats
    scale: Scale

    @functools.cached_property
    def rows(self) -> tuple[Floats, Floats]:
        """Rows (m of the reference, n live) per feature, at least 1 so that they can divide."""
        return np.maximum(self.reference.sum(axis=1), 1.0), np.maximum(self.live.sum(axis=1), 1.0)

    @functools.cached_property
    def inverse_rows(self) -> Floats:
        """1/n + 1/m per feature."""
        m, n = self.rows
        return np.asarray(1 / m + 1 / n)

    @functools.cached_property
    def occupied(self) -> Floats:
        """Bins per feature that hold any row of either side; at least 1."""
        return np.asarray(np.maximum(((self.reference > 0) | (self.live > 0)).sum(axis=1), 1.0))

    @functools.cached_property
    def pooled(self) -> tuple[Floats, Floats]:
        """Both count matrices with sparse bins pooled (F, B + 1).

        Which bins are must tell nothing about the difference of the samples. For categories it is decided by both together:
        given the total of a bin, its split is hypergeometric when nothing drifts. Ordered bins are cut at quantiles of the
        reference, whose counts are thus fixed, and decide alone; neighbours are pooled there.
        """
        m, n = self.rows
        smaller = np.minimum(m, n)
        by_reference = _neighbours(self.reference * (smaller / m)[:, None])
        by_both = _sparse((self.reference + self.live) * (smaller / (m + n))[:, None], self.scale.rest)
        home = np.where(np.asarray(self.scale.ordered.any(axis=1))[:, None], by_reference, by_both)
        return _pool(self.reference, home), _pool(self.live, home)

    @functools.cached_property
    def pooled_bins(self) -> Floats:
        """How many pooled bins hold any row."""
        reference, live = self.pooled
        return np.asarray(((reference + live) > 0).sum(axis=1).astype(np.float64))

    @functools.cached_property
    def per_bin(self) -> tuple[Floats, Floats]:
        """1 / expected rows (reference, live) of each pooled bin, if nothing drifts; 0 for empty ones."""
        m, n = self.rows
        both = self.pooled[0] + self.pooled[1]
        inverse = np.divide((m + n)[:, None], both, out=np.zeros_like(both), where=both > 0)
        return inverse / m[:, None], inverse / n[:, None]

    @functools.cached_property
    def cut_excess(self) -> Floats:
        """How much larger than its degrees of freedom a chi-squared statistic is since bins are cut at quantiles.

        The reference holds a fixed number k of rows in such a bin and the true share is Gamma(k)-like around it, so that
        E (share - k/m)^2 / share exceeds 1/m by 1/k. Relative to df; 0 where the reference is large.
        """
        v, u = self.per_bin
        excess = np.divide(v * v, u + v, out=np.zeros_like(v), where=v > 0).sum(axis=1)
        return np.asarray(excess / np.maximum(self.pooled_bins - 1, 1.0))

    def chi2_tail(self, distance: Floats, excess: Floats | float = 0.0) -> Floats:
        """The p-value of a distance of the pooled counts that is, to second order, sum (p - q)^2 / r.

        When nothing drifts nm/(n+m) times it is chi-squared with a degree of freedom for each bin but one, but for what the
        cuts add (`cut_excess`) and what else the fourth order does (`excess`, relative to df).
        """
        statistic = distance / self.inverse_rows / (1 + self.cut_excess + excess)
        return chi2_sf(statistic, self.pooled_bins - 1)

    def mean_fourth_order(self, squares: float, product: float) -> Floats:
        """What the fourth order adds to the mean of a statistic, relative to df, where each bin adds
        (squares (u^2 + v^2) - product uv) / (u + v), with u and v as 1 / expected rows of live and reference.
        """
        v, u = self.per_bin
        terms = squares * (u * u + v * v) - product * u * v
        excess = np.divide(terms, u + v, out=np.zeros_like(u), where=u > 0)
        return np.asarray(excess.sum(axis=1) / np.maximum(self.pooled_bins - 1, 1.0))

    @functools.cached_property
    def ordered_rows(self) -> tuple[Floats, Floats]:
        """Rows of reference and live with a value in an ordered bin: missing ones are left out."""
        ordered = self.scale.ordered
        return np.where(ordered, self.reference, 0.0).sum(axis=1), np.where(ordered, self.live, 0.0).sum(axis=1)

    @functools.cached_property
    def shares(self) -> tuple[Floats, Floats, Floats]:
        """Cumulated shares (reference, live, both together) at the upper edge of each ordered bin."""
        m, n = (np.maximum(rows, 1.0)[:, None] for rows in self.ordered_rows)
        below_m = np.where(self.scale.ordered, self.reference, 0.0).cumsum(axis=1)
        below_n = np.where(self.scale.ordered, self.live, 0.0).cumsum(axis=1)
        return below_m / m, below_n / n, (below_m + below_n) / (m + n)

    @functools.cached_property
    def inverse_ordered_rows(self) -> Floats:
        """1/n + 1/m per feature, rows with missing values left out."""
        m, n = self.ordered_rows
        return np.asarray(1 / np.maximum(m, 1.0) + 1 / np.maximum(n, 1.0))

    @functools.cached_property
    def resolution(self) -> Floats:
        """The share that one row of the reference stands for."""
        return np.asarray(1 / (self.ordered_rows[0] + 1))


@dataclass(frozen=True, eq=False)
class Measured:
    """One figure per feature, as in `Score`."""

    value: Floats
    debiased: Floats
    p_value: Floats


class Measure(Protocol):
    """One way to say how far live is from reference; 0 where they are equal."""

    name: str
    """Label value `measure`."""
    ordered_only: bool
    """It needs bins in order, so it says nothing of categorical features."""

    def __call__(self, pair: Pair) -> Measured:
        """All features at once. Finite for any counts, whatever is empty."""


def scores(measures: Sequence[Measure], pair: Pair, least_rows: int) -> list[dict[str, Score | NotEnough]]:
    """For each feature what each measure says; a measure that does not apply to a feature is left out."""
    applies = np.asarray(pair.scale.ordered.any(axis=1)).tolist()
    counted = pair.reference.sum(axis=1), pair.live.sum(axis=1)
    result: list[dict[str, Score | NotEnough]] = [{} for _ in applies]
    for measure in measures:
        reference, live = pair.ordered_rows if measure.ordered_only else counted
        measured = measure(pair)
        figures = zip(measured.value.tolist(), measured.debiased.tolist(), measured.p_value.tolist(), strict=True)
        rows = zip(live.tolist(), reference.tolist(), strict=True)
        for at, ((value, debiased, p), (n, m)) in enumerate(zip(figures, rows, strict=True)):
            if applies[at] or not measure.ordered_only:
                refusal = _refusal(int(n), int(m), least_rows)
                result[at][measure.name] = refusal or Score(value, debiased, p, int(n))
    return result


def _refusal(n: int, m: int, least_rows: int) -> NotEnough | None:
    if n < least_rows:
        return NotEnough(f"{n} rows, {least_rows} needed", n)
    if m < LEAST_REFERENCE_ROWS:
        return NotEnough(f"{m} rows in the reference, {LEAST_REFERENCE_ROWS} needed", n)
    return None


def _neighbours(expected: Floats) -> Numbers:
    """Where bins go so that each group of neighbours expects enough rows; what is left over at the end joins the last."""
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
    """Where bins go so that sparse ones, and those of `rest`, are one; the pool has the bin at the end."""
    pooled = (expected < LEAST_EXPECTED) | rest
    gathered = np.where(pooled, expected, 0.0).sum(axis=1)
    # If the pool itself is sparse, it goes to the smallest bin that is not.
    smallest = np.where(pooled, np.inf, expected).argmin(axis=1)
    pool = np.where(gathered < LEAST_EXPECTED, smallest, expected.shape[1])
    return np.where(pooled, pool[:, None], np.arange(expected.shape[1]))


def _pool(counts: Floats, home: Numbers) -> Floats:
    """Counts with each bin moved to its home (F, B + 1)."""
    features, bins = counts.shape
    flat = home + (np.arange(features) * (bins + 1))[:, None]
    pooled = np.bincount(flat.ravel(), counts.ravel(), features * (bins + 1))
    return np.asarray(pooled.reshape(features, bins + 1), np.float64)

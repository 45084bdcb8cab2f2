"""Distributions to draw references and live counts from, with the exact probability of each bin.

Live counts of any number of rows are drawn at once, by multinomial from the bins' probabilities, so that half a million rows cost
no more than fifty; references are drawn row by row, since their bins are cut at their own quantiles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from sidecar.core.binning.binner import Binner
from sidecar.core.binning.bins import Feature
from sidecar.core.binning.cuts import cut_categorical, cut_numeric, expect_unseen
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.profile import SideProfile
from sidecar.core.words.arrays import Floats

Rng = np.random.Generator


@dataclass(frozen=True)
class Numeric:
    """`draw` rows; `below` is P(X < x)."""

    draw: Callable[[Rng, int], Floats]
    below: Callable[[Floats], Floats]

    def reference(self, rng: Rng, rows: int) -> tuple[Feature, Floats, Floats]:
        """A reference: its feature, its counts, and the true probability of each bin."""
        values = self.draw(rng, rows)
        feature = cut_numeric("x", values)
        edges = np.array(feature.edges)
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=feature.bins)
        shares = np.diff(np.concatenate([[0.0], self.below(edges), [1.0]]))
        return feature, counts.astype(np.float64), np.append(shares, 0.0)


@dataclass(frozen=True)
class Categories:
    """Names with these probabilities."""

    shares: Floats

    def reference(self, rng: Rng, rows: int) -> tuple[Feature, Floats, Floats]:
        """As `Numeric.reference`."""
        drawn = rng.multinomial(rows, self.shares)
        names = {f"c{at:03}": int(count) for at, count in enumerate(drawn) if count}
        feature = cut_categorical("x", names, complete=True)
        binner = Binner([feature])
        bins = binner.bins_of_names(0, [f"c{at:03}" for at in range(len(self.shares))])
        counts, shares = np.zeros(feature.bins), np.zeros(feature.bins)
        np.add.at(counts, bins, drawn)
        np.add.at(shares, bins, self.shares)
        expect_unseen(feature, names, counts)
        return feature, counts, shares


Family = Numeric | Categories


def _spike(rng: Rng, rows: int) -> Floats:
    return np.where(rng.random(rows) < 0.4, 0.0, rng.exponential(size=rows))


def _spike_below(x: Floats) -> Floats:
    return np.where(x > 0, 0.4 + 0.6 * -np.expm1(-np.maximum(x, 0.0)), 0.0)


def _zipf(categories: int) -> Floats:
    shares = 1 / np.arange(1, categories + 1)
    return np.asarray(shares / shares.sum())


FAMILIES: dict[str, Family] = {
    "normal": Numeric(lambda rng, rows: rng.normal(size=rows), stats.norm.cdf),
    "log-normal": Numeric(lambda rng, rows: rng.lognormal(size=rows), lambda x: stats.lognorm.cdf(x, 1.0)),
    "integers with ties": Numeric(
        lambda rng, rows: rng.poisson(12.0, rows).astype(np.float64), lambda x: stats.poisson.cdf(np.ceil(x) - 1, 12.0)
    ),
    "spike mixture": Numeric(_spike, _spike_below),
    "5 categories": Categories(np.array([0.4, 0.3, 0.15, 0.1, 0.05])),
    "200 Zipf categories": Categories(_zipf(200)),
}


def references(family: Family, rng: Rng, rows: int, times: int) -> tuple[SideProfile, Floats]:
    """So many references as features of one profile, and the true probabilities of their bins (times, B)."""
    drawn = [family.reference(rng, rows) for _ in range(times)]
    features = tuple(feature for feature, _, _ in drawn)
    width = max(feature.bins for feature in features)
    counts, shares = np.zeros((times, width)), np.zeros((times, width))
    for at, (feature, of_reference, true) in enumerate(drawn):
        counts[at, : feature.bins] = of_reference
        shares[at, : feature.bins] = true
    moments = Moments.empty(sum(feature.ordered for feature in features))
    return SideProfile(features, counts.astype(np.int64), moments), shares


def live(rng: Rng, shares: Floats, rows: int) -> Floats:
    """Counts of so many live rows for each feature (times, B)."""
    return rng.multinomial(rows, shares / shares.sum(axis=1, keepdims=True)).astype(np.float64)

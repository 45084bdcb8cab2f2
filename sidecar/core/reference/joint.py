"""What a reference knows of features together: mean products of their rank scores, in twos and in threes.

A `Joint` can be merged over windows, pods and days, as profiles can. The scores are made by `rank_scores`;
`scores.joint_drift` compares live rows with it. Derivation: docs/math.md, "Relations between features".
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sidecar.core.binning.rank_scores import RankedRows
from sidecar.core.words.arrays import Floats, Numbers

TRIPLED = 16
"""Features, the first ones, that are taken in threes: 560 triples."""
_PART_ROWS = 1 << 13


@dataclass(frozen=True, eq=False)
class Products:
    """Of so many products of scores: the mean (P,) and the mean square (P,) over the rows."""

    mean: Floats
    square: Floats

    def merge(self, other: Products, share: float) -> Products:
        """Both together, `share` being the other's part of the rows."""
        mean = self.mean + share * (other.mean - self.mean)
        return Products(mean, self.square + share * (other.square - self.square))


@dataclass(frozen=True, eq=False)
class Joint:
    """Over `rows` rows: products of two scores, of the upper triangle of (K, K) row by row; products of three first scores of
    features i < j < k; and the largest absolute value of each score (K,). A score that does not vary is 0 throughout.
    """

    rows: int
    pairs: Products
    triples: Products
    largest: Floats

    def merge(self, other: Joint) -> Joint:
        """Both together: means weighted by rows, which assumes rows of one population."""
        share = other.rows / max(self.rows + other.rows, 1)
        pairs, triples = self.pairs.merge(other.pairs, share), self.triples.merge(other.triples, share)
        return Joint(self.rows + other.rows, pairs, triples, np.maximum(self.largest, other.largest))


def joint_of(rows: RankedRows) -> Joint:
    """The products of these rows."""
    z = rows.scores()
    first = z[: min(len(z) // 2, TRIPLED)]
    largest = np.abs(z).max(axis=1, initial=0.0)
    return Joint(rows.count, _pairs(z), _triples(first), largest)


@functools.cache
def triples(features: int) -> tuple[Numbers, Numbers, Numbers]:
    """The three features of each product of three, among so many."""
    chosen = np.array(list(itertools.combinations(range(features), 3)), np.int64).reshape(-1, 3)
    return chosen[:, 0], chosen[:, 1], chosen[:, 2]


def _pairs(z: Floats) -> Products:
    upper, count = np.triu_indices(len(z)), max(z.shape[1], 1)
    sums = np.zeros((2, len(z), len(z)))
    for part in _parts(z):
        square = part * part
        sums += (part @ part.T, square @ square.T)
    mean, mean_square = sums / count
    return Products(mean[upper], mean_square[upper])


def _triples(z: Floats) -> Products:
    """By one product of matrices: all twos (T, n) with all ones (f, n), of which each triple is taken once."""
    count = max(z.shape[1], 1)
    i, j, k = triples(len(z))
    twos, of_triple = np.unique(i * len(z) + j, return_inverse=True)
    a, b = np.divmod(twos, max(len(z), 1))
    sums = np.zeros((2, len(twos), len(z)))
    for part in _parts(z):
        both = part[a] * part[b]
        sums += (both @ part.T, (both**2) @ (part**2).T)
    mean, mean_square = sums / count
    return Products(mean[of_triple, k], mean_square[of_triple, k])


def _parts(z: Floats) -> Iterator[Floats]:
    """The rows in parts: the twos of sixteen features in one part are 8 MB, and of all rows they were 200 MB."""
    return (z[:, start : start + _PART_ROWS] for start in range(0, z.shape[1], _PART_ROWS))

"""What the rows of a message are worth: all where they are independent, one where they are alike."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sidecar.core.evidence.clusters import Clusters
from sidecar.core.words.arrays import Floats, Numbers

Q = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.3, 0.2, 0.0], [0.4, 0.4, 0.1, 0.1]])
RANKS = np.array([[-1.5, -0.5, 0.5, 1.0], [0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0]])
ROWS = 500


def counts(rng: np.random.Generator, shares: Floats = Q, rows: int = ROWS) -> Numbers:
    return np.array([rng.multinomial(rows, row) for row in shares])


class Naive:
    """A feature and a bin at a time."""

    def __init__(self) -> None:
        self.mean = Q.tolist()
        self.weight, self.messages = 1.0, 0.0
        self.scatter = [[0.0, 0.0] for _ in Q]  # of bins and of ranks, by feature

    def worth(self, rows: int) -> list[float]:
        if self.messages < 1:
            return [1 / rows] * len(Q)
        k = round(self.messages)
        upper = [max(two) / self.messages * k / float(stats.chi2.ppf(0.02, k)) for two in self.scatter]
        return [1 / min(max(one, 1.0), rows) for one in upper]

    def add(self, counted: list[list[int]]) -> None:
        kept = math.exp(-1 / 64)
        for f, of_bins in enumerate(counted):
            n = sum(of_bins)
            share = [count / n for count in of_bins]
            mean = self.mean[f]
            bins = [b for b in range(4) if mean[b] > 0]
            pearson = sum((share[b] - mean[b]) ** 2 / mean[b] for b in bins) / max(len(bins) - 1, 1)
            ranks = RANKS[f].tolist()
            centre = sum(m * r for m, r in zip(mean, ranks, strict=True))
            variance = sum(m * r * r for m, r in zip(mean, ranks, strict=True)) - centre**2
            moved = sum((s - m) * r for s, m, r in zip(share, mean, ranks, strict=True))
            of_rank = moved**2 / variance if variance > 0 else 0.0
            for kind, found in enumerate((pearson, of_rank)):
                self.scatter[f][kind] = self.scatter[f][kind] * kept + found * n / (1 + 1 / self.weight)
            total = self.weight * kept + 1
            self.mean[f] = [(m * self.weight * kept + s) / total for m, s in zip(mean, share, strict=True)]
        self.messages = self.messages * kept + 1
        self.weight = self.weight * kept + 1


@pytest.mark.parametrize("alike", [0.0, 0.02, 0.5])
def test_the_worth_of_a_row_is_what_loops_over_messages_and_bins_make_it(alike: float) -> None:
    rng = np.random.default_rng(1)
    real, naive = Clusters(Q, RANKS), Naive()
    for _ in range(40):
        rows = int(rng.integers(16, 900))
        assert real.worth(rows) == pytest.approx(naive.worth(rows), rel=1e-6)
        shares = np.array([rng.dirichlet(row / alike + 1e-9) if alike else row for row in Q])
        counted = counts(rng, shares, rows)
        real.add(counted)
        naive.add(counted.tolist())


def test_the_first_message_counts_as_one_row_whatever_is_in_it() -> None:
    assert Clusters(Q, RANKS).worth(ROWS).tolist() == [1 / ROWS] * len(Q)
    assert Clusters(Q, RANKS).worth(20).tolist() == [1 / 20] * len(Q)


def test_two_messages_of_the_same_kind_do_not_pass_for_independent_rows() -> None:
    clusters = Clusters(Q, RANKS)
    alike = np.zeros(Q.shape, np.int64)
    alike[:, 2] = ROWS
    for _ in range(2):
        clusters.add(alike)
        assert clusters.worth(ROWS).max() < 5 / ROWS


def test_rows_that_are_independent_are_soon_worth_most_of_a_row() -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(100):
        clusters = Clusters(Q, RANKS)
        for _ in range(60):
            clusters.add(counts(rng))
        found.append(clusters.worth(ROWS))

    assert np.mean(found) > 0.4


def test_a_message_of_one_kind_is_worth_little_more_than_a_row() -> None:
    rng = np.random.default_rng(4)
    clusters = Clusters(Q, RANKS)
    for _ in range(60):
        kind = rng.choice(4, p=Q[0])
        alike = counts(rng)
        alike[0] = np.where(np.arange(4) == kind, ROWS, 0)
        clusters.add(alike)

    assert clusters.worth(ROWS)[0] < 2 / ROWS
    assert clusters.worth(ROWS)[1] > 0.3, "the other feature is independent"


def test_a_shift_that_all_messages_share_is_no_dependence() -> None:
    rng = np.random.default_rng(5)
    clusters = Clusters(Q, RANKS)
    for _ in range(300):
        clusters.add(counts(rng, Q[:, ::-1].copy() * 0.5 + 0.125))

    assert clusters.worth(ROWS).min() > 0.3


def test_no_message_is_worth_less_than_a_row() -> None:
    clusters = Clusters(Q, RANKS)
    for kind in (0, 3, 0, 3):
        alike = np.zeros(Q.shape, np.int64)
        alike[:, kind] = ROWS
        clusters.add(alike)

    assert clusters.worth(30).min() >= 1 / 30

"""G, the likelihood ratio test of homogeneity, and the distance that it tests: G (1/n + 1/m), which does not grow with the rows.

G is twice the sum of the relative entropies of p and q from the share of both samples together, weighted by their rows. The
statistic has Williams' correction (Sokal & Rohlf, Biometry, 17.4), without which it is liberal where few rows are expected in a
bin.
"""

from __future__ import annotations

import numpy as np

from sidecar.core.scores.measure import Measured, Pair
from sidecar.core.words.arrays import Floats


class GTest:
    """Over all bins, `missing` included."""

    name = "g_test"
    title = "G"
    ordered_only = False

    def __call__(self, pair: Pair) -> Measured:
        """See `Measure`."""
        value = _statistic(pair.reference, pair.live) * pair.inverse_rows
        expected = (pair.occupied - 1) * pair.inverse_rows
        distance = _statistic(*pair.pooled) / _williams(pair) * pair.inverse_rows
        return Measured(value, np.maximum(value - expected, 0.0), pair.chi2_tail(distance))


def _statistic(reference: Floats, live: Floats) -> Floats:
    m, n = reference.sum(axis=1, keepdims=True), live.sum(axis=1, keepdims=True)
    both = (reference + live) / np.maximum(m + n, 1.0)
    parts = _entropy(reference, m * both) + _entropy(live, n * both)
    return np.asarray(np.maximum(2 * parts, 0.0))


def _entropy(counts: Floats, expected: Floats) -> Floats:
    ratio = np.divide(counts, expected, out=np.ones_like(counts), where=counts > 0)
    return np.asarray((counts * np.log(ratio)).sum(axis=1))


def _williams(pair: Pair) -> Floats:
    m, n = pair.rows
    total = m + n
    both = pair.pooled[0] + pair.pooled[1]
    bins = np.divide(total[:, None], both, out=np.zeros_like(both), where=both > 0).sum(axis=1) - 1
    return np.asarray(1 + (total / m + total / n - 1) * bins / (6 * total * np.maximum(pair.pooled_bins - 1, 1.0)))

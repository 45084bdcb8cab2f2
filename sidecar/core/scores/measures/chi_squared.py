"""Chi-squared test of homogeneity, and the distance that it tests: sum (p - q)^2 / r, with r the share of both samples together.

The value does not grow with the rows; the test statistic is nm/(n+m) times the value.
"""

from __future__ import annotations

import numpy as np

from sidecar.core.scores.measure import Measured, Pair
from sidecar.core.stats.divergence import ratios
from sidecar.core.words.arrays import Floats


class ChiSquared:
    """Over all bins, `missing` included."""

    name = "chi_squared"
    title = "Chi-squared"
    ordered_only = False

    def __call__(self, pair: Pair) -> Measured:
        """See `Measure`."""
        value = _distance(pair.reference, pair.live)
        expected = (pair.occupied - 1) * pair.inverse_rows
        return Measured(value, np.maximum(value - expected, 0.0), pair.chi2_tail(_distance(*pair.pooled)))


def _distance(reference: Floats, live: Floats) -> Floats:
    both = ratios(reference + live)
    difference = (ratios(live) - ratios(reference)) ** 2
    return np.asarray(np.divide(difference, both, out=np.zeros_like(both), where=both > 0).sum(axis=1))

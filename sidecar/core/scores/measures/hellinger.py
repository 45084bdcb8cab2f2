"""Hellinger distance: sqrt(1 - sum sqrt(p q)), from 0 (equal) to 1 (disjoint).

For small differences 8 nm/(n+m) times its square is chi-squared with B - 1 degrees of freedom, as in `jensen_shannon`.
Where few rows are expected in a bin, the fourth-order terms enlarge mean and variance, so the statistic is divided by 1
+ twice their relative contribution to the mean.
"""

from __future__ import annotations

import numpy as np

from sidecar.core.scores.measure import Measured, Pair
from sidecar.core.stats.divergence import ratios
from sidecar.core.words.arrays import Floats


class Hellinger:
    """Over all bins, `missing` included."""

    name = "hellinger"
    title = "Hellinger"
    ordered_only = False

    def __call__(self, pair: Pair) -> Measured:
        """See `Measure`."""
        square = _square(pair.reference, pair.live)
        expected = (pair.occupied - 1) * pair.inverse_rows / 8
        # From 4 (sqrt(1 + a) - sqrt(1 + b))^2 with a and b the relative errors of both shares, to the fourth order, and the
        # moments of Poisson counts.
        p_value = pair.chi2_tail(8 * _square(*pair.pooled), 2 * pair.mean_fourth_order(7 / 16, 1 / 8))
        return Measured(np.sqrt(square), np.sqrt(np.maximum(square - expected, 0.0)), p_value)


def _square(reference: Floats, live: Floats) -> Floats:
    return np.asarray(((np.sqrt(ratios(live)) - np.sqrt(ratios(reference))) ** 2).sum(axis=1) / 2)

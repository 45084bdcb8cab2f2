"""Jensen-Shannon distance: the square root of the divergence in bits, from 0 (equal) to 1 (disjoint).

For small differences 8 nm/(n+m) times the divergence in nats is chi-squared with B - 1 degrees of freedom: to second
order it is an eighth of PSI and of the chi-squared distance. That gives its mean without drift, and the p-value. Where
few rows are expected in a bin, the fourth-order terms enlarge mean and variance, so the statistic is divided by 1 +
twice their relative contribution to the mean.
"""

from __future__ import annotations

import math

import numpy as np

from sidecar.core.scores.measure import Measured, Pair
from sidecar.core.stats.divergence import ratios
from sidecar.core.words.arrays import Floats

_LN2 = math.log(2)


class JensenShannon:
    """Over all bins, `missing` included."""

    name = "jensen_shannon"
    title = "Jensen-Shannon"
    ordered_only = False

    def __call__(self, pair: Pair) -> Measured:
        """See `Measure`."""
        divergence = _divergence(pair.reference, pair.live)
        expected = (pair.occupied - 1) * pair.inverse_rows / 8
        # From 8 JS = r (D^2 (1 - s + s^2) + D^4 / 24) with D and s difference and mean of the relative errors of both shares, and
        # the moments of Poisson counts.
        p_value = pair.chi2_tail(8 * _divergence(*pair.pooled), 2 * pair.mean_fourth_order(3 / 8, 1 / 4))
        debiased = np.maximum(divergence - expected, 0.0)
        return Measured(np.sqrt(divergence / _LN2), np.sqrt(debiased / _LN2), p_value)


def _divergence(reference: Floats, live: Floats) -> Floats:
    """In nats."""
    q, p = ratios(reference), ratios(live)
    middle = (p + q) / 2
    return np.asarray(np.maximum((_relative(p, middle) + _relative(q, middle)) / 2, 0.0))


def _relative(p: Floats, middle: Floats) -> Floats:
    ratio = np.divide(p, middle, out=np.ones_like(p), where=p > 0)
    return np.asarray((p * np.log(ratio)).sum(axis=1))

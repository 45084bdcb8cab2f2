"""Population stability index: the symmetric Kullback-Leibler divergence, sum (p - q) ln(p / q), in nats.

Bins that are empty on one side get a pseudo-count (`stats.divergence`). Without drift nm/(n+m) PSI is chi-squared with
B - 1 degrees of freedom, so its mean (B - 1)(1/n + 1/m) is subtracted. The p-value is that of the pooled bins.
"""

from __future__ import annotations

import numpy as np

from sidecar.core.scores.measure import Measured, Pair
from sidecar.core.stats.divergence import null_psi, psi


class Psi:
    """The index over all bins, `missing` included."""

    name = "psi"
    title = "PSI"
    ordered_only = False

    def __call__(self, pair: Pair) -> Measured:
        """See `Measure`."""
        value = psi(pair.reference, pair.live)
        expected = null_psi(pair.reference, pair.live, pair.live.sum(axis=1))
        return Measured(value, np.maximum(value - expected, 0.0), pair.chi2_tail(psi(*pair.pooled)))

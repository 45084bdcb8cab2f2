"""Kolmogorov-Smirnov distance: the largest difference of the two distribution functions at the edges of the bins.

Missing values are left out. On bins the difference can only be smaller than on single values, so the asymptotic
two-sample p-value is conservative. The mean without drift is 0.8687 sqrt(1/n + 1/m).
"""

from __future__ import annotations

import numpy as np

from sidecar.core.scores.measure import Measured, Pair
from sidecar.core.stats.kolmogorov import MEAN, kolmogorov_sf


class KolmogorovSmirnov:
    """Over the ordered bins of numeric features."""

    name = "kolmogorov_smirnov"
    title = "Kolmogorov-Smirnov"
    ordered_only = True

    def __call__(self, pair: Pair) -> Measured:
        """See `Measure`."""
        reference, live, _ = pair.shares
        value = np.abs(live - reference).max(axis=1)
        spread = np.sqrt(pair.inverse_ordered_rows)
        return Measured(value, np.maximum(value - MEAN * spread, 0.0), kolmogorov_sf(value / spread))

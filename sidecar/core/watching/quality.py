"""What is wrong with the data itself: a value that is stuck, a column that is constant, numbers in another unit.

Judged against the reference: a feature that hardly varies there is never stuck. The last few numbers of each feature are kept to
recognise a unit. Verdicts are made in `verdicts`; types and missing columns are counted in `row_batches`.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from sidecar.core.binning.binner import Batch, Binner
from sidecar.core.binning.runs import RunLengths, longest_run
from sidecar.core.reference.profile import SideProfile
from sidecar.core.stats.divergence import ratios
from sidecar.core.words.arrays import Floats, Numbers

STUCK = 1e-9
"""A value is stuck once independent rows show such a run with less than this probability..."""
LEAST_RUN = 20
"""...and never before so many rows."""
RECENT = 64
"""Numbers of each feature that are kept to recognise a unit."""
UNITS = (1e-3, 1e-2, 1e-1, 10.0, 100.0, 1e3, 1 / 60, 60.0, 1 / 3600, 3600.0, 2.54, 1 / 2.54, 0.3048, 1 / 0.3048,
         1.609344, 1 / 1.609344, 0.45359237, 1 / 0.45359237)  # fmt: skip
"""Factors that are tried: powers of ten, time, lengths and weights."""
_CLEAR = 4.0
"""A unit is reported if converted numbers are within this many standard deviations below the reference's mean log
share, and those as sent more than twice as many."""
_LEAST_NUMBERS = 50


class Quality:
    """One side. `violations` counts rows by (feature, kind); `shares` (F, B) are those of `null_hypothesis`, which are
    above 0.
    """

    def __init__(self, reference: SideProfile, binner: Binner, shares: Floats) -> None:
        self.violations: Counter[tuple[str, str]] = Counter()
        self._names = reference.names
        self._binner = binner
        self._place = {feature: at for at, feature in enumerate(binner.numeric.tolist())}
        most = ratios(reference.numbers).max(axis=1)
        self._longest = np.maximum(longest_run(most, STUCK), LEAST_RUN)
        self._runs = RunLengths(len(reference.features))
        self._recent = np.full((len(binner.numeric), RECENT), np.nan)
        weights = shares[binner.numeric]
        self._log_shares = np.log(np.where(weights > 0, weights, 1.0))
        self._expected = (weights * self._log_shares).sum(axis=1)
        self._spread = np.sqrt(np.maximum((weights * self._log_shares**2).sum(axis=1) - self._expected**2, 1e-12))

    def add(self, batch: Batch) -> Numbers:
        """Take rows; returns the length of the run of equal values before each (F, n)."""
        values = batch.codes.astype(np.float64)
        values[self._binner.numeric] = batch.numbers
        earlier, _ = self._runs.add(values)
        stuck = earlier + 1 > self._longest[:, None]
        if stuck.any():
            self._count("stuck", stuck.sum(axis=1))
        self._recent = np.concatenate([self._recent, batch.numbers[:, -RECENT:]], axis=1)[:, -RECENT:].copy()
        return earlier

    def close(self, rows: int) -> None:
        """A window of `rows` rows closed."""
        constant = (self._runs.length >= rows) & (self._runs.length > self._longest)
        self._count("constant", np.where(constant, rows, 0))

    def units(self, feature: int) -> float | None:
        """The factor between recent numbers of a feature and the reference's, if it is one of `UNITS`; else None.

        Numbers divided by it fit the reference's bins as its own rows do, and undivided they do not.
        """
        at = self._place.get(feature)
        if at is None:
            return None
        recent = self._recent[at][np.isfinite(self._recent[at])]
        if len(recent) < _LEAST_NUMBERS:
            return None
        fits = {unit: self._fit(at, recent / unit) for unit in (1.0, *UNITS)}
        best = max(fits, key=lambda unit: fits[unit])
        fits_unit = best != 1.0 and fits[best] > -_CLEAR and fits[1.0] < -2 * _CLEAR
        return best if fits_unit else None

    def _fit(self, at: int, numbers: Floats) -> float:
        """Mean log share of the numbers' bins, standardised by its mean and standard deviation under the reference."""
        edges = self._binner.features[int(self._binner.numeric[at])].edges
        found = self._log_shares[at][np.searchsorted(edges, numbers, side="right")].mean()
        return float((found - self._expected[at]) / self._spread[at] * np.sqrt(len(numbers)))

    def _count(self, kind: str, rows: Numbers) -> None:
        for at in np.flatnonzero(rows).tolist():
            self.violations[self._names[at], kind] += int(rows[at])

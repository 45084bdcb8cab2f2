"""What is wrong with the data itself: a value that is stuck, a column that is constant, numbers in another unit.

Judged against the reference: a feature that hardly varies there is never stuck. Keeps a few recent numbers of each feature, from
which a unit is told. It counts and finds; verdicts are `verdicts`' business, types and missing columns `row_batches`'.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from sidecar.core.binning.binner import Batch, Binner
from sidecar.core.binning.runs import RunLengths, credible
from sidecar.core.reference.profile import SideProfile
from sidecar.core.stats.divergence import ratios
from sidecar.core.words.arrays import Floats, Numbers

STUCK = 1e-9
"""A value is stuck once independent rows would show such a run with less than this probability..."""
LEAST_RUN = 20
"""...and never before so many rows."""
RECENT = 64
"""Numbers of each feature that are kept to tell a unit by."""
UNITS = (1e-3, 1e-2, 1e-1, 10.0, 100.0, 1e3, 1 / 60, 60.0, 1 / 3600, 3600.0, 2.54, 1 / 2.54, 0.3048, 1 / 0.3048,
         1.609344, 1 / 1.609344, 0.45359237, 1 / 0.45359237)  # fmt: skip
"""Factors that are looked for: powers of ten, time, lengths and weights."""
_SURE = 4.0
"""Standard deviations by which the rows as they came must miss what the reference expects, and converted ones must not."""
_LEAST_NUMBERS = 50


class Quality:
    """One side. `violations` counts rows by (feature, kind); `shares` (F, B) are those of `null_hypothesis`, so none is 0."""

    def __init__(self, reference: SideProfile, binner: Binner, shares: Floats) -> None:
        self.violations: Counter[tuple[str, str]] = Counter()
        self._names = reference.names
        self._binner = binner
        self._place = {feature: at for at, feature in enumerate(binner.numeric.tolist())}
        most = ratios(reference.numbers).max(axis=1)
        self._longest = np.maximum(credible(most, STUCK), LEAST_RUN)
        self._runs = RunLengths(len(reference.features))
        self._recent = np.full((len(binner.numeric), RECENT), np.nan)
        weights = shares[binner.numeric]
        self._log_shares = np.log(np.where(weights > 0, weights, 1.0))
        self._expected = (weights * self._log_shares).sum(axis=1)
        self._spread = np.sqrt(np.maximum((weights * self._log_shares**2).sum(axis=1) - self._expected**2, 1e-12))

    def add(self, batch: Batch) -> Numbers:
        """Take rows; how many equal values in a row came before each (F, n)."""
        values = batch.codes.astype(np.float64)
        values[self._binner.numeric] = batch.numbers
        earlier, _ = self._runs.add(values)
        stuck = earlier + 1 > self._longest[:, None]
        if stuck.any():
            self._count("stuck", stuck.sum(axis=1))
        self._recent = np.concatenate([self._recent, batch.numbers[:, -RECENT:]], axis=1)[:, -RECENT:].copy()
        return earlier

    def close(self, rows: int) -> None:
        """A window of so many rows closed."""
        constant = (self._runs.length >= rows) & (self._runs.length > self._longest)
        self._count("constant", np.where(constant, rows, 0))

    def units(self, feature: int) -> float | None:
        """The factor by which recent numbers of a feature are larger than the reference's, if it is one of `UNITS`.

        Numbers divided by it fit the reference's bins as well as its own rows do, and as they came they do not.
        """
        at = self._place.get(feature)
        if at is None:
            return None
        recent = self._recent[at][np.isfinite(self._recent[at])]
        if len(recent) < _LEAST_NUMBERS:
            return None
        fits = {unit: self._fit(at, recent / unit) for unit in (1.0, *UNITS)}
        best = max(fits, key=lambda unit: fits[unit])
        told = best != 1.0 and fits[best] > -_SURE and fits[1.0] < -2 * _SURE
        return best if told else None

    def _fit(self, at: int, numbers: Floats) -> float:
        """How many standard deviations the mean log share of the numbers' bins is above what the reference expects."""
        edges = self._binner.features[int(self._binner.numeric[at])].edges
        found = self._log_shares[at][np.searchsorted(edges, numbers, side="right")].mean()
        return float((found - self._expected[at]) / self._spread[at] * np.sqrt(len(numbers)))

    def _count(self, kind: str, rows: Numbers) -> None:
        for at in np.flatnonzero(rows).tolist():
            self.violations[self._names[at], kind] += int(rows[at])

"""Sequential evidence that live differs from the reference: an e-detector per feature, all features at once.

For each of three memories (32, 256 and 2,048 rows) the shares of the live bins are estimated by an exponentially weighted
mean, and each further block of rows is bet on with them. A bet is a factor a row, 1 + k h(bin), whose mean under the
reference is 1. Two directions h are tried: the whole difference (live - q) / q, and for numeric features its smooth part, a
polynomial in the rank (`basis`), which learns a shift from far fewer rows. Both are e-values for *every* distribution P within
a ball around q, not for q alone: by Cauchy and Schwarz E_P[h] <= radius |h| where |h|^2 = sum q h^2, so the factor is divided
by 1 + k radius |h|. The radius is what the reference can be wrong by, being a sample, plus `drift.tolerance`. So that they
stay e-values, bets are made before the rows are seen. k is the one that makes the evidence grow most, to second order, if
live is what it is estimated to be, 1 - radius / |h| and never below 0, times the trust that the estimate has earned.

The logarithms are summed up as CUSUM does, but begin anew only where a block does: s <- max(0, s) + log factors of the
block. exp(s) is at most the Shiryaev-Roberts sum over all blocks that a bet may have begun with, and the mean of that, when
nothing drifts, is at most the number of blocks so far. So the mean number of blocks until it first reaches c is at least
c, and as a block that counts as one beginning has `BLOCK_ROWS` rows (a smaller one counts as so much of one), the mean
number of rows is at least c BLOCK_ROWS. The same holds for a mean of such detectors, over memories and directions and over
features: an alarm at budget times features / BLOCK_ROWS keeps the budget (Shin, Ramdas & Rinaldo, "E-detectors", 2023). What
follows from evidence is `policy`'s to say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sidecar.core.basis import smooth_basis
from sidecar.core.profile import SideProfile
from sidecar.core.stats.divergence import null_psi, psi
from sidecar.core.stats.gamma import chi2_isf

Floats = NDArray[np.float64]

MEMORIES = (32.0, 256.0, 2048.0)
"""Rows after which the weight of a row has fallen to 1/e."""
BLOCK_ROWS = 16
"""Rows of a block that counts as one beginning of a bet; larger blocks count as one too, which is less than they might."""
TRAIL = 2.0
"""Evidence (natural logarithm) from which on a detector remembers as long as the longest does. The change it follows began
about when its evidence did, so what it has seen since is all of one kind, and the more of it the better the bet."""
PRIOR_ROWS = 20.0
"""What is estimated from n rows is trusted as n / (n + PRIOR_ROWS), as if so many rows had come from the reference before.
Chosen on simulated shifts and on the car-loan data: 10 to 40 hardly differ."""
PSEUDO_COUNT = 2.0
"""Added to each bin of the reference: no bin is impossible. With 2 the chi-squared tail holds for the radius, by simulation of
normal references of 100 to 10,000 rows; with 1 it is passed ten times too often, since bins may be empty by chance."""
REFERENCE_DOUBT = 1e-3
"""Probability, per feature, that the reference's own sampling error is larger than the radius allows for."""
LARGEST = 40 * np.log(10.0)
"""Evidence is cut off at 40 decades; what comes later must not wait for more to be taken back."""
_SURE = 0.95
"""No bet puts more than this share of what there is on one outcome."""


class Evidence:
    """The detectors of all features of one side."""

    def __init__(self, reference: SideProfile, mask: NDArray[np.bool_], tolerance: float) -> None:
        features, width = mask.shape
        rows = np.maximum(reference.rows, 1)
        bins = mask.sum(axis=1)
        padded = np.where(mask, reference.counts + PSEUDO_COUNT, 0.0)
        self._reference = reference.counts.astype(np.float64)
        self._q = padded / padded.sum(axis=1, keepdims=True)
        self._inverse_q = np.divide(1.0, self._q, out=np.zeros_like(self._q), where=mask)
        self._basis = smooth_basis(reference.features, self._q)
        self._freedom = np.array([bins - 1, np.abs(self._basis).any(axis=2).sum(axis=1)])[:, None, :]
        # Per direction, memory and feature: (2, 1, F).
        self.radius = _radius(self._freedom[:, 0], rows, reference.rows > 0, tolerance)[:, None, :]
        self._log_shares = _log_shares(self._freedom[1, 0] > 0)
        self._memory = np.array(MEMORIES)
        shape = (len(MEMORIES), features)
        self._weights = np.zeros((*shape, width))
        self._total = np.zeros(shape)
        self._squares = np.zeros(shape)
        self._sums = np.zeros((2 * len(MEMORIES), features))

    def update(self, counts: NDArray[np.int64], rows: int) -> None:
        """Judge one block of rows, counted by feature and bin, by the bets; then learn from it."""
        gains = np.einsum("dsfb,fb->dsf", self.bets(), counts).reshape(self._sums.shape)
        beginning = min(np.log(rows / BLOCK_ROWS), 0.0)
        self._sums = np.minimum(np.maximum(self._sums, beginning) + gains, LARGEST)
        self._learn(counts, rows)

    def log10(self) -> Floats:
        """The evidence of each feature: log10 of the mean of its detectors."""
        weighted = self._sums + self._log_shares
        top = weighted.max(axis=0)
        return np.asarray((top + np.log(np.exp(weighted - top).sum(axis=0))) / np.log(10.0))

    def effect(self, features: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
        """For some features: debiased PSI over recent rows, how many these are, and the live counts they stand for (f, B).

        Recent is the memory whose detector has most evidence. Rows of weights w stand for (sum w)^2 / sum w^2 rows of equal
        weight (Kish's effective sample size), which is never more than there were.
        """
        best = self._sums[:, features].argmax(axis=0) % len(MEMORIES)
        rows = self._effective_rows()[best, features]
        weights = self._weights[best, features]
        live = weights * (rows / np.maximum(self._total[best, features], 1e-300))[:, None]
        reference = self._reference[features]
        debiased = np.maximum(psi(reference, live) - null_psi(reference, live, rows), 0.0)
        return np.where(rows > 0, debiased, 0.0), rows, live

    def reset(self, features: NDArray[np.int64]) -> None:
        """Begin anew for some features; allowed at any time that does not look ahead."""
        self._weights[:, features] = 0
        self._total[:, features] = 0
        self._squares[:, features] = 0
        self._sums[:, features] = 0

    def bets(self) -> Floats:
        """What the next block is bet on: the logarithm of each bin's factor, per direction, memory and feature (2, S, F, B)."""
        total = np.maximum(self._total, 1e-300)
        difference = np.where(self._total[:, :, None] > 0, self._weights / total[:, :, None] - self._q, 0.0)
        whole = difference * self._inverse_q
        along = np.einsum("sfb,fkb->sfk", difference, self._basis)
        smooth = np.einsum("sfk,fkb->sfb", along, self._basis)
        square = np.array([np.einsum("sfb,sfb->sf", difference, whole), np.einsum("sfk,sfk->sf", along, along)])
        length = np.sqrt(square)
        rows = self._effective_rows()
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share = np.maximum(np.nan_to_num(1 - self.radius / length, nan=0.0, neginf=0.0), 0.0)
        share *= rows / (rows + PRIOR_ROWS)
        directions = np.array([whole, smooth])
        deepest = np.maximum(-directions.min(axis=3), 1e-300)
        share = np.minimum(share, _SURE / deepest)
        cost = np.log1p(share * self.radius * length)
        return np.asarray(np.log1p(share[:, :, :, None] * directions) - cost[:, :, :, None])

    def _effective_rows(self) -> Floats:
        return np.asarray(self._total**2 / np.maximum(self._squares, 1e-300))

    def _learn(self, counts: NDArray[np.int64], rows: int) -> None:
        """Let old rows fade and add the new ones. A detector that is on a trail lets nothing fade that belongs to it."""
        trail = self._sums.reshape(2, len(MEMORIES), -1).max(axis=0) > TRAIL
        left = np.exp(-rows / np.where(trail, MEMORIES[-1], self._memory[:, None]))
        self._weights *= left[:, :, None]
        self._weights += counts
        self._total = self._total * left + rows
        self._squares = self._squares * left**2 + rows


def _radius(freedom: Floats, rows: NDArray[np.int64], known: NDArray[np.bool_], tolerance: float) -> Floats:
    """Chi distance within which no evidence is gathered, per direction and feature; infinite without a reference."""
    doubt = np.array([[chi2_isf(REFERENCE_DOUBT, int(df)) for df in of_direction] for of_direction in freedom])
    return np.where(known, np.sqrt(doubt / rows) + tolerance, np.inf)


def _log_shares(smooth: NDArray[np.bool_]) -> Floats:
    """Logarithm of each detector's part in the mean; features without a smooth direction have half the detectors."""
    memories = len(MEMORIES)
    half = np.where(smooth, -np.log(2 * memories), -np.log(memories))
    none = np.where(smooth, half, -np.inf)
    return np.repeat(np.array([half, none]), memories, axis=0)

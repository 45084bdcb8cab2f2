"""Population stability index on matrices of counts, with its value under no drift.

Shared by the PSI measure and by the evidence, which report the same effect over different rows. Rows of a matrix are
features, columns are bins; a bin that neither side has ever filled takes no part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PSEUDO_COUNT = 0.5
"""Added to each occupied bin of both sides, so that an empty bin does not make the index infinite."""


def smoothed(counts: Floats, occupied: NDArray[np.bool_]) -> Floats:
    """Shares per feature with `PSEUDO_COUNT` added to each occupied bin; 0 in all other bins."""
    padded = np.where(occupied, counts + PSEUDO_COUNT, 0.0)
    return np.asarray(padded / np.maximum(padded.sum(axis=-1, keepdims=True), 1e-300))


def psi(reference: Floats, live: Floats) -> Floats:
    """Sum over bins of (p - q) ln(p / q), in nats, per feature; 0 for equal counts and for no counts."""
    occupied = (reference > 0) | (live > 0)
    p = smoothed(live, occupied)
    q = smoothed(reference, occupied)
    ratio = np.divide(p, q, out=np.ones_like(p), where=occupied)
    return np.asarray(((p - q) * np.log(ratio)).sum(axis=-1))


def null_psi(reference: Floats, live: Floats, live_rows: Floats) -> Floats:
    """(B - 1)(1/n + 1/m): what PSI comes to when nothing drifts, with B the bins that hold any row of either side.

    From nm/(n+m) PSI ~ chi-squared(B - 1) (Yurdakul & Naranjo, 2020). `live_rows` is given apart because live counts
    may be weighted. 0 where either side has no rows.
    """
    bins = ((reference > 0) | (live > 0)).sum(axis=-1)
    m = reference.sum(axis=-1)
    inverse = 1 / np.maximum(live_rows, 1e-300) + 1 / np.maximum(m, 1e-300)
    return np.where((live_rows > 0) & (m > 0), np.maximum(bins - 1, 0) * inverse, 0.0)

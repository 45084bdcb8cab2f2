"""Shares and the population stability index on matrices of counts, with its value under no drift.

Shared by the measures, and by the effect that verdicts rest on. Rows of a matrix are
features, columns are bins; a bin that neither side has ever filled takes no part.
"""

from __future__ import annotations

import numpy as np

from sidecar.core.words.arrays import Floats, Mask

PSEUDO_COUNT = 0.5
"""Added to each occupied bin of both sides, so that an empty bin does not make the index infinite."""

LEAST_SHARE = 0.001
"""Shares below this are as good as nothing to whoever asks whether a change matters."""
_NONE = 1e-300


def ratios(counts: Floats) -> Floats:
    """Shares of each row of a matrix; 0 where it is empty."""
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), _NONE))


def smoothed(counts: Floats, occupied: Mask) -> Floats:
    """Shares per feature with `PSEUDO_COUNT` added to each occupied bin; 0 in all other bins."""
    padded = np.where(occupied, counts + PSEUDO_COUNT, 0.0)
    return np.asarray(padded / np.maximum(padded.sum(axis=-1, keepdims=True), _NONE))


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
    inverse = 1 / np.maximum(live_rows, _NONE) + 1 / np.maximum(m, _NONE)
    return np.where((live_rows > 0) & (m > 0), np.maximum(bins - 1, 0) * inverse, 0.0)


def effect(reference: Floats, live: Floats, live_rows: Floats) -> Floats:
    """How much of a change there is, per feature: PSI over shares floored at `LEAST_SHARE`, less what chance comes to.

    PSI grows with the logarithm of how rare a bin was: 0.7 % of rows in a bin that was empty add 0.05 by themselves, so that
    a new top code in a census counts as a population that changed. With the floor they add 0.015, and 5 % of the rows 0.2.
    Below 0 where there is less of it than chance brings on the mean; 0 where either side has no rows. `live_rows` is given
    apart because live counts may be weighted.
    """
    m = reference.sum(axis=-1)
    known = (live_rows > 0) & (m > 0)
    occupied = (reference > 0) | (live > 0)
    q = np.where(occupied, reference / np.maximum(m, _NONE)[..., None] + LEAST_SHARE, 1.0)
    p = np.where(occupied, live / np.maximum(live.sum(axis=-1), _NONE)[..., None] + LEAST_SHARE, 1.0)
    plain = ((p - q) * np.log(p / q)).sum(axis=-1)
    inverse = 1 / np.maximum(live_rows, _NONE) + 1 / np.maximum(m, _NONE)
    # To second order it is sum (p - q)^2 / (q + floor), and (p - q)^2 is q (1 - q)(1/n + 1/m) on the mean.
    share = q - LEAST_SHARE
    chance = np.where(occupied, share * (1 - share) / q, 0.0).sum(axis=-1) * inverse
    return np.where(known, plain - chance, 0.0)

"""Shares and the population stability index of matrices of counts, and what they come to without drift.

Used by the measures and by the effect that verdicts rest on. Matrices are (F, B); bins that are empty on both sides are left out.
"""

from __future__ import annotations

import numpy as np

from sidecar.core.words.arrays import Floats, Mask

PSEUDO_COUNT = 0.5
"""Added to each occupied bin of both sides, so that an empty bin does not make the index infinite."""

LEAST_SHARE = 0.001
"""Added to the shares of an effect: smaller shares do not matter to whoever asks whether a change does."""
_NONE = 1e-300
"""Avoids division by zero."""


def ratios(counts: Floats) -> Floats:
    """Shares (F, B) of counts (F, B); 0 for a feature without rows."""
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), _NONE))


def smoothed(counts: Floats, occupied: Mask) -> Floats:
    """Shares (..., B) with `PSEUDO_COUNT` added to each occupied bin; 0 in all other bins."""
    padded = np.where(occupied, counts + PSEUDO_COUNT, 0.0)
    return np.asarray(padded / np.maximum(padded.sum(axis=-1, keepdims=True), _NONE))


def psi(reference: Floats, live: Floats) -> Floats:
    """Sum (p - q) ln(p / q) over bins, in nats, per feature; 0 for equal counts and for no counts."""
    occupied = (reference > 0) | (live > 0)
    p = smoothed(live, occupied)
    q = smoothed(reference, occupied)
    ratio = np.divide(p, q, out=np.ones_like(p), where=occupied)
    return np.asarray(((p - q) * np.log(ratio)).sum(axis=-1))


def null_psi(reference: Floats, live: Floats, live_rows: Floats) -> Floats:
    """(B - 1)(1/n + 1/m): the expected PSI without drift, with B the bins that hold rows of either side.

    From nm/(n+m) PSI ~ chi-squared(B - 1) (Yurdakul & Naranjo, 2020). `live_rows` is an argument because live counts may be
    weighted. 0 where either side has no rows.
    """
    bins = ((reference > 0) | (live > 0)).sum(axis=-1)
    m = reference.sum(axis=-1)
    inverse = 1 / np.maximum(live_rows, _NONE) + 1 / np.maximum(m, _NONE)
    return np.where((live_rows > 0) & (m > 0), np.maximum(bins - 1, 0) * inverse, 0.0)


def effect(reference: Floats, live: Floats, live_rows: Floats) -> Floats:
    """The size of a change, per feature: PSI over shares + `LEAST_SHARE`, minus its expected value without drift.

    PSI grows with the logarithm of how rare a bin was. 0.7 % of the rows in a bin that was empty add 0.05, so that a
    new top code in a census would count as a population that changed. With the floor they add 0.015, and 5 % of the
    rows add 0.2. The effect is below 0 where there is less change than chance makes on average, and 0 where either side
    has no rows. `live_rows` is an argument because live counts may be weighted.
    """
    m = reference.sum(axis=-1)
    known = (live_rows > 0) & (m > 0)
    occupied = (reference > 0) | (live > 0)
    q = np.where(occupied, reference / np.maximum(m, _NONE)[..., None] + LEAST_SHARE, 1.0)
    p = np.where(occupied, live / np.maximum(live.sum(axis=-1), _NONE)[..., None] + LEAST_SHARE, 1.0)
    plain = ((p - q) * np.log(p / q)).sum(axis=-1)
    inverse = 1 / np.maximum(live_rows, _NONE) + 1 / np.maximum(m, _NONE)
    # To second order it is sum (p - q)^2 / (q + floor), and E(p - q)^2 = q (1 - q)(1/n + 1/m) without drift.
    share = q - LEAST_SHARE
    chance = np.where(occupied, share * (1 - share) / q, 0.0).sum(axis=-1) * inverse
    return np.where(known, plain - chance, 0.0)

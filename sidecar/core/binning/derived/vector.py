"""Embeddings, images and other tensors: norm, mean, share of zeros, and direction.

The direction x/|x| is projected on fixed random directions of +-1. Each projection has mean around zero and standard
deviation about one, whatever the dimension. A cloud of vectors that shifts, rotates, or gets a new cluster changes
them.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from sidecar.core.binning.derivation import PROJECTIONS, signs
from sidecar.core.words.arrays import Floats

_CHUNK = 1 << 18
"""Numbers processed at once: 2 MB."""
_BITS = 2.0**16


class Vector:
    """Reads (rows, size) of any numeric type. A row with a missing or infinite value has only missing parts."""

    name = "vector"
    parts = ("norm", "mean", "zeros", *(f"p{at}" for at in range(PROJECTIONS)))
    wide = True

    def derive(self, values: Any) -> Floats:
        """See `Derivation`. Norm and mean are rounded to 16 bits, since normalised vectors differ in the last bits of
        their norm.
        """
        rows, size = values.shape
        found = np.empty((len(self.parts), rows))
        step = max(1, _CHUNK // max(size, 1))
        for start in range(0, rows, step):
            found[:, start : start + step] = _parts(np.asarray(values[start : start + step], np.float64))
        return found


def _parts(x: Floats) -> Floats:
    with np.errstate(all="ignore"):  # overflow and division by zero give NaN, which is missing
        largest = np.abs(x).max(axis=1)
        unit = x / np.where(largest > 0, largest, 1.0)[:, None]  # so that no square overflows
        length = np.sqrt(np.einsum("ij,ij->i", unit, unit))
        views = (unit @ _directions(x.shape[1])) / length[:, None]
        mean = unit.mean(axis=1) * largest
        found = np.vstack([_rounded(length * largest), _rounded(mean), (x == 0).mean(axis=1), views.T])
    found[:, ~np.isfinite(largest)] = np.nan
    return found


def _rounded(numbers: Floats) -> Floats:
    mantissa, exponent = np.frexp(numbers)
    return np.asarray(np.ldexp(np.round(mantissa * _BITS) / _BITS, exponent))


@functools.lru_cache(maxsize=8)
def _directions(size: int) -> Floats:
    """The directions (size, PROJECTIONS)."""
    return signs(np.arange(1, size + 1, dtype=np.uint64))

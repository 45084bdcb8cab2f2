"""The contract of a derivation: a column that no bins suit becomes a few numbers. One file each in
`core/binning/derived`.

The result depends on the values and the size alone, never on a seed, the process or other rows, so that the reference
and every live row are measured alike. `infer` decides which columns are derived, and `derive` does it.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sidecar.core.stats.splitmix import splitmix64
from sidecar.core.words.arrays import Floats

PROJECTIONS = 8
"""Fixed random directions on which a vector, or the words of a text, are projected."""


class Derivation(Protocol):
    """One kind of value that is neither number nor category."""

    name: str
    """Its name in `--kind`."""
    parts: tuple[str, ...]
    """Names of the numbers: column `x` becomes features `x.{part}`."""
    wide: bool
    """Whether it reads a matrix (rows, size) of numbers instead of a list of cells."""

    def derive(self, values: Any) -> Floats:
        """The parts of each row (parts, rows), NaN for rows without a value."""


def signs(keys: NDArray[np.uint64]) -> Floats:
    """`PROJECTIONS` fixed signs per key, as (keys, PROJECTIONS) of -1 and 1.

    The product of a vector with one column is a random projection (Achlioptas, 2003: signs work as well as normal numbers).
    """
    bits = (splitmix64(keys)[:, None] >> np.arange(PROJECTIONS, dtype=np.uint64)) & np.uint64(1)
    return 2.0 * bits.astype(np.float64) - 1.0

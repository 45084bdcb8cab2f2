"""The contract of a derivation: columns that no bins suit become a few numbers each. One file each in `core/binning/derived`.

What is derived depends on the values and the size alone, never on a seed, the process or the rows around, so that the
reference and every live row are measured with the same rod. Which columns are derived is `infer`'s to say, and done by
`derive`.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sidecar.core.stats.splitmix import splitmix64
from sidecar.core.words.arrays import Floats

PROJECTIONS = 8
"""Fixed random directions that a vector, or the words of a text, are seen from."""


class Derivation(Protocol):
    """One ordinary kind of value that is no number and no category."""

    name: str
    """What `--kind` calls it."""
    parts: tuple[str, ...]
    """The numbers it becomes: column `x` becomes features `x.` and a part."""
    wide: bool
    """It reads a matrix (rows, size) of numbers, not a list of cells."""

    def derive(self, values: Any) -> Floats:
        """The parts of each row: (parts, rows), NaN where a row has no value."""


def signs(keys: NDArray[np.uint64]) -> Floats:
    """`PROJECTIONS` fixed signs of each key, as (keys, PROJECTIONS) of -1 and 1.

    A vector's product with one column is a random projection (Achlioptas 2003: signs do as well as normal numbers).
    """
    bits = (splitmix64(keys)[:, None] >> np.arange(PROJECTIONS, dtype=np.uint64)) & np.uint64(1)
    return 2.0 * bits.astype(np.float64) - 1.0

"""The types of numpy arrays that pass between rooms. Shapes are given where they are used, in these letters:

F features, B bins (padded to the widest feature), n live rows, m reference rows, S memories of evidence, F' features whose
pairs are compared, K = 2F' rank scores. Modules that use other letters define them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
"""What is kept for every bin of every feature and need not be exact to more than seven digits."""
Counts = NDArray[np.int64]
"""Counts of rows, (F, B) unless stated otherwise."""
AnyCounts = NDArray[np.integer[Any]]
"""The same in a smaller type, where many are kept."""
Codes = NDArray[np.int64]
"""Flat bin numbers, `feature * B + bin` (F, n)."""
Bins = NDArray[np.uint8]
"""Bin numbers within a feature, where many rows are kept: no feature has more than 200 bins."""
Numbers = NDArray[np.int64]
"""Positions, lengths, or the numbers of features or segments."""
Mask = NDArray[np.bool_]

"""The types of numpy arrays that pass between rooms. Shapes are said where they are used.

F counts features, B bins (padded to the widest feature), n rows, K rank scores, F' the features that take part in pairs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
"""Rows counted, by feature and bin (F, B) where nothing else is said."""
Codes = NDArray[np.int64]
"""Flat bin numbers, `feature * B + bin` (F, n)."""
Numbers = NDArray[np.int64]
"""Positions, lengths, or the numbers of features or segments."""
Mask = NDArray[np.bool_]

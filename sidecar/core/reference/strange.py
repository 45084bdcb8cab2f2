"""When a reference does not describe rows: which bins hold values that it knows nothing of, and how many of them are too many.

One rule for live traffic (`watching.mismatch`) and for files (`scores.comparison`). Why a cell is missing is not in the bins: who
read the rows knows whether a column was absent or of another type.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sidecar.core.binning.bins import Feature
from sidecar.core.words.arrays import AnyCounts, Floats, Mask

NEARLY_ALL = 0.95
"""A reference does not describe a feature if at least this share of its cells are unseen, of another type or absent..."""
ORDINARY = 0.5
"""...unless more than this share of its own rows are in the same bins..."""
DECADES = 9.0
"""...and so many messages agree, that the reference's own share would give them by chance once in 10^9 times."""


def strange_bins(feature: Feature) -> tuple[int, ...]:
    """The bins of values that the reference does not have. Where its rare names are too many to be known, they share a bin with
    unseen ones; names that are labels nobody has the key of are never strange.
    """
    if feature.ordered:
        return ()
    unknown = () if feature.rare_complete or feature.labelled else (feature.other,)
    return (*unknown, feature.unseen)


def strange_mask(features: Sequence[Feature], width: int) -> Mask:
    """`strange_bins` of all features (F, B)."""
    mask = np.zeros((len(features), width), np.bool_)
    for at, feature in enumerate(features):
        mask[at, list(strange_bins(feature))] = True
    return mask


def missing_mask(features: Sequence[Feature], width: int) -> Mask:
    """The bin of missing values of each feature (F, B)."""
    return np.asarray(np.arange(width) == np.array([[feature.missing] for feature in features]).reshape(-1, 1))


def ordinary_share(reference: Floats, mask: Mask) -> Floats:
    """The share of the reference's rows in these bins (F,), from counts (F, B); at least that of one row."""
    rows = np.maximum(reference.sum(axis=1), 1.0)
    return np.asarray(np.maximum((reference * mask).sum(axis=1), 1.0) / rows)


def is_strange(bad: Floats, rows: Floats, ordinary: Floats, messages: Floats | float = math.inf) -> Mask:
    """Whether `bad` of `rows` rows are too many (F,), where the reference itself has the share `ordinary`."""
    agree = messages * -np.log10(np.minimum(ordinary, 1.0 - 1e-9)) >= DECADES
    return np.asarray((rows > 0) & (bad >= NEARLY_ALL * rows) & (ordinary <= ORDINARY) & agree)


def rows_in(counts: Floats | AnyCounts, mask: Mask) -> Floats:
    """Rows (F,) of counts (F, B) in these bins."""
    return np.asarray((counts * mask).sum(axis=1), np.float64)

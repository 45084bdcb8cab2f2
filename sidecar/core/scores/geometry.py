"""Distances along the ordered features of a reference, for the measures that need them.

One unit is a robust standard deviation of the reference, so that features can be compared and a constant one is safe.
"""

from __future__ import annotations

import numpy as np

from sidecar.core.binning.bins import Feature
from sidecar.core.reference.profile import SideProfile
from sidecar.core.scores.measure import Scale
from sidecar.core.words.arrays import Floats, Mask, Numbers

_IQR_OF_NORMAL = 1.349
LEAST_CHOSEN = 25
"""Rows of the reference below which a category that has a bin for being frequent is tested together with the rare ones: what
passed a threshold did so partly by chance, and has fewer rows in live on the mean."""
_MOST = 10.0
"""Units that one bin may be wide: in a long tail, a single row would else outweigh all others."""
_TAILS_OF_NORMAL = 4.653
"""Distance of the 1 % and 99 % quantiles of a normal distribution, in standard deviations."""


def scale(reference: SideProfile) -> Scale:
    """Which bins lie in order, and what length each of their edges stands for.

    The area between two distribution functions is summed by the trapezoid rule over the edges. What lies beyond the
    range of the reference counts as one unit beyond it, since bins do not tell how far out it is.
    """
    shape = reference.counts.shape
    ordered = np.zeros(shape, np.bool_)
    steps = np.zeros(shape)
    rest = np.zeros(shape, np.bool_)
    for at, feature in enumerate(reference.features):
        if feature.ordered:
            ordered[at, : feature.missing] = True
            edges = np.array(feature.edges)
            if len(edges):
                steps[at, : len(edges)] = _steps(edges, reference.counts[at, : feature.missing])
        else:
            rest[at, : feature.missing] = _rest(feature, reference.counts[at])
    return Scale(ordered, steps, rest)


def _rest(feature: Feature, counts: Numbers) -> Mask:
    """Of the bins of names, those to test together: none where the reference's names are all there are."""
    rest = counts[: feature.missing] < LEAST_CHOSEN
    rest[feature.other] = True
    rest[feature.unseen] = counts[feature.unseen] > 0
    return rest & bool(counts[[feature.other, feature.unseen]].any())


def _steps(edges: Floats, counts: Numbers) -> Floats:
    unit = _unit(edges, counts)
    with np.errstate(over="ignore"):
        gaps = np.minimum(np.diff(edges) / unit, _MOST)
    lengths = np.concatenate([[1.0], gaps / 2]) + np.concatenate([gaps / 2, [1.0]])
    return np.asarray(lengths)


def _unit(edges: Floats, counts: Numbers) -> float:
    """The larger of IQR / 1.349 and the distance of the 1 % and 99 % quantiles / 4.653; both are 1 for a normal.

    Where both are 0 (nearly all rows hold one value) it is the range, and 1 for a constant, where no distance counts.
    """
    below = counts[:-1].cumsum() / max(counts.sum(), 1)
    q01, q25, q75, q99 = np.interp([0.01, 0.25, 0.75, 0.99], below, edges)
    with np.errstate(over="ignore"):
        robust = max((q75 - q25) / _IQR_OF_NORMAL, (q99 - q01) / _TAILS_OF_NORMAL)
        least = abs(edges[-1]) * 1e-12  # below this, differences of floats are mostly rounding
        for unit in (robust, edges[-1] - edges[0]):
            if least < unit < np.inf:
                return float(unit)
    return 1.0

"""Lengths along the ordered features of a reference, for the measures that need distances.

One unit is a robust standard deviation of the reference, so features are comparable, and a constant feature causes no division by
zero.
"""

from __future__ import annotations

import numpy as np

from sidecar.core.binning.bins import Feature
from sidecar.core.reference.profile import SideProfile
from sidecar.core.scores.measure import Scale
from sidecar.core.words.arrays import Floats, Mask, Numbers

_IQR_OF_NORMAL = 1.349
LEAST_CHOSEN = 25
"""A category with fewer reference rows is tested together with the rare ones, also if it has its own bin: it passed a threshold
partly by chance, so live has fewer rows of it on average."""
_MOST = 10.0
"""Most units in one bin: in a long tail a single row would otherwise outweigh all others."""
_TAILS_OF_NORMAL = 4.653
"""Distance of the 1 % and 99 % quantiles of a normal distribution, in standard deviations."""


def scale(reference: SideProfile) -> Scale:
    """Which bins are ordered, and the length that each of their edges represents.

    The area between two distribution functions is summed by the trapezoid rule over the edges. Values beyond the range of the
    reference count as one unit beyond it, since bins do not show how far out they are.
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
    """Bins of names to test together; none if the reference has all names."""
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
    """max(IQR / 1.349, (q99 - q01) / 4.653); both are the standard deviation of a normal distribution.

    Where both are 0 (nearly all rows have one value) it is the range, and 1 for a constant, which has no distances.
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

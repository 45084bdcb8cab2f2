"""Smooth directions in which an ordered distribution may move: polynomials in the rank, and a change of `missing`.

They are orthonormal under the reference's shares q: sum q a b is 1 for a = b and 0 otherwise, and sum q a = 0 (Neyman,
"Smooth test for goodness of fit", 1937). A shift of a normal distribution lies to 95 % in the first and to over 99 % in
the first three polynomials. They do not know live rows: `detector` projects on them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sidecar.core.binning.bins import Feature
from sidecar.core.words.arrays import Floats

DEGREE = 4
DIRECTIONS = DEGREE + 1
"""The polynomials, and one for the share of missing values."""
_LEAST = 1e-6
"""A candidate whose residual norm is below this share of its norm was in the span of those before it."""


def smooth_basis(features: Sequence[Feature], q: Floats) -> Floats:
    """The basis (F, DIRECTIONS, B) for shares `q` (F, B); zero for unordered features and for directions that a
    feature's bins lack.
    """
    basis = np.zeros((len(features), DIRECTIONS, q.shape[1]))
    for at, feature in enumerate(features):
        # With as many directions as bins, the smooth part would be the whole difference again.
        if feature.ordered and feature.bins - 1 > DIRECTIONS:
            found = _orthonormal(_candidates(q[at, : feature.bins]), q[at, : feature.bins])
            basis[at, : len(found), : feature.bins] = found
    return basis


def _candidates(q: Floats) -> list[Floats]:
    values = q[:-1].sum()
    rank = np.append((q[:-1].cumsum() - q[:-1] / 2) / values - 0.5, 0.0)
    inside = np.append(np.ones(len(q) - 1), 0.0)
    return [1 - inside, *(inside * rank**power for power in range(1, DEGREE + 1))]


def _orthonormal(candidates: list[Floats], q: Floats) -> list[Floats]:
    """Gram-Schmidt, starting from the constant, which is left out of the result; twice, against rounding errors."""
    found = [np.ones_like(q)]
    for given in candidates:
        candidate = given
        length = np.sqrt((q * candidate**2).sum())
        for _ in range(2):
            for earlier in found:
                candidate = candidate - (q * candidate * earlier).sum() * earlier
        norm = np.sqrt((q * candidate**2).sum())
        if norm > _LEAST * length:
            found.append(candidate / norm)
    return found[1:]

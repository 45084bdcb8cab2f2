"""Smooth directions: orthonormal under the reference, and where a shift lies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.evidence.basis import DIRECTIONS, smooth_basis

EDGES = tuple(np.linspace(-2, 2, 21).tolist())
NUMBER = Feature("x", Kind.NUMERIC, edges=EDGES)


def shares(shift: float) -> np.ndarray:
    below = np.concatenate([[0], stats.norm.cdf(EDGES, shift), [1]])
    return np.append(np.diff(below) * 0.99, 0.01)


def test_the_directions_are_orthonormal_and_orthogonal_to_the_constant() -> None:
    q = shares(0)[None, :]
    (basis,) = smooth_basis([NUMBER], q)

    products = basis * q[0] @ np.vstack([basis, np.ones_like(q)]).T

    assert products == pytest.approx(np.eye(DIRECTIONS, DIRECTIONS + 1), abs=1e-9)


def test_a_shift_of_a_normal_distribution_lies_in_them_almost_wholly() -> None:
    q, p = shares(0), shares(0.2)
    (basis,) = smooth_basis([NUMBER], q[None, :])

    part = ((basis @ (p - q)) ** 2).sum() / ((p - q) ** 2 / q).sum()

    assert part > 0.98


def test_features_without_order_or_with_few_bins_have_none() -> None:
    colour = Feature("c", Kind.CATEGORICAL, categories=("a", "b", "c", "d"))
    few = Feature("y", Kind.NUMERIC, edges=(0.0, 1.0))
    q = np.full((2, 7), 1 / 7)

    assert not smooth_basis([colour, few], q).any()

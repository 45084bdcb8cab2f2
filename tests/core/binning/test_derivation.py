"""Fixed signs: the same everywhere, and as good as random ones for projections."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.core.binning.derivation import PROJECTIONS, signs
from sidecar.core.stats.splitmix import splitmix64


def test_signs_are_the_low_bits_of_the_mixed_key() -> None:
    keys = np.array([1, 77, 2**63], np.uint64)
    expected = [[1 if int(word) >> at & 1 else -1 for at in range(PROJECTIONS)] for word in splitmix64(keys)]

    assert signs(keys).tolist() == expected


def test_directions_are_as_good_as_perpendicular() -> None:
    found = signs(np.arange(4_096, dtype=np.uint64))

    # Signs that are independent correlate by 1/64 here: five of it.
    assert found.T @ found / 4_096 == pytest.approx(np.eye(PROJECTIONS), abs=5 / 64)


def test_a_projection_keeps_a_vector_s_length_on_the_mean() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(500, 384))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    projected = vectors @ signs(np.arange(384, dtype=np.uint64))

    # 4,000 squares with mean 1 and variance 2: four standard errors.
    assert (projected**2).mean() == pytest.approx(1.0, abs=4 * (2 / 4_000) ** 0.5)

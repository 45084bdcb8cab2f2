"""What a vector becomes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sidecar.core.binning.derived.vector import Vector

VECTOR = Vector()
Floats = NDArray[np.floating[Any]]


def part(name: str, rows: Floats) -> list[float]:
    return [float(value) for value in VECTOR.derive(rows)[VECTOR.parts.index(name)]]


def views(rows: Floats) -> Floats:
    return VECTOR.derive(rows)[3:]


def test_norm_mean_and_zeros_are_those_of_the_row() -> None:
    rows = np.array([[3.0, 4.0, 0.0, 0.0], [-1.0, 1.0, -1.0, 1.0]])

    assert part("norm", rows) == [5.0, 2.0]
    assert part("mean", rows) == pytest.approx([1.75, 0.0], rel=2**-15)
    assert part("zeros", rows) == [0.5, 0.0]


def test_length_one_is_one_however_the_last_bits_fall() -> None:
    rows = np.random.default_rng(1).normal(size=(200, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)

    assert set(part("norm", rows)) == {1.0}


def test_views_are_of_the_direction_not_of_the_length() -> None:
    rows = np.random.default_rng(2).normal(size=(50, 64))

    assert views(rows * 7.5) == pytest.approx(views(rows))
    assert views(-rows) == pytest.approx(-views(rows))


@pytest.mark.parametrize("size", [32, 384, 5_000])
def test_views_of_any_dimension_scatter_by_about_one(size: int) -> None:
    found = views(np.random.default_rng(3).normal(size=(2_000, size)))

    assert found.std(axis=1) == pytest.approx(1.0, abs=0.06)
    assert found.mean(axis=1) == pytest.approx(0.0, abs=0.1)  # 4.5 standard errors
    assert np.abs(np.corrcoef(found) - np.eye(8)).max() < 0.45  # signs of 32 positions have some in common


def test_the_directions_are_the_same_in_every_release() -> None:
    first_of_each = VECTOR.derive(np.eye(4))[3:, 0]

    assert first_of_each.tolist() == [1.0, 1.0, 1.0, 1.0, -1.0, 1.0, -1.0, 1.0]


def test_a_vector_of_zeros_has_no_direction() -> None:
    rows = np.zeros((1, 40))

    assert (part("norm", rows), part("zeros", rows)) == ([0.0], [1.0])
    assert np.isnan(views(rows)).all()


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_row_with_a_hole_is_missing_and_its_neighbours_are_not(hole: float) -> None:
    rows = np.ones((3, 40))
    rows[1, 7] = hole

    assert np.isnan(VECTOR.derive(rows)).any(axis=0).tolist() == [False, True, False]


def test_large_numbers_do_not_overflow() -> None:
    assert part("norm", np.full((1, 4), 1e200)) == pytest.approx([2e200], rel=2**-15)


def test_many_rows_give_what_each_gives_alone() -> None:
    rows = np.random.default_rng(4).integers(0, 255, (30, 20_000), dtype=np.uint8)
    alone = np.hstack([VECTOR.derive(rows[at : at + 1]) for at in range(30)])

    assert VECTOR.derive(rows) == pytest.approx(alone, abs=1e-9)

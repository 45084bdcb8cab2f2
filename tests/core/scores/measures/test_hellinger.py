"""Hellinger distance against its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.profiles import look
from harness.tables import DEGREES, INVERSE_ROWS, P, Q, table
from sidecar.core.scores.measures.hellinger import Hellinger


def test_its_square_is_one_less_the_overlap_of_the_roots() -> None:
    overlap = sum(math.sqrt(p * q) for p, q in zip(P, Q, strict=True))

    assert Hellinger()(table()).value[0] == pytest.approx(math.sqrt(1 - overlap))


def test_what_chance_comes_to_is_taken_off_its_square() -> None:
    found = Hellinger()(table())

    assert found.value[0] ** 2 - found.debiased[0] ** 2 == pytest.approx(DEGREES * INVERSE_ROWS / 8)


def test_two_sides_with_nothing_in_common_are_at_distance_one() -> None:
    assert Hellinger()(look({"c": ["a"] * 200}, {"c": ["z"] * 200})).value == pytest.approx(np.ones(1))

"""Jensen-Shannon distance against scipy's."""

from __future__ import annotations

import math

import pytest
from scipy.spatial.distance import jensenshannon

from harness.profiles import look
from harness.tables import DEGREES, INVERSE_ROWS, P, Q, table
from sidecar.core.scores.measures.jensen_shannon import JensenShannon


def test_it_is_scipy_s_in_bits() -> None:
    assert JensenShannon()(table()).value[0] == pytest.approx(jensenshannon(P, Q, base=2))


def test_what_chance_comes_to_is_taken_off_the_divergence() -> None:
    found = JensenShannon()(table())

    nats = (found.value[0] ** 2 - found.debiased[0] ** 2) * math.log(2)
    assert nats == pytest.approx(DEGREES * INVERSE_ROWS / 8)


def test_two_sides_with_nothing_in_common_are_at_distance_one() -> None:
    assert JensenShannon()(look({"c": ["a"] * 200}, {"c": ["z"] * 200})).value[0] == pytest.approx(1.0)

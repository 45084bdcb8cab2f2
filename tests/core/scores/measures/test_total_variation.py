"""Total variation against its definition, and its mean under no drift against draws."""

from __future__ import annotations

import numpy as np
import pytest

from harness.profiles import look
from harness.tables import LIVE_ROWS, REFERENCE_ROWS, P, Q, table
from sidecar.core.scores.measures.total_variation import TotalVariation


def test_it_is_the_share_of_rows_that_would_have_to_change() -> None:
    expected = sum(max(p - q, 0.0) for p, q in zip(P, Q, strict=True))

    assert TotalVariation()(table()).value[0] == pytest.approx(expected)


def test_what_chance_comes_to_is_taken_off() -> None:
    rng = np.random.default_rng(1)
    both = np.array(REFERENCE_ROWS) + np.array(LIVE_ROWS)
    live = rng.multivariate_hypergeometric(both, 250, size=20_000)
    by_chance = np.abs(live / 250 - (both - live) / 1000).sum(axis=1).mean() / 2

    found = TotalVariation()(table())

    assert found.value[0] - found.debiased[0] == pytest.approx(by_chance, rel=0.02)


def test_two_sides_with_nothing_in_common_are_at_distance_one() -> None:
    assert TotalVariation()(look({"c": ["a"] * 200}, {"c": ["z"] * 200})).value[0] == pytest.approx(1.0)

"""The population stability index against its sum written out."""

from __future__ import annotations

import math

import pytest

from harness.tables import DEGREES, INVERSE_ROWS, LIVE_ROWS, REFERENCE_ROWS, P, Q, table
from sidecar.core.scores.measures.psi import Psi


def test_it_is_the_sum_over_bins_with_half_a_row_added_to_each() -> None:
    p, q = ([(rows + 0.5) / (sum(of) + 1.5) for rows in of] for of in (LIVE_ROWS, REFERENCE_ROWS))

    expected = sum((a - b) * math.log(a / b) for a, b in zip(p, q, strict=True))

    assert Psi()(table()).value[0] == pytest.approx(expected)


def test_with_many_rows_it_is_the_textbook_s() -> None:
    textbook = sum((p - q) * math.log(p / q) for p, q in zip(P, Q, strict=True))

    assert Psi()(table(times=100)).value[0] == pytest.approx(textbook, rel=1e-3)


def test_what_chance_comes_to_is_taken_off() -> None:
    found = Psi()(table())

    assert found.value[0] - found.debiased[0] == pytest.approx(DEGREES * INVERSE_ROWS)

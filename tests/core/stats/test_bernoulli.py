"""Bounds on rates, against the exact binomial distribution."""

from __future__ import annotations

import pytest
from scipy import stats

from sidecar.core.stats.bernoulli import relative_entropy, tail, upper_bound

CASES = [(0, 10), (0, 1000), (1, 50), (7, 100), (30, 1000), (499, 500), (2_500, 5_000)]


@pytest.mark.parametrize(("k", "n"), CASES)
@pytest.mark.parametrize("rate", [0.001, 0.01, 0.3, 0.9])
def test_the_tail_is_never_below_the_exact_one(k: int, n: int, rate: float) -> None:
    assert tail(k, n, rate) >= stats.binom.sf(k - 1, n, rate) * (1 - 1e-12)


@pytest.mark.parametrize(("k", "n"), CASES)
def test_a_rate_at_the_bound_would_show_so_few_with_the_stated_probability_at_most(k: int, n: int) -> None:
    bound = upper_bound(k, n, 0.01)

    assert k / n < bound <= 1
    assert stats.binom.cdf(k, n, bound) <= 0.01 * (1 + 1e-9)


def test_without_a_single_case_the_bound_is_the_exact_one() -> None:
    assert upper_bound(0, 1000, 0.01) == pytest.approx(1 - 0.01 ** (1 / 1000))


def test_without_rows_nothing_is_known() -> None:
    assert upper_bound(0, 0, 0.01) == 1
    assert tail(0, 0, 0.01) == 1


def test_entropy_is_zero_between_equals_and_infinite_for_the_impossible() -> None:
    assert relative_entropy(0.2, 0.2) == 0
    assert relative_entropy(0.2, 0.0) == float("inf")

from __future__ import annotations

import numpy as np
import pytest

from sidecar.core.stats.divergence import LEAST_SHARE, effect, null_psi, psi


def test_psi_of_large_counts_is_the_symmetric_relative_entropy() -> None:
    reference, live = np.array([[5e6, 3e6, 2e6]]), np.array([[2e6, 3e6, 5e6]])
    q, p = reference / 1e7, live / 1e7

    assert psi(reference, live)[0] == pytest.approx(((p - q) * np.log(p / q)).sum(), rel=1e-5)


def test_an_empty_bin_makes_psi_large_and_not_infinite() -> None:
    assert 1 < psi(np.array([[100.0, 0.0]]), np.array([[0.0, 100.0]]))[0] < 20


def test_no_rows_make_no_psi() -> None:
    nothing = np.zeros((1, 4))

    assert psi(nothing, nothing)[0] == 0
    assert null_psi(nothing, nothing, np.zeros(1))[0] == 0


@pytest.mark.parametrize(("bins", "m", "n"), [(10, 10_000, 500), (20, 2_000, 1_000)])
def test_the_mean_without_drift_is_what_theory_says(bins: int, m: int, n: int) -> None:
    rng = np.random.default_rng(bins)
    share = np.full(bins, 1 / bins)
    reference = rng.multinomial(m, share, 4_000).astype(float)
    live = rng.multinomial(n, share, 4_000).astype(float)

    expected = null_psi(reference, live, np.full(4_000, float(n)))

    assert psi(reference, live).mean() == pytest.approx(expected.mean(), rel=0.06)


@pytest.mark.parametrize(("bins", "m", "n"), [(10, 10_000, 500), (20, 2_000, 1_000), (40, 50_000, 2_000)])
def test_without_drift_the_effect_is_nothing_on_the_mean(bins: int, m: int, n: int) -> None:
    rng = np.random.default_rng(bins)
    share = rng.dirichlet(np.full(bins, 0.5))
    reference = rng.multinomial(m, share, 4_000).astype(float)
    live = rng.multinomial(n, share, 4_000).astype(float)

    found = effect(reference, live, np.full(4_000, float(n)))

    assert abs(found.mean()) < 0.1 * null_psi(reference, live, np.full(4_000, float(n))).mean()


def test_a_rare_bin_that_appears_is_a_small_effect_and_a_common_one_a_large() -> None:
    rows = np.array([1e6])
    reference = np.array([[1e6, 0.0]])

    assert effect(reference, np.array([[0.993e6, 0.007e6]]), rows)[0] < 0.02
    assert effect(reference, np.array([[0.95e6, 0.05e6]]), rows)[0] > 0.1


def test_where_no_bin_is_rare_the_effect_is_psi_without_bias() -> None:
    reference, live = np.array([[5e5, 3e5, 2e5]]), np.array([[2e5, 3e5, 5e5]])

    assert effect(reference, live, np.array([1e6]))[0] == pytest.approx(psi(reference, live)[0], rel=10 * LEAST_SHARE)

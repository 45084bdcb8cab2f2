"""What all measures share: what is enough, which bins are pooled, and the figures that they are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.profiles import look, pair_of, profile_of
from harness.tables import DEGREES, INVERSE_ROWS, table
from sidecar.core.scores.measure import LEAST_EXPECTED, LEAST_REFERENCE_ROWS, AllScores, Pair, Scale
from sidecar.core.scores.measures import MEASURES
from sidecar.core.words.events import NotEnough, Score
from sidecar.core.words.frame import Side

SIDE = profile_of({"normal": list(range(200)), "colour": ["red", "green"] * 100}).sides[Side.INPUT]
expected_rows = st.lists(st.integers(0, 30), min_size=2, max_size=12).filter(lambda rows: sum(rows) > 0)


def pair(reference: Sequence[float], live: Sequence[float], *, ordered: bool) -> Pair:
    """Of one feature, whose bins all count."""
    shape = (1, len(reference))
    distances = Scale(np.full(shape, ordered), np.ones(shape) * ordered, np.zeros(shape, np.bool_))
    return Pair(np.array([reference], np.float64), np.array([live], np.float64), distances)


def test_too_few_rows_are_not_enough_and_say_how_many_are_needed() -> None:
    found = AllScores(MEASURES, pair_of(SIDE.counts, np.minimum(SIDE.counts, 1), SIDE), least_rows=100)

    assert all(isinstance(score, NotEnough) and "100 needed" in score.reason for score in found.of(0).values())


def test_measures_that_need_an_order_leave_categories_out() -> None:
    measured = AllScores(MEASURES, pair_of(SIDE.counts, SIDE.counts, SIDE), 1)
    found = dict(zip(SIDE.names, map(measured.of, range(len(SIDE.names))), strict=True))

    assert "wasserstein" in found["normal"]
    assert "wasserstein" not in found["colour"]
    assert "psi" in found["colour"]


def test_a_reference_of_few_rows_says_nothing_either() -> None:
    few = look({"c": ["a"] * (LEAST_REFERENCE_ROWS - 1)}, {"c": ["a"] * 500})
    found = AllScores(MEASURES, few, least_rows=100).of(0)["psi"]

    assert isinstance(found, NotEnough)
    assert (found.rows, found.reason) == (500, "29 rows in the reference, 30 needed")


def test_a_measure_along_an_order_counts_the_rows_that_have_a_value() -> None:
    gaps = look({"x": [1.0, 2.0] * 100}, {"x": [1.0] * 150 + [None] * 50})
    found = AllScores(MEASURES, gaps, least_rows=100).of(0)

    assert isinstance(found["psi"], Score)
    assert isinstance(found["wasserstein"], Score)
    assert (found["psi"].rows, found["wasserstein"].rows) == (200, 150)


def groups_of_neighbours(expected: Sequence[float]) -> list[list[int]]:
    """From the left, a group is closed as soon as it expects enough; what is left over joins the last."""
    groups: list[list[int]] = [[]]
    for at in range(len(expected)):
        groups[-1].append(at)
        if sum(expected[member] for member in groups[-1]) >= LEAST_EXPECTED:
            groups.append([])
    rest = groups.pop()
    return [*groups[:-1], groups[-1] + rest] if groups else [rest]


@given(reference=expected_rows)
def test_ordered_bins_are_pooled_with_their_neighbours_by_the_reference_alone(reference: list[int]) -> None:
    live = np.arange(len(reference)) + 1000.0
    pooled = pair(reference, live.tolist(), ordered=True).pooled

    groups = groups_of_neighbours(reference)
    assert pooled[0][0, : len(groups)].tolist() == [sum(reference[at] for at in group) for group in groups]
    assert pooled[1][0, : len(groups)].tolist() == [sum(live[at] for at in group) for group in groups]
    assert not pooled[0][0, len(groups) :].any()


@given(reference=expected_rows, live=expected_rows)
def test_sparse_categories_are_pooled_into_one_and_no_row_is_lost(reference: list[int], live: list[int]) -> None:
    size = min(len(reference), len(live))
    m, n = reference[:size], live[:size]
    if not sum(m) or not sum(n):
        return
    smaller = min(sum(m), sum(n))
    expected = [(a + b) * smaller / (sum(m) + sum(n)) for a, b in zip(m, n, strict=True)]
    sparse = [rows for rows in expected if rows < LEAST_EXPECTED]

    of_reference, of_live = (part[0] for part in pair(m, n, ordered=False).pooled)

    assert (of_reference.sum(), of_live.sum()) == (sum(m), sum(n))
    kept = size - len(sparse)
    alone = sum(sparse) >= LEAST_EXPECTED or not kept
    assert ((of_reference + of_live) > 0).sum() <= kept + alone


def test_the_tail_is_that_of_scipy_where_bins_are_well_filled() -> None:
    both = table(times=100)

    found = both.chi2_tail(np.array([3.0 * INVERSE_ROWS / 100]))

    assert found[0] == pytest.approx(stats.chi2.sf(3.0, DEGREES), rel=0.01)


def test_cuts_at_quantiles_of_a_small_reference_make_the_statistic_larger_as_draws_show() -> None:
    """A bin between two order statistics holds k rows, whatever the truth: its true share is a gamma around k / m."""
    rng = np.random.default_rng(4)
    k, bins, n = 20, 10, 2_000
    m = k * bins
    shares = rng.dirichlet(np.full(bins, float(k)), size=20_000)
    live = rng.multinomial(n, shares) / n
    both = (live * n + k) / (n + m)
    statistic = ((live - k / m) ** 2 / both).sum(axis=1) * n * m / (n + m)

    excess = pair([k] * bins, [n / bins] * bins, ordered=True).cut_excess[0]

    assert excess == pytest.approx(statistic.mean() / (bins - 1) - 1, abs=0.02)
    assert excess > 0.03


@given(reference=expected_rows, live=expected_rows)
def test_cumulated_shares_are_those_of_a_walk_over_the_bins(reference: list[int], live: list[int]) -> None:
    size = min(len(reference), len(live))
    m, n = reference[:size], live[:size]

    found = pair(m, n, ordered=True).shares

    for at in range(size):
        below = [sum(m[: at + 1]), sum(n[: at + 1])]
        rows = [max(sum(m), 1), max(sum(n), 1)]
        assert found[0][0, at] == pytest.approx(below[0] / rows[0])
        assert found[1][0, at] == pytest.approx(below[1] / rows[1])
        assert found[2][0, at] == pytest.approx(sum(below) / sum(rows))

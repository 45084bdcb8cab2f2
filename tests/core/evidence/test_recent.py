"""What came lately against a list of all rows: never a row from before, and most of those since."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.core.evidence.recent import Recent

SHAPE = (2, 3)
ALL = np.array([0, 1])


def fed(sizes: list[int], seed: int = 1) -> tuple[Recent, np.ndarray, np.ndarray]:
    """With the excess (rows, F, B) and the weight (rows, F) of every row."""
    rng = np.random.default_rng(seed)
    rows = sum(sizes)
    excess, weight = rng.normal(size=(rows, *SHAPE)), rng.uniform(0.1, 1.0, (rows, 2))
    recent, at = Recent(SHAPE), 0
    for size in sizes:
        recent.add(excess[at : at + size].sum(axis=0), weight[at : at + size].sum(axis=0), size)
        at += size
    return recent, excess, weight


@pytest.mark.parametrize("sizes", [[16] * 700, [1] * 900, [256] * 60, [7, 40, 16, 1, 100] * 60])
def test_a_window_holds_the_last_rows_none_from_before_and_at_most_half_of_its_age_is_lost(sizes: list[int]) -> None:
    recent, excess, weight = fed(sizes)
    rows, largest = sum(sizes), max(sizes)
    for age in (16, 50, 300, 1_000, 4_000, 9_000):
        began = np.array([max(rows - age, 0), max(rows - age // 2, 0)])
        found, sums = recent.since(ALL, began)
        for feature, start in enumerate(began.tolist()):
            totals = np.cumsum(weight[::-1, feature])
            held = int(np.searchsorted(totals, sums[feature] * (1 - 1e-5))) + 1 if sums[feature] else 0
            assert held <= rows - start, "a row from before"
            assert held >= (rows - start) / 2 - largest - 16
            expected = excess[rows - held :, feature].sum(axis=0)
            assert found[feature] == pytest.approx(expected, abs=1e-3)
            assert sums[feature] == pytest.approx(weight[rows - held :, feature].sum(), rel=1e-5)


def test_spans_grow_from_the_last_rows_back_to_where_they_began() -> None:
    recent, excess, weight = fed([16] * 500)

    found, sums = recent.spans(np.array([1]), 4_000)

    assert len(found) >= 8
    lengths = [int(np.searchsorted(np.cumsum(weight[::-1, 1]), one * (1 - 1e-5))) + 1 for one in sums[:, 0]]
    assert lengths == sorted(lengths)
    assert lengths[0] <= 32
    assert 2_000 <= lengths[-1] <= 4_000
    for held, one in zip(lengths, found[:, 0], strict=True):
        assert one == pytest.approx(excess[-held:, 1].sum(axis=0), abs=1e-3)


def test_what_is_older_than_a_thousand_blocks_is_forgotten() -> None:
    recent = Recent(SHAPE)
    for _ in range(9_000):
        recent.add(np.ones(SHAPE), np.ones(2) * 16, 16)

    _, weight = recent.since(ALL, np.array([0, 0]))

    assert 7_500 < weight[0] < 17_500


def test_of_no_rows_nothing_is_known() -> None:
    recent = Recent(SHAPE)

    assert not recent.since(ALL, np.array([0, 0]))[0].any()
    assert recent.spans(ALL, 0)[0].shape == (0, 2, 3)
    recent.add(np.ones(SHAPE), np.ones(2), 16)
    assert not recent.since(ALL, np.array([1, 1]))[1].any()
    assert recent.spans(ALL, 1)[1].shape == (0, 2)


def test_blocks_of_sixteen_rows_together_are_one_piece_and_larger_ones_are_not() -> None:
    together, apart = Recent(SHAPE), Recent(SHAPE)
    for recent, sizes in ((together, (8, 8)), (apart, (8, 9))):
        for size in sizes:
            recent.add(np.ones(SHAPE), np.ones(2), size)

    assert (len(together.spans(ALL, 0)[0]), len(apart.spans(ALL, 0)[0])) == (1, 2)


def test_a_piece_that_begins_where_the_change_began_is_of_the_rows_since() -> None:
    recent = Recent(SHAPE)
    recent.add(np.ones(SHAPE), np.ones(2) * 16, 16)
    recent.add(np.ones(SHAPE), np.ones(2) * 4, 16)

    assert recent.since(ALL, np.array([16, 17]))[1].tolist() == [4, 0]
    assert [len(recent.spans(ALL, began)[0]) for began in (0, 16, 17)] == [2, 1, 0]


def test_sums_of_large_and_small_are_exact() -> None:
    """Pieces are held in single precision, which has no 100,000,001."""
    recent = Recent(SHAPE)
    recent.add(np.full(SHAPE, 1e8), np.full(2, 1e8), 16)
    recent.add(np.ones(SHAPE), np.ones(2), 16)

    excess, weight = recent.spans(ALL, 0)

    assert excess[1, 0, 0] == weight[1, 0] == 100_000_001

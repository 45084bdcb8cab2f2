"""Rows that wait: however they came, they are looked at as if they had come in one message."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.null_rows import profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.reference.moments import Moments
from sidecar.core.watching.quality import Quality
from sidecar.core.watching.waiting import Waiting
from sidecar.core.words.arrays import Codes, Numbers

REFERENCE = profile_of(np.random.default_rng(1).normal(size=(3, 2_000)).round(1))
BINNER = Binner(REFERENCE.features)
ROWS = np.random.default_rng(2).normal(size=(60, 3)).round(1)
ROWS[20:50, 0] = 0.5  # a run over several messages


def waiting() -> tuple[Waiting, Quality]:
    quality = Quality(REFERENCE, BINNER)
    return Waiting(quality, 3), quality


@given(cuts=st.sets(st.integers(1, 59)), taken=st.sets(st.integers(1, 59)))
def test_runs_moments_and_violations_do_not_depend_on_how_rows_were_cut_into_messages(
    cuts: set[int], taken: set[int]
) -> None:
    one, of_one = waiting()
    one.add(BINNER.bin(ROWS.ravel(), 60, 3, range(3)), None, 0.0)
    several, of_several = waiting()
    codes: list[Codes] = []
    runs: list[Numbers | None] = []

    at = 0
    for end in [*sorted(cuts | taken), 60]:
        several.add(BINNER.bin(ROWS[at:end].ravel(), end - at, 3, range(3)), None, 0.0)
        at = end
        if end in taken or end == 60:
            rows = several.take()
            codes.append(rows.codes)
            runs.append(rows.runs)

    whole = one.take()
    assert np.array_equal(np.concatenate(codes, axis=1), whole.codes)
    assert whole.runs is not None
    assert np.array_equal(np.concatenate([part for part in runs if part is not None], axis=1), whole.runs)
    assert of_several.violations == of_one.violations
    assert of_one.violations["x0", "stuck"] > 0
    expected = Moments.of(ROWS.T)
    for found in (one.moments(), several.moments()):
        assert found.count.tolist() == expected.count.tolist()
        np.testing.assert_allclose([found.mean, found.squares], [expected.mean, expected.squares], atol=1e-12)


def test_moments_begin_anew_when_a_window_closes_and_rows_wait_on() -> None:
    rows, _ = waiting()
    batch = BINNER.bin(ROWS.ravel(), 60, 3, range(3))
    rows.add(batch, None, 0.0)
    before = rows.moments()
    rows.forget_moments()
    rows.add(batch, None, 0.0)

    assert (before.count.tolist(), rows.moments().count.tolist()) == ([60.0] * 3, [60.0] * 3)
    assert rows.rows == rows.take().codes.shape[1] == 120


def test_rows_without_a_worth_of_their_own_count_whole_beside_those_that_have_one() -> None:
    rows, _ = waiting()
    batch = BINNER.bin(ROWS[:2].ravel(), 2, 3, range(3))
    rows.add(batch, np.full((3, 2), 0.25), 0.0)
    rows.add(batch, None, 0.0)
    rows.add_codes(batch.codes, 0.0)
    taken = rows.take()

    assert taken.worth is not None
    assert taken.runs is not None
    assert taken.worth[0].tolist() == [0.25, 0.25, 1.0, 1.0, 1.0, 1.0]
    assert taken.runs[:, -2:].tolist() == [[0, 0]] * 3


@pytest.mark.parametrize("split", [1, 3])
def test_rows_that_were_put_back_are_taken_first(split: int) -> None:
    rows, _ = waiting()
    rows.add(BINNER.bin(ROWS[:4].ravel(), 4, 3, range(3)), None, 5.0)
    taken = rows.take()
    rows.put_back(taken.part(split))
    rows.add(BINNER.bin(ROWS[4:6].ravel(), 2, 3, range(3)), None, 6.0)

    assert (rows.rows, rows.since) == (6 - split, 5.0)
    assert np.array_equal(rows.take().codes, BINNER.bin(ROWS[split:6].ravel(), 6 - split, 3, range(3)).codes)

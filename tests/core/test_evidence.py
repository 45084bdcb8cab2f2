"""The e-detector: it keeps its budget of false alarms, and it finds changes. By simulation, with fixed seeds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sidecar.core.binner import Binner
from sidecar.core.builder import Builder
from sidecar.core.evidence import BLOCK_ROWS, Evidence
from sidecar.core.frame import Frame, Side
from sidecar.core.profile import SideProfile

FEATURES = 5
BUDGET = 2_000.0
STREAMS = 12
BLOCK = 16
TOLERANCE = 0.02


def reference_of(values: NDArray[np.float64]) -> SideProfile:
    builder = Builder()
    rows, width = values.shape
    names = tuple(f"x{at}" for at in range(width))
    builder.add(Frame(Side.INPUT, names, rows, width, values.ravel().tolist()))
    return builder.build().sides[Side.INPUT]


def rows_until_alarm(reference: SideProfile, live: NDArray[np.float64], threshold: float) -> int | None:
    """Rows until any feature's evidence (log10) reaches the threshold; None if it never does."""
    binner = Binner(reference.features)
    evidence = Evidence(reference, binner.mask, TOLERANCE)
    rows, width = live.shape
    codes = binner.bin(live.ravel().tolist(), rows, width, list(range(width))).codes
    for at in range(0, rows, BLOCK):
        block = codes[:, at : at + BLOCK]
        evidence.update(binner.counts(block), block.shape[1])
        if evidence.log10().max() >= threshold:
            return at + int(block.shape[1])
    return None


@pytest.mark.parametrize("rows_of_reference", [1_000, 10_000, 100_000])
def test_the_mean_number_of_rows_between_false_alarms_is_at_least_the_budget(rows_of_reference: int) -> None:
    rng = np.random.default_rng(rows_of_reference)
    threshold = float(np.log10(BUDGET * FEATURES / BLOCK_ROWS))
    watched = alarms = 0
    for _ in range(STREAMS):
        reference = reference_of(rng.normal(size=(rows_of_reference, FEATURES)))
        live = rng.normal(size=(4 * int(BUDGET), FEATURES))
        at = rows_until_alarm(reference, live, threshold)
        watched += at or len(live)
        alarms += at is not None

    assert watched / max(alarms, 1) >= BUDGET


def test_a_shift_of_half_a_standard_deviation_is_found_within_a_few_hundred_rows_at_the_default_budget() -> None:
    rng = np.random.default_rng(7)
    reference = reference_of(rng.normal(size=(10_000, FEATURES)))
    live = rng.normal(size=(3_000, FEATURES))
    live[1_000:, 0] += 0.5

    at = rows_until_alarm(reference, live, float(np.log10(1e9 * FEATURES / BLOCK_ROWS)))

    assert at is not None
    assert 1_000 < at <= 1_700


def test_a_category_that_was_never_seen_is_found_in_few_rows() -> None:
    builder = Builder()
    builder.add(Frame(Side.INPUT, ("c",), 5_000, 1, ["a", "b"] * 2_500))
    reference = builder.build().sides[Side.INPUT]
    binner = Binner(reference.features)
    evidence = Evidence(reference, binner.mask, TOLERANCE)
    for _ in range(4):
        codes = binner.bin(["a", "z"] * 8, 16, 1, [0]).codes
        evidence.update(binner.counts(codes), codes.shape[1])

    assert evidence.log10()[0] > 9


def test_a_reset_feature_begins_anew_and_the_others_go_on() -> None:
    rng = np.random.default_rng(1)
    reference = reference_of(rng.normal(size=(5_000, 2)))
    binner = Binner(reference.features)
    evidence = Evidence(reference, binner.mask, TOLERANCE)
    live = rng.normal(2.0, 1.0, size=(320, 2))
    codes = binner.bin(live.ravel().tolist(), 320, 2, [0, 1]).codes
    for at in range(0, 320, BLOCK):
        evidence.update(binner.counts(codes[:, at : at + BLOCK]), BLOCK)

    evidence.reset(np.array([0]))

    assert evidence.log10()[0] == pytest.approx(0.0, abs=1e-9)
    assert evidence.log10()[1] > 9


def test_a_tiny_reference_gathers_no_evidence_against_itself() -> None:
    rng = np.random.default_rng(2)
    reference = reference_of(rng.normal(size=(40, 1)))

    assert rows_until_alarm(reference, rng.normal(size=(20_000, 1)), 5.0) is None

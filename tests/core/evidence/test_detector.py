"""The e-detector: it keeps its budget of false alarms, and it finds changes. By simulation, with fixed seeds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from harness.null_rows import blocks, profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.evidence.detector import BLOCK_ROWS, Evidence
from sidecar.core.evidence.null_hypothesis import null_hypothesis
from sidecar.core.reference.builder import Builder
from sidecar.core.reference.profile import SideProfile
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import DriftSettings

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
        evidence.update(block)
        if evidence.log10().max() >= threshold:
            return at + int(block.shape[1])
    return None


@pytest.mark.slow
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
    for names in [["a", "b"]] * 16 + [["a", "z"]] * 4:
        codes = binner.bin(names * 8, 16, 1, [0]).codes
        evidence.update(codes)

    assert evidence.log10()[0] > 9


def test_a_reset_feature_begins_anew_and_the_others_go_on() -> None:
    rng = np.random.default_rng(1)
    reference = reference_of(rng.normal(size=(5_000, 2)))
    binner = Binner(reference.features)
    evidence = Evidence(reference, binner.mask, TOLERANCE)
    live = rng.normal(2.0, 1.0, size=(480, 2))
    codes = binner.bin(live.ravel().tolist(), 480, 2, [0, 1]).codes
    for at in range(0, 480, BLOCK):
        evidence.update(codes[:, at : at + BLOCK])

    evidence.reset(np.array([0]))

    assert evidence.log10()[0] == pytest.approx(0.0, abs=1e-9)
    assert evidence.log10()[1] > 9


def test_a_tiny_reference_gathers_no_evidence_against_itself() -> None:
    rng = np.random.default_rng(2)
    reference = reference_of(rng.normal(size=(40, 1)))

    assert rows_until_alarm(reference, rng.normal(size=(20_000, 1)), 5.0) is None


@pytest.mark.parametrize("shift", [0.3, 0.5, 1.0])
def test_a_bet_is_an_e_value_for_the_worst_distribution_that_is_no_change(shift: float) -> None:
    """Exact: the mean factor is at most 1 for every P in the ball, and 1 for the P that lies furthest along the bet."""
    rng = np.random.default_rng(4)
    reference = reference_of(rng.normal(size=(20_000, 1)))
    binner = Binner(reference.features)
    evidence = Evidence(reference, binner.mask, TOLERANCE)
    live = rng.normal(shift, 1.0, size=640)
    for at in range(0, 640, BLOCK):
        evidence.update(binner.bin(live[at : at + BLOCK], BLOCK, 1, [0]).codes)
    q = evidence.null.q[0]

    logarithms = evidence.bets()
    factors = np.exp(logarithms[:, :, 0, :])

    for direction, radius in zip(factors, evidence.null.radius[:, 0], strict=True):
        for factor in direction:
            along = factor - (q * factor).sum()
            length = np.sqrt((q * along**2).sum())
            assert length > 0, "no bet was made, so the test would say nothing"
            worst = q * (1 + radius * along / length)
            assert (worst * factor).sum() == pytest.approx(1.0, abs=1e-9)
            assert (q * factor).sum() <= 1.0


@pytest.mark.slow
@pytest.mark.parametrize("rows", [100, 1_000, 10_000])
def test_the_radius_holds_the_truth_for_nearly_every_reference(rows: int) -> None:
    rng = np.random.default_rng(rows)
    times, outside = 400, 0
    for _ in range(times):
        reference = reference_of(rng.normal(size=(rows, 1)))
        binner = Binner(reference.features)
        below = stats.norm.cdf(reference.features[0].edges)
        truth = np.append(np.diff(np.concatenate([[0.0], below, [1.0]])), 0.0)
        base = null_hypothesis(reference.features, reference.counts.astype(np.float64), mask=binner.mask, tolerance=0.0)
        distance = np.sqrt(((truth - base.q[0]) ** 2 * base.inverse[0]).sum())
        outside += distance > base.radius[0, 0]

    # One in a hundred is allowed: more than 13 of 400 would come by chance once in 10,000 runs.
    assert outside <= 13


@pytest.mark.slow
@pytest.mark.parametrize(("rows_of_reference", "within"), [(10_000, 1_250), (100_000, 1_000)])
def test_a_fifth_of_a_standard_deviation_is_found_at_a_budget_of_a_hundred_thousand_rows(
    rows_of_reference: int, within: int
) -> None:
    """Features stand for streams here: each has a reference and rows of its own."""
    streams, steady = 60, 1_600
    rng = np.random.default_rng(3)
    reference = profile_of(rng.normal(size=(streams, rows_of_reference)))
    binner = Binner(reference.features)
    evidence = Evidence(reference, binner.mask, DriftSettings().tolerance)
    threshold = np.log10(1e5 * 20 / BLOCK_ROWS)
    told = np.full(streams, np.inf)
    live = rng.normal(size=(streams, steady + 4_000))
    live[:, steady:] += 0.2

    for at, codes in enumerate(blocks(binner, live)):
        evidence.update(codes)
        rows = (at + 1) * BLOCK_ROWS - steady
        told[(evidence.log10() >= threshold) & np.isinf(told) & (rows > 0)] = rows

    # The median of 60 varies by about a tenth.
    assert np.median(told) <= within

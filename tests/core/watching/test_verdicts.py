"""Verdicts: raised as evidence comes, ended by closed windows that lie wholly behind the change."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.null_rows import blocks, profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.evidence.detector import Evidence
from sidecar.core.evidence.policy import Policy
from sidecar.core.reference.materiality import Material
from sidecar.core.watching.mismatch import Mismatches
from sidecar.core.watching.nearest import Nearest
from sidecar.core.watching.verdicts import Verdicts
from sidecar.core.words.arrays import AnyCounts, Floats
from sidecar.core.words.events import ALL_FEATURES, State, VerdictChanged
from sidecar.core.words.frame import Side
from sidecar.settings import WindowSettings

REFERENCE = profile_of(np.random.default_rng(1).normal(size=(3, 5_000)))
BINNER = Binner(REFERENCE.features)
MATERIAL = Material(psi=0.1, rate_difference=0.005, rate_ratio=1.75, rate_shift=0.075)
NOTHING_MATTERS = Material(math.inf, math.inf, math.inf, math.inf)
LIMITS = Policy(alarm=8.0, warning=4.0, material=MATERIAL, least_rows=100)
BEFORE, AFTER = 320, 480


class Watched:
    """Verdicts on rows as they come, in blocks, and windows as the test closes them."""

    def __init__(self, limits: Policy = LIMITS, features: int = 3, seed: int = 2) -> None:
        self._rng = np.random.default_rng(seed)
        self.reference = profile_of(self._rng.normal(size=(features, 5_000)))
        self.binner = Binner(self.reference.features)
        self.evidence = Evidence(self.reference, self.binner.mask, 0.02)
        self.open: AnyCounts = np.zeros(self.reference.counts.shape, np.int32)
        nearest = Nearest(self.reference, self.binner)
        described = Mismatches(self.reference, WindowSettings(), lambda: self.open, {}, nearest, 0.0)
        self.verdicts = Verdicts(Side.INPUT, self.reference, self.evidence, limits, described)
        self.rows = 0

    def normal(self, rows: int, shift: float = 0.0) -> list[VerdictChanged]:
        """Rows of the reference's distribution come, of which the first feature is shifted."""
        values = self._rng.normal(size=(len(self.reference.features), rows))
        values[0] += shift
        return self.see(values)

    def see(self, values: Floats) -> list[VerdictChanged]:
        events = []
        for codes in blocks(self.binner, values):
            self.evidence.update(codes)
            self.open += self.binner.counts(codes).astype(np.int32)
            self.rows += codes.shape[1]
            events += self.verdicts.change(self.rows, lambda at: {}, float(self.rows))
        return events

    def close(self) -> list[VerdictChanged]:
        _, events = self.verdicts.close(lambda at: {}, self.reference.numbers, self.open, float(self.rows))
        self.open = np.zeros_like(self.open)
        return events


def test_before_there_are_rows_enough_nothing_is_said_and_then_all_is_ok() -> None:
    watched = Watched()
    watched.normal(LIMITS.least_rows - 16)
    early = list(watched.verdicts.states)
    watched.normal(32)

    assert set(early) == {State.INSUFFICIENT}
    assert set(watched.verdicts.states) == {State.OK}


def test_a_feature_that_moved_is_told_once_with_the_figures_it_rests_on() -> None:
    watched = Watched()
    quiet = watched.normal(BEFORE)
    events = [event for event in watched.normal(AFTER, shift=1.5) if event.report.feature == "x0"]

    assert quiet == []
    last = events[-1]
    assert (last.report.state, last.report.side) == (State.DRIFT, Side.INPUT)
    assert [event.before for event in events] == [State.OK, *(event.report.state for event in events[:-1])]
    assert last.report.evidence >= LIMITS.alarm == last.report.threshold
    assert last.report.effect >= MATERIAL.psi
    assert last.report.criterion == "psi"
    assert last.at == last.rows_seen > BEFORE
    assert last.report.shifts
    assert last.report.changed
    assert watched.verdicts.states == [State.DRIFT, State.OK, State.OK]
    assert watched.verdicts.drifting.tolist() == [True, False, False]


def test_evidence_without_a_material_effect_is_no_verdict() -> None:
    watched = Watched(Policy(alarm=8.0, warning=4.0, material=NOTHING_MATTERS, least_rows=100))
    watched.normal(BEFORE)

    assert watched.normal(AFTER, shift=1.5) == []
    assert watched.evidence.log10()[0] > 8.0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("clean", "over"), [(100, False), (3_000, True)])
def test_a_verdict_ends_with_a_window_once_the_rows_since_then_show_that_it_is_over(
    clean: int, over: bool, seed: int
) -> None:
    watched = Watched(seed=seed)
    watched.normal(BEFORE)
    watched.normal(64, shift=3.0)
    watched.normal(clean)
    ended = [event for event in watched.close() if event.report.feature == "x0"]

    assert bool(ended) == over
    for event in ended:
        assert (event.before, event.report.state) == (State.DRIFT, State.OK)
        assert watched.evidence.log10()[0] == pytest.approx(0.0, abs=1e-9)


def test_a_window_that_still_shows_the_change_ends_nothing() -> None:
    watched = Watched()
    watched.normal(BEFORE)
    watched.normal(AFTER, shift=1.5)
    watched.close()
    watched.normal(1_000, shift=1.5)

    assert watched.close() == []
    assert watched.verdicts.states[0] is State.DRIFT


@pytest.mark.parametrize("seed", range(3))
def test_small_changes_of_all_features_are_told_together(seed: int) -> None:
    watched = Watched(features=12, seed=seed)
    watched.normal(BEFORE)
    together = [
        event.report.state
        for event in watched.see(np.random.default_rng(seed + 10).normal(0.2, 1.0, size=(12, 1_500)))
        if event.report.feature == ALL_FEATURES
    ]

    assert together[-1] is State.DRIFT
    view = watched.verdicts.all_features_view()
    assert view is not None
    assert view.state is State.DRIFT


def test_a_single_feature_has_no_verdict_beside_its_own() -> None:
    watched = Watched(features=1)

    assert watched.verdicts.detectors == 1
    assert watched.verdicts.all_features_view() is None
    assert Watched(features=3).verdicts.detectors == 4

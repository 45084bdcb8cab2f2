"""What is wrong with the data itself is counted and named, and nothing is where all is well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from harness.profiles import frame, recounted
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import Event, State, VerdictChanged
from sidecar.settings import Settings, WindowSettings

ROWS = 5_000
SETTINGS = Settings(window=WindowSettings(rows=1_000))


def columns(rng: np.random.Generator, rows: int) -> dict[str, list[Any]]:
    return {
        "weight": rng.lognormal(4, 0.3, rows).tolist(),
        "count": rng.poisson(2, rows).tolist(),
        "mostly_zero": np.where(rng.random(rows) < 0.9, 0.0, rng.exponential(size=rows)).tolist(),
        "colour": rng.choice(["red", "green", "blue"], rows).tolist(),
        "always": ["x"] * rows,
    }


def watched(change: Mapping[str, Sequence[Any]], rows: int = 3_000, seed: int = 2) -> tuple[list[Event], Monitor]:
    rng = np.random.default_rng(1)
    monitor = Monitor(SETTINGS, recounted(columns(rng, ROWS)), (), 0.0)
    live = columns(np.random.default_rng(seed), rows) | dict(change)
    events: list[Event] = []
    for at in range(0, rows, 16):
        part = {name: values[at : at + 16] for name, values in live.items()}
        events += monitor.feed_frames([frame(part)], at / 100)
    return [*events, *monitor.finish(rows / 100)], monitor


def test_nothing_is_wrong_with_rows_like_the_reference() -> None:
    kinds = {kind for _, kind in watched({}, rows=20_000, seed=3)[1].view().violations}

    assert kinds <= {"range"}


def test_a_value_that_sticks_is_counted_row_by_row_and_a_window_of_it_is_constant() -> None:
    rng = np.random.default_rng(4)
    stuck = [*rng.lognormal(4, 0.3, 1_008).tolist(), *([55.5] * 1_992)]  # from one message to the next

    violations = watched({"weight": stuck})[1].view().violations

    assert violations["weight", "stuck"] == pytest.approx(1_992, abs=25)
    assert violations["weight", "constant"] in (1_000, 2_000)
    assert {feature for feature, kind in violations if kind in ("stuck", "constant")} == {"weight"}


def test_a_category_that_sticks_is_counted_too() -> None:
    violations = watched({"colour": ["red"] * 3_000})[1].view().violations

    assert violations["colour", "stuck"] > 2_900
    assert violations["colour", "constant"] > 0


@pytest.mark.parametrize("factor", [1_000.0, 0.01, 10.0, 0.45359237, 60.0])
def test_numbers_in_another_unit_are_told_with_the_factor(factor: float) -> None:
    rng = np.random.default_rng(5)

    events, monitor = watched({"weight": (rng.lognormal(4, 0.3, 3_000) * factor).tolist()})

    drifts = [
        event.report for event in events if isinstance(event, VerdictChanged) and event.report.feature == "weight"
    ]
    assert [report.units for report in drifts if report.state is State.DRIFT] == [pytest.approx(factor)]
    assert monitor.view().violations["weight", "units"] >= 1_000


def test_another_change_is_no_other_unit() -> None:
    rng = np.random.default_rng(6)

    events, monitor = watched({"weight": rng.normal(80, 2, 3_000).tolist()})

    drifts = [
        event.report for event in events if isinstance(event, VerdictChanged) and event.report.feature == "weight"
    ]
    assert [report.units for report in drifts if report.state is State.DRIFT] == [None]
    assert ("weight", "units") not in monitor.view().violations


@pytest.mark.parametrize(("column", "value"), [("always", "y"), ("weight", 55.5), ("weight", 9_999.0)])
def test_a_value_that_is_stuck_is_drift_before_long(column: str, value: Any) -> None:
    rng = np.random.default_rng(7)
    live = [*columns(rng, 1_000)[column], *([value] * 600)]

    events, _ = watched({column: live}, rows=1_600)

    drifts = [event for event in events if isinstance(event, VerdictChanged) and event.report.feature == column]
    assert [event.report.state for event in drifts if event.report.state is State.DRIFT] == [State.DRIFT]
    assert drifts[-1].rows_seen <= 1_500

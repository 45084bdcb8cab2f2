"""What is wrong with the data itself is counted and named, and nothing is where all is well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from harness.profiles import frame, profile_of, recounted
from sidecar.core.binning.binner import Batch, Binner
from sidecar.core.watching.monitor import Monitor
from sidecar.core.watching.quality import LEAST_RUN, RECENT, UNITS, Quality
from sidecar.core.words.arrays import Floats
from sidecar.core.words.events import Event, State, VerdictChanged
from sidecar.core.words.frame import Side
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
    wanted = State.MISMATCH if value == "y" else State.DRIFT  # a name that never was
    assert [event.report.state for event in drifts if event.report.state is not State.WARNING] == [wanted]
    assert drifts[-1].rows_seen <= 1_500


LENGTHS = profile_of({"m": np.random.default_rng(8).normal(1.7, 0.1, 5_000).tolist(), "c": ["a", "b"] * 2_500})


def quality() -> tuple[Quality, Binner]:
    side = LENGTHS.sides[Side.INPUT]
    binner = Binner(side.features)
    return Quality(side, binner), binner


def batch(binner: Binner, metres: Sequence[float]) -> Batch:
    cells = [cell for at, metre in enumerate(metres) for cell in (metre, "ab"[at % 2])]
    return binner.bin(cells, len(metres), 2, [0, 1])


def test_a_run_is_stuck_from_the_row_on_that_is_not_credible_and_goes_on_over_batches() -> None:
    watched, binner = quality()
    earlier = [watched.add(batch(binner, [1.7] * rows)) for rows in (LEAST_RUN - 1, 3)]

    assert [runs.tolist()[0] for runs in earlier] == [list(range(LEAST_RUN - 1)), [19, 20, 21]]
    assert watched.violations == {("m", "stuck"): 2}


def test_a_window_is_constant_only_if_the_run_is_as_long_and_not_credible() -> None:
    watched, binner = quality()
    watched.add(batch(binner, [1.7] * 30))
    watched.close(31)
    watched.close(30)

    assert watched.violations["m", "constant"] == 30


@pytest.mark.parametrize(("factor", "found"), [(1.0, None), (100.0, 100.0), (1 / 0.3048, 1 / 0.3048), (1.1, None)])
def test_a_unit_is_told_by_the_recent_numbers_alone(factor: float, found: float | None) -> None:
    watched, binner = quality()
    rng = np.random.default_rng(9)
    watched.add(batch(binner, rng.normal(170, 10, 500).tolist()))  # long past
    watched.add(batch(binner, (rng.normal(1.7, 0.1, RECENT) * factor).tolist()))

    assert watched.units(0, RECENT) == found
    assert watched.units(1, RECENT) is None  # a category has none


def test_of_few_numbers_no_unit_is_told() -> None:
    watched, binner = quality()
    watched.add(batch(binner, [170.0 + at for at in range(40)]))

    assert watched.units(0, RECENT) is None


def test_names_that_are_all_new_and_missing_booleans_are_not_stuck() -> None:
    violations = (
        watched({"colour": [f"new {at}" for at in range(3_000)], "always": [None] * 3_000})[1].view().violations
    )

    assert {feature for feature, kind in violations if kind in ("stuck", "constant")} == set()
    assert violations["colour", "unseen"] == 3_000


RNG = np.random.default_rng(30)
BASES = {
    "normal": RNG.normal(50, 10, 3_000),
    "lognormal": RNG.lognormal(4, 0.3, 3_000),
    "gamma": RNG.gamma(4, 20, 3_000),
    "winter": RNG.normal(4, 5, 3_000),
    "uniform": RNG.uniform(10, 90, 3_000),
}
NATURAL: dict[str, Callable[[Floats, np.random.Generator], Floats]] = {
    "a season": lambda x, rng: x + 2.5 * x.std(),
    "growth": lambda x, rng: x * 1.9,
    "a trend": lambda x, rng: x + np.linspace(0, 4, len(x)) * x.std(),
    "a mixture": lambda x, rng: np.where(rng.random(len(x)) < 0.7, x + 3 * x.std(), x),
    "less and narrower": lambda x, rng: x.mean() - 2.5 * x.std() + 0.6 * (x - x.mean()),
    "more and wider": lambda x, rng: x.mean() + 2.5 * x.std() + 1.5 * (x - x.mean()),
}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("shift", NATURAL)
def test_a_shift_by_nature_is_no_unit(base: str, shift: str) -> None:
    rng = np.random.default_rng(len(shift))
    moved = NATURAL[shift](rng.permutation(BASES[base]), rng)

    assert unit_of(BASES[base], moved) is None


@pytest.mark.parametrize("base", ["normal", "lognormal", "gamma"])
@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_is_told(base: str, unit: float) -> None:
    again = np.random.default_rng(31).permutation(BASES[base])

    assert unit_of(BASES[base], again * unit) == unit


def unit_of(reference: Floats, live: Floats) -> float | None:
    """As a feature that drifted is asked for after 256 rows."""
    side = recounted({"x": reference.tolist()}).sides[Side.INPUT]
    binner = Binner(side.features)
    quality = Quality(side, binner)
    quality.add(binner.bin(live[-256:].tolist(), 256, 1, [0]))
    return quality.units(0, 256)

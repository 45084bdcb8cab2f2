"""Verdicts of a whole watch as it is shipped: what matters is told, by its criterion; what is over ends; the rest is quiet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from harness.profiles import frame, recounted
from sidecar.core.evidence.policy import policy
from sidecar.core.reference.profile import SideProfile
from sidecar.core.watching.watch import Watch
from sidecar.core.words.arrays import Floats
from sidecar.core.words.events import ALL_FEATURES, JointChanged, State, VerdictChanged
from sidecar.core.words.frame import Side
from sidecar.settings import Settings

pytestmark = pytest.mark.slow  # streams of thousands of rows, most over five seeds

SETTINGS = Settings()
REFERENCE_ROWS = 10_000
STEADY = 2_000
Column = Sequence[Any]
Made = Callable[[np.random.Generator, int], Column]
SEEDS = range(5)


def others(rng: np.random.Generator, rows: int) -> dict[str, Column]:
    """Features that do not change."""
    return {f"n{at}": rng.normal(size=rows).tolist() for at in range(3)}


def side_of(columns: Mapping[str, Column]) -> SideProfile:
    return recounted(columns).sides[Side.INPUT]


def watch_of(reference: SideProfile) -> Watch:
    return Watch(
        Side.INPUT,
        reference,
        SETTINGS,
        policy(SETTINGS.drift, len(reference.features) + 1, SETTINGS.window.min_rows),
        0.0,
    )


def told(
    watch: Watch, columns: Mapping[str, Column], *, seconds: float, message: int = 16, until: State | None = None
) -> list[VerdictChanged]:
    """What a watch says of rows that come so many seconds apart; up to a first verdict `until`."""
    events: list[VerdictChanged] = []
    rows = len(next(iter(columns.values())))
    for at in range(0, rows, message):
        now = at * seconds
        part = {name: column[at : at + message] for name, column in columns.items()}
        said = [*watch.take([frame(part)], now), *watch.tick(now + 0.5)]
        events += [event for event in said if isinstance(event, VerdictChanged)]
        if until and any(event.report.state is until and event.rows_seen > STEADY for event in events):
            break
    return events


def nulls(rate: float) -> Made:
    return lambda rng, rows: [
        None if missing else value
        for missing, value in zip(rng.random(rows) < rate, rng.normal(size=rows).tolist(), strict=True)
    ]


def names(*shares: float, new: float = 0.0) -> Made:
    chances = np.array([*(share * (1 - new) for share in shares), new])
    called = np.array([*(f"c{at}" for at in range(len(shares))), "new"], dtype=object)
    return lambda rng, rows: called[rng.choice(len(called), rows, p=chances / chances.sum())].tolist()


def outliers(rate: float) -> Made:
    return lambda rng, rows: np.where(rng.random(rows) < rate, 10.0, rng.normal(size=rows)).tolist()


MANY = tuple((1 / np.arange(1, 501) / (1 / np.arange(1, 501)).sum()).tolist())
HALVED = (MANY[0] / 2, *MANY[1:])
RARE = {
    "nulls .1 -> 1 %": (nulls(0.001), nulls(0.01), "missing", 6_000),
    "nulls 1 -> 5 %": (nulls(0.01), nulls(0.05), "missing or psi", 2_500),
    "nulls 60 -> 70 %": (nulls(0.6), nulls(0.7), "missing", 3_000),
    "a level .1 -> 1 %": (names(0.5, 0.3, 0.199, 0.001), names(0.495, 0.297, 0.198, 0.01), "level", 14_000),
    "a level 1 -> 5 %": (names(0.5, 0.3, 0.19, 0.01), names(0.48, 0.288, 0.182, 0.05), "level or psi", 3_000),
    "a new category of 1 %": (names(0.5, 0.3, 0.2), names(0.5, 0.3, 0.2, new=0.01), "unseen", 5_000),
    "the top level of 500 halved": (names(*MANY), names(*HALVED), "level", 4_000),
    "1 % of rows ten sd out": (outliers(0.0), outliers(0.01), "out of range", 4_000),
    "2 % of rows ten sd out": (outliers(0.0), outliers(0.02), "out of range or psi", 1_500),
}


@pytest.mark.parametrize("kind", RARE)
def test_a_rare_event_that_becomes_frequent_is_told_by_its_criterion(kind: str) -> None:
    before, after, criterion, within = RARE[kind]
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        watch = watch_of(side_of(others(rng, REFERENCE_ROWS) | {"t": before(rng, REFERENCE_ROWS)}))
        live = others(rng, STEADY + within) | {"t": [*before(rng, STEADY), *after(rng, within)]}

        found = [
            event for event in told(watch, live, seconds=0.02, until=State.DRIFT) if event.report.state is State.DRIFT
        ]

        assert [event.report.feature for event in found] == ["t"]
        assert found[0].report.criterion in criterion.split(" or ")
        assert found[0].report.since > 0
        assert STEADY < found[0].rows_seen <= STEADY + within


@pytest.mark.parametrize(
    ("after", "before"), [(names(0.5, 0.3, 0.2, new=0.05), names(0.5, 0.3, 0.2)), (outliers(0.05), outliers(0.0))]
)
def test_what_is_certain_and_matters_is_told_within_one_and_a_half_times_the_rows_that_make_it_certain(
    after: Made, before: Made
) -> None:
    for seed in (1, 2, 3):
        rng = np.random.default_rng(seed)
        reference = side_of(others(rng, REFERENCE_ROWS) | {"t": before(rng, REFERENCE_ROWS)})
        watch = watch_of(reference)
        told(watch, others(rng, STEADY) | {"t": before(rng, STEADY)}, seconds=0.02)
        live = others(rng, 1_200) | {"t": after(rng, 1_200)}
        certain = alarm = 0
        for at in range(0, 1_200, 16):
            said = told(watch, {name: column[at : at + 16] for name, column in live.items()}, seconds=0.02)
            if not certain and watch.views()[-1].evidence >= watch.verdicts.limits.alarm:
                certain = at + 16
            if any(event.report.feature == "t" and event.report.state is State.DRIFT for event in said):
                alarm = at + 16
                break

        assert 0 < certain <= alarm <= 1.5 * certain


@pytest.mark.parametrize("seed", SEEDS)
def test_all_features_stay_quiet_when_a_feature_that_drifted_is_ok_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = {f"n{at}": rng.normal(size=REFERENCE_ROWS).tolist() for at in range(5)}
    live = rng.normal(size=(5, 22_000))
    live[0, 2_000:12_000] += 0.5

    events = told(watch_of(side_of(columns)), dict(zip(columns, live.tolist(), strict=True)), seconds=0.1)

    assert [
        event for event in events if event.report.feature == ALL_FEATURES and event.report.state is State.DRIFT
    ] == []
    assert [event.report.state for event in events if event.report.state in (State.DRIFT, State.OK)] == [
        State.DRIFT,
        State.OK,
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_shift_that_stays_is_one_alarm_and_no_recovery_at_a_row_a_second(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = {f"n{at}": rng.normal(size=REFERENCE_ROWS).tolist() for at in range(5)}
    live = rng.normal(size=(5, 5_000))
    live[0] += 0.4

    events = told(watch_of(side_of(columns)), dict(zip(columns, live.tolist(), strict=True)), seconds=1.0)

    own = [event.report.state for event in events if event.report.feature == "n0"]
    assert own.count(State.DRIFT) == 1
    assert State.OK not in own


def normal_moved(by: float) -> Made:
    return lambda rng, rows: rng.normal(by, 1.0, rows).tolist()


UNDER = {"0.28 sd": (normal_moved(0.0), normal_moved(0.5), normal_moved(0.28)),
         "nulls of 1.45 %": (nulls(0.01), nulls(0.05), nulls(0.0145))}  # fmt: skip
"""Before, what drifts, and what it lessens to: a PSI of 0.08, and a rate that matters from 1.75 % on; both above half of it."""


@pytest.mark.parametrize("kind", UNDER)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_drift_that_lessens_to_just_under_the_gate_becomes_a_warning_and_stays_one(kind: str, seed: int) -> None:
    before, drifted, after = UNDER[kind]
    rng = np.random.default_rng(seed)
    watch = watch_of(side_of(others(rng, 100_000) | {"t": before(rng, 100_000)}))
    live = others(rng, 70_000) | {"t": [*before(rng, STEADY), *drifted(rng, 6_000), *after(rng, 62_000)]}

    states = [event.report.state for event in told(watch, live, seconds=0.1, message=64) if event.report.feature == "t"]

    assert states.count(State.DRIFT) == 1
    assert states[-1] is State.WARNING
    assert State.OK not in states


@pytest.mark.parametrize("seed", SEEDS)
def test_a_drift_that_goes_on_beyond_the_gate_stays_a_drift(seed: int) -> None:
    rng = np.random.default_rng(seed)
    watch = watch_of(side_of(others(rng, REFERENCE_ROWS) | {"t": rng.normal(size=REFERENCE_ROWS).tolist()}))
    live = others(rng, 40_000) | {"t": rng.normal(0.38, 1.0, size=40_000).tolist()}

    states = [event.report.state for event in told(watch, live, seconds=0.1, message=64) if event.report.feature == "t"]

    assert states[-1] is State.DRIFT
    assert states.count(State.DRIFT) == 1


def batches(rng: np.random.Generator, count: int, order: str, shift: float = 0.0) -> dict[str, Column]:
    """Messages of 1,000 rows, the last two of them shifted."""
    values = rng.normal(size=(3, count * 1_000))
    colours = list(names(0.5, 0.3, 0.2)(rng, count * 1_000))
    for at in range(count):
        part = slice(at * 1_000, (at + 1) * 1_000)
        if order == "class":
            colours[part] = sorted(colours[part])
        if order == "number":
            values[0, part].sort()
        if order == "source":
            colours[part] = [f"c{rng.choice(3, p=[0.5, 0.3, 0.2])}"] * 1_000
            values[1, part] = 0.7 * rng.normal() + 0.7 * values[1, part]
    values[0, (count - 2) * 1_000 :] += shift
    return {f"n{at}": column.tolist() for at, column in enumerate(values)} | {"c": colours}


@pytest.mark.parametrize("order", ["class", "number", "source"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_rows_within_a_message_and_what_they_have_in_common_is_no_drift(order: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference = side_of(batches(rng, 10, "none"))

    events = told(watch_of(reference), batches(rng, 30, order), seconds=0.001, message=1_000)

    assert [event for event in events if event.report.state is State.DRIFT] == []


@pytest.mark.parametrize("order", ["none", "class", "source"])
def test_a_shift_is_told_within_two_messages_of_a_thousand_rows(order: str) -> None:
    rng = np.random.default_rng(7)
    reference = side_of(batches(rng, 10, "none"))

    events = told(watch_of(reference), batches(rng, 14, order, shift=0.5), seconds=0.001, message=1_000)

    assert {event.report.feature for event in events if event.report.state is State.DRIFT} - {ALL_FEATURES} == {"n0"}
    assert all(event.rows_seen > 12_000 for event in events if event.report.state is State.DRIFT)


def test_a_change_that_is_certain_and_does_not_matter_is_said_to_be_so() -> None:
    rng = np.random.default_rng(8)
    columns = {f"n{at}": rng.normal(size=200_000) for at in range(2)}
    watch = watch_of(side_of({name: column.tolist() for name, column in columns.items()}))
    live: Floats = rng.normal(size=(2, 30_000))
    live[0] += 0.15
    told(watch, {"n0": live[0].tolist(), "n1": live[1].tolist()}, seconds=0.02, message=60)

    closed = watch.finish(700.0)

    reports = {one.feature: one for event in closed for one in getattr(event, "features", ())}
    assert reports["n0"].state is State.OK
    assert reports["n0"].changed.startswith("certain but too small to matter: effect 0.0")
    assert reports["n0"].changed.endswith(" of 0.1")
    assert (reports["n1"].changed, reports["n0"].criterion) == ("", "")


def test_ten_features_that_are_nearly_always_zero_have_no_relation_that_breaks_in_sixty_thousand_clean_rows() -> None:
    rng = np.random.default_rng(9)

    def sparse(rows: int) -> dict[str, Column]:
        values = np.where(rng.random((10, rows)) < 0.01, rng.exponential(size=(10, rows)), 0.0)
        return {f"x{at}": column.tolist() for at, column in enumerate(values)}

    watch = watch_of(side_of(sparse(REFERENCE_ROWS)))
    said: list[Any] = []
    live = sparse(60_000)
    for at in range(0, 60_000, 60):
        part = {name: column[at : at + 60] for name, column in live.items()}
        said += [*watch.take([frame(part)], at * 0.02), *watch.tick(at * 0.02)]

    assert watch.joint is not None
    assert watch.joint.report is not None, "no batch was tested"
    assert [one for one in said if isinstance(one, JointChanged | VerdictChanged)] == []

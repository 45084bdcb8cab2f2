from __future__ import annotations

import pytest

from harness.observed import STARTED, snapshot
from sidecar.observer.history import History, errors, quantile


def test_a_point_is_the_difference_of_two_snapshots() -> None:
    history = History()
    history.add(snapshot(100, at=STARTED))
    history.add(snapshot(160, at=STARTED + 2))
    (point,) = history.points
    assert point.at == STARTED + 2
    assert point.requests_per_second == 30
    assert point.errors_per_second == 0
    assert point.p50 == pytest.approx(0.0175)
    assert point.added_p50 == pytest.approx(0.0000375)


def test_snapshots_closer_than_a_second_make_no_points() -> None:
    history = History()
    for step in range(9):
        history.add(snapshot(step, at=STARTED + step / 4))
    assert len(history.points) == 2


def test_a_second_without_requests_has_no_latency() -> None:
    history = History()
    history.add(snapshot(100, at=STARTED))
    history.add(snapshot(100, at=STARTED + 1))
    assert history.points[0].requests_per_second == 0
    assert history.points[0].p99 is None


def test_errors_are_answers_of_500_and_models_that_vanished() -> None:
    assert errors(snapshot(5, status=500)) == 5
    assert errors(snapshot(5, status=404)) == 0
    assert errors(snapshot(5, exchanges=(("http1", "upstream_gone", 3), ("http1", "client_gone", 9)))) == 3


def test_a_traffic_process_that_began_anew_makes_no_negative_rates() -> None:
    history = History()
    history.add(snapshot(1000, at=STARTED))
    history.add(snapshot(5, at=STARTED + 60, started_ns=round((STARTED + 59) * 1e9)))
    history.add(snapshot(15, at=STARTED + 61, started_ns=round((STARTED + 59) * 1e9)))
    assert [point.requests_per_second for point in history.points] == [10]


def test_five_minutes_are_kept() -> None:
    history = History()
    for step in range(1000):
        history.add(snapshot(step, at=STARTED + step))
    assert len(history.points) == 300


@pytest.mark.parametrize(
    ("ratio", "counts", "expected"),
    [
        (0.5, (10, 0, 0), 0.5),
        (0.5, (5, 5, 0), 1.0),
        (0.75, (5, 5, 0), 2.0),
        (0.99, (0, 0, 4), 3.0),
        (0.5, (0, 0, 0), None),
        (0.5, (), None),
    ],
)
def test_quantiles_are_linear_within_a_bucket(ratio: float, counts: tuple[int, ...], expected: float | None) -> None:
    assert quantile(ratio, (1.0, 3.0), counts) == expected

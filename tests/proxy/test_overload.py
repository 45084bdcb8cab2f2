"""How much is taken on: descriptors are shared out, budgets add up, and who is turned away is counted and told of."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.proxy.overload import Bounds, Budget, Gate, bounds
from sidecar.proxy.tally import Tally

SPARE = 24


def test_as_many_clients_as_wanted_where_descriptors_allow_it() -> None:
    assert bounds(10_000, 1_048_576, 20) == Bounds(10_000, 256, 64, "connections")


def test_as_many_as_descriptors_allow_where_they_are_few() -> None:
    free = 1024 - 20 - SPARE
    assert bounds(10_000, 1024, 20) == Bounds(
        (free - 2 * (free // 8) - free // 16) // 2, free // 8, free // 16, "descriptors"
    )


@given(st.integers(1, 100_000), st.integers(64, 1 << 21), st.integers(10, 30))
def test_everything_together_never_takes_more_descriptors_than_there_are(wanted: int, limit: int, used: int) -> None:
    made = bounds(wanted, limit, used)
    assert 1 <= made.connections <= wanted
    assert 2 * made.connections + 2 * made.fronts + made.refusals <= max(limit - used - SPARE, 5)


def test_a_budget_is_not_exceeded_and_what_is_given_back_is_there_again() -> None:
    budget = Budget(10)
    assert budget.take(7)
    assert not budget.take(4)
    assert budget.used == 7
    budget.give(7)
    assert budget.take(10)


class Watched:
    """A gate for two clients, its counters, its clock and what it says."""

    def __init__(self, reason: str = "connections") -> None:
        self.tally = Tally(0)
        self.said: list[str] = []
        self.now = 0.0
        self.gate = Gate(Bounds(2, 3, 1, reason), self.tally, lambda: self.now, self.said.append)

    @property
    def refused(self) -> dict[str, int]:
        return {reason: count for reason, count in self.tally.refused.items() if count}


@pytest.mark.parametrize("reason", ["connections", "descriptors"])
def test_those_beyond_the_bound_are_turned_away_and_counted_by_what_bounds(reason: str) -> None:
    watched = Watched(reason)
    assert [watched.gate.admit() for _ in range(4)] == [True, True, False, False]
    assert (watched.gate.open, watched.refused) == (2, {reason: 2})
    watched.gate.left()
    assert watched.gate.admit()
    assert watched.tally.connections_limit == 2


def test_it_is_said_once_a_minute_with_the_number() -> None:
    watched = Watched()
    for at in range(122):
        watched.now = at
        watched.gate.admit()
    assert [line.split(" connections refused (connections)")[0] for line in watched.said] == ["1", "60"]
    assert "2 connections are open, the most that http.max_connections allows" in watched.said[0]


def test_each_reason_is_said_for_itself() -> None:
    watched = Watched()
    watched.gate.front_gave_way()
    watched.gate.paused(OSError(errno.EMFILE, "Too many open files"))
    watched.gate.paused(OSError(errno.EMFILE, "Too many open files"))
    assert (watched.refused, watched.tally.accept_pauses) == ({"admin": 1}, 2)
    assert len(watched.said) == 2
    assert "Too many open files" in watched.said[1]

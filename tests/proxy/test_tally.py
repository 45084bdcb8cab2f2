"""The tally's histograms are those that a naive one would hold, and its labels come from closed sets."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.core.words.snapshot import DURATION_BOUNDS, SHED, Snapshot
from sidecar.proxy.tally import Buckets, Tally, Waiting


def ended(tally: Tally, status: int = 200, duration_ns: int = 1, outcome: Outcome = Outcome.COMPLETE) -> None:
    message = Message(b"", b"", 100)
    tally.ended(Exchange(0, duration_ns, 1, "GET", "/", "/", status, outcome, message, message), added=10)


def snapshot(tally: Tally) -> Snapshot:
    return tally.snapshot(7, ready=True, draining=False, connections=3, waiting=Waiting(4, 5, (6, 0, 0, 0, 0, 0)))


BOUNDS_NS = [round(bound * 1e9) for bound in DURATION_BOUNDS]


@given(st.lists(st.lists(st.integers(0, 2 * 10**10) | st.sampled_from(BOUNDS_NS))))
def test_buckets_equal_a_naive_histogram_however_often_they_are_settled(batches: list[list[int]]) -> None:
    buckets = Buckets(DURATION_BOUNDS, 1e9)
    naive = [0] * (len(DURATION_BOUNDS) + 1)
    for batch in batches:
        for value in batch:
            buckets.pending.append(value)
            naive[sum(bound < value for bound in BOUNDS_NS)] += 1
        buckets.settle()
    frozen = buckets.frozen()
    assert list(frozen.counts) == naive
    assert math.isclose(frozen.total, sum(map(sum, batches)) / 1e9, rel_tol=1e-12)


def test_every_exchange_is_counted_and_only_answered_ones_have_a_duration() -> None:
    tally = Tally(5)
    for _ in range(5000):  # more than may be pending
        ended(tally)
    ended(tally, status=0, outcome=Outcome.CLIENT_GONE)
    ended(tally, status=503, outcome=Outcome.UPSTREAM_REFUSED)
    taken = snapshot(tally)
    assert {(p, o): n for p, o, n in taken.exchanges} == {
        ("http1", "complete"): 5000,
        ("http1", "client_gone"): 1,
        ("http1", "upstream_refused"): 1,
    }
    assert {series.status: sum(series.durations.counts) for series in taken.requests} == {200: 5000, 503: 1}
    (route,) = taken.routes
    assert sum(route.first_byte.counts) == sum(route.request_bytes.counts) == sum(taken.added.counts) == 5001
    assert route.response_bytes.total == 500_100


def test_snapshots_are_cumulative_and_do_not_disturb_one_another() -> None:
    tally = Tally(5)
    ended(tally)
    tally.shed("exchange", "items", 2)
    tally.opaque("tls")
    first, second = snapshot(tally), snapshot(tally)
    assert first == second
    assert ("exchange", "items", 2) in first.shed
    assert {(stage, reason) for stage, reason, _ in first.shed} == set(SHED)  # also where nothing is lost yet
    assert ("opaque", "tls", 1) in first.exchanges
    assert (first.started_ns, first.taken_ns, first.connections, first.handoff_bytes) == (5, 7, 3, 4)


def test_memory_does_not_grow_with_the_number_of_exchanges() -> None:
    tally = Tally(0)
    for _ in range(10_000):
        ended(tally)
        assert len(tally._added.pending) < 2048

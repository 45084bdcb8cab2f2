"""The ledger: every exchange that ended is counted once, and offered if it is worth it, some time after it ended."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from sidecar.core.words.exchange import Exchange, Outcome
from sidecar.handoff.inproc import InprocHandoff
from sidecar.proxy.head import RequestHead, ResponseHead
from sidecar.proxy.in_flight import InFlight
from sidecar.proxy.ledger import Ledger
from sidecar.proxy.overload import Budget
from sidecar.proxy.route import Routes
from sidecar.proxy.tally import Tally, Waiting
from sidecar.proxy.tap import Tap
from sidecar.proxy.trace import Tracer
from sidecar.settings import TapSettings, TraceSettings

ASK = b"POST /predict HTTP/1.1\r\nContent-Length: 3\r\n\r\n"
PROBE = b"GET /healthz HTTP/1.1\r\n\r\n"
ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n"
EPOCH = 1_000


class Books:
    """A ledger with its neighbours; `later` are the calls that it asked for."""

    def __init__(self, **trace: float) -> None:
        self.tally = Tally(0)
        self.tap = Tap(TapSettings(), self.tally, random.Random(1))
        self.heads = Budget(1_000_000)
        self.handoff = InprocHandoff()
        self.flushed = 0
        self.later: list[Callable[[], None]] = []
        self.tracer = Tracer(TraceSettings(endpoint="http://collector", **trace), random.Random(2))  # type: ignore[arg-type]  # one number
        self.ledger = Ledger(self.tally, self.tap, self.heads, self, self.tracer, lambda: EPOCH, self.later.append)

    def offer(self, exchange: Exchange) -> bool:
        return self.handoff.offer(exchange)

    def flush(self) -> None:
        self.flushed += 1

    def begin(self, raw: bytes = ASK, tapped: bool = True, answered: bool = True) -> InFlight:
        exchange = InFlight(RequestHead(raw, raw.lower(), Routes(), frozenset({b"/healthz"})), 10, tapped)
        if not exchange.head.probe:
            self.tally.active_requests += 1
        self.tap.keep(exchange.request, b"abc")
        if answered:
            exchange.answer = ResponseHead(ANSWER, ANSWER.lower(), 201)
            exchange.first_byte = 14
            self.tap.keep(exchange.response, b"de")
        return exchange

    @property
    def outcomes(self) -> dict[str, int]:
        snapshot = self.tally.snapshot(0, ready=True, draining=False, connections=0, waiting=Waiting())
        return {outcome: count for _, outcome, count in snapshot.exchanges if count}


def test_what_is_entered_is_settled_later_and_together() -> None:
    books = Books(sample_ratio=0)
    for _ in range(3):
        books.ledger.enter(books.begin(), Outcome.COMPLETE, 30)
    assert (len(books.later), books.handoff.exchanges, books.flushed) == (1, [], 0)
    assert books.tally.active_requests == 0
    books.later[0]()
    assert (len(books.handoff.exchanges), books.flushed) == (3, 1)
    assert books.outcomes == {"complete": 3}
    books.ledger.enter(books.begin(), Outcome.COMPLETE, 30)
    assert len(books.later) == 2


def test_an_exchange_is_told_with_its_times_heads_bodies_and_sizes() -> None:
    books = Books(sample_ratio=0)
    books.ledger.enter(books.begin(), Outcome.CLIENT_GONE, 30)
    books.ledger.settle()
    (told,) = books.handoff.exchanges
    assert (told.started_ns, told.duration_ns, told.first_byte_ns) == (10 + EPOCH, 20, 4)
    assert (told.method, told.target, told.route, told.status) == ("POST", "/predict", "/predict", 201)
    assert (told.request.head, told.request.body, told.request.body_bytes) == (ASK, b"abc", 3)
    assert (told.response.head, told.response.body, told.response.body_bytes) == (ANSWER, b"de", 2)
    assert (told.outcome, told.trace, books.tap.used) == (Outcome.CLIENT_GONE, None, 0)


def test_without_an_answer_there_is_no_status_no_head_and_no_first_byte() -> None:
    books = Books(sample_ratio=0)
    books.ledger.enter(books.begin(answered=False), Outcome.UPSTREAM_GONE, 30)
    books.ledger.settle()
    (told,) = books.handoff.exchanges
    assert (told.status, told.response.head, told.first_byte_ns) == (0, b"", 0)
    assert books.outcomes == {"upstream_gone": 1}


def test_a_probe_is_in_no_count_and_gives_its_room_back() -> None:
    books = Books()
    books.ledger.enter(books.begin(PROBE), Outcome.COMPLETE, 30)
    books.ledger.settle()
    assert (books.outcomes, books.handoff.exchanges) == ({}, [])
    assert (books.tally.active_requests, books.tap.used) == (0, 0)


@pytest.mark.parametrize(("tapped", "traced", "offered"), [(False, False, 0), (True, False, 1), (False, True, 1)])
def test_only_what_was_tapped_or_traced_is_offered(tapped: bool, traced: bool, offered: int) -> None:
    books = Books(sample_ratio=float(traced))
    exchange = books.begin(tapped=tapped)
    exchange.trace, _ = books.tracer.begin(exchange.head)
    books.ledger.enter(exchange, Outcome.COMPLETE, 30)
    books.ledger.settle()
    assert len(books.handoff.exchanges) == offered
    assert all((told.trace is not None) == traced for told in books.handoff.exchanges)
    assert books.outcomes == {"complete": 1}

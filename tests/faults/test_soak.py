"""The short form of `make soak`, and that a soak notices what it is there to notice."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
import uvloop

from harness import loopback
from harness.program import Metrics
from harness.soak.clients import Book, Client, Failure, compared
from harness.soak.exchanges import BY_NAME, DIFFERS, KINDS, RUBBISH, Kind
from harness.soak.faults import FAULTS
from harness.soak.memory import slope
from harness.soak.soak import Moment, Plan, Result, soak
from harness.soak.stand import Account, account
from sidecar.proxy.conversation import unavailable

SHORT = tuple(fault for fault in FAULTS if fault.short)
ROWS = BY_NAME["rows"]
ANSWER = b"".join(ROWS.answers(3))
NOTICED = ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)


def test_a_short_soak_finds_every_byte_and_every_exchange(tmp_path: Path) -> None:
    plan = Plan(
        seconds=0, every=0, hold=0.1, capacity_seconds=0.5, faults=SHORT, clients=4, settling_seconds=float("inf")
    )
    result = uvloop.run(soak(plan, tmp_path))
    assert result.complaints == []
    assert {moment.fault.name for moment in result.moments} == {fault.name for fault in SHORT}
    assert set(result.book.verified) == set(BY_NAME)
    assert len(result.accounts) == 1 + sum(fault.name.startswith("SIGTERM") for fault in SHORT)


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(KINDS)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize(
    ("came", "what"),
    [
        (ANSWER, ""),
        (NOTICED, ""),
        (ANSWER[:-1] + b"!", "wrong"),
        (b"".join(ROWS.answers(4)), "wrong"),
        (ANSWER + b"x", "wrong"),
        (ANSWER[:-1], "cut"),
        (NOTICED[:-1], "cut"),
        (b"", "unanswered"),
        (b"".join(unavailable("upstream-refused", "", "")), "503"),
        (DIFFERS, "request"),
        *((rubbish, "rubbish") for rubbish in RUBBISH),
    ],
)
def test_an_answer_is_called_what_it_is(came: bytes, what: str) -> None:
    assert compared(came, ANSWER) == what


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("spoilt", [False, True])
def test_a_client_notices_one_byte_that_is_wrong(kind: Kind, spoilt: bool) -> None:
    book = Book()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(9, 9 + kind.depth):
            await reader.readexactly(len(kind.asks(number)))
            answer = b"".join(kind.answers(number))
            at = answer.rindex(b'"')
            writer.write(answer[:at] + b"'" + answer[at + 1 :] if spoilt else answer)
        await writer.drain()

    async def main() -> None:
        async with loopback.model(serve) as port:
            client = Client(lambda: port, book, 0)
            await client.ask(kind, 9)
            client.leave()

    loopback.run(main())
    assert [failure.what for failure in book.failures] == (["wrong"] if spoilt else [])
    assert book.verified == ({} if spoilt else {kind.name: kind.depth})


def result(**changes: object) -> Result:
    """Of a good soak, with something changed."""
    last = Counter(result for kind in KINDS for result in kind.messages * kind.depth * 20)
    good: dict[str, object] = {
        "seconds": 1.0, "capacity": 1.0, "rate": 1.0, "book": Book(), "moments": [], "slopes": {},
        "accounts": [Account(3, 2, 2, {"handoff: observer_gone": 1}, {})],
        "last_observed": 20 * sum(kind.depth for kind in KINDS), "last_results": last,
    }  # fmt: skip
    return Result(**(good | changes))  # type: ignore[arg-type]  # its fields by name


def failing(what: str, began: float) -> Book:
    return Book(failures=[Failure("rows", what, began, began + 0.1)])


def test_a_good_soak_has_no_complaints() -> None:
    assert result().complaints == []


@pytest.mark.parametrize(
    "changes",
    [
        {"book": failing("wrong", 5.0)},
        {"book": failing("503", 50.0)},
        {"book": Book(verified=Counter(rows=3))},
        {"accounts": [Account(3, 2, 2, {}, {})]},
        {"slopes": {"traffic": slope({1: [(at, 1e6 * at) for at in range(100)]}, 0)}},
        {"last_observed": 19},
        {"last_results": Counter(ok=1)},
    ],
    ids=str,
)
def test_what_is_not_as_it_must_be_is_a_complaint(changes: dict[str, object]) -> None:
    refusing = Moment(next(fault for fault in FAULTS if fault.name == "model refuses"), 4.0, 6.0, 0.0)
    assert result(moments=[refusing], book=failing("503", 5.0)).explained == {"model refuses": 1}
    assert len(result(**({"moments": [refusing]} | changes)).complaints) == 1


def test_memory_that_stands_still_has_no_slope_and_memory_that_leaks_has_one() -> None:
    saw = [(at, 50e6 + 1e6 * (at % 7)) for at in range(600)]
    leaking = [(at, size + 10_000 * at) for at, size in saw]
    still, leak = slope({1: saw, 2: saw}, 60), slope({1: leaking, 2: leaking}, 60)
    assert still
    assert not still.grows
    assert leak
    assert leak.grows
    assert leak.bytes_per_hour == pytest.approx(10_000 * 3600, rel=0.1)
    assert slope({1: saw[:50]}, 60) is None


def test_an_account_waits_for_what_the_observer_has_not_acknowledged() -> None:
    ended = 'sidecar_exchanges_total{protocol="http1",outcome="complete"} 4'
    page = f"sidecar_handoff_exchanges 1\n{ended}\nsidecar_observed_total 3\n"
    assert account(Metrics(page)) is None
    closed = account(Metrics(page.replace("exchanges 1", "exchanges 0").replace("total 3", "total 4")))
    assert closed
    assert closed.closed

"""Recorded connections as exchanges: what real clients and real servers said to each other.

The recordings in tests/data/wire are raw bytes, one file per direction. They are run through the proxy's own
conversation, so a test of a decoder sees what the observer would.
"""

from __future__ import annotations

import random
from pathlib import Path

from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.handoff.inproc import InprocHandoff
from sidecar.proxy.conversation import Conversation, Services
from sidecar.proxy.ledger import Ledger
from sidecar.proxy.overload import Budget, Gate, bounds
from sidecar.proxy.route import Routes
from sidecar.proxy.tally import Tally
from sidecar.proxy.tap import Tap
from sidecar.proxy.trace import Tracer
from sidecar.settings import Settings

DATA = Path(__file__).parents[1] / "tests" / "data" / "wire"


def recordings() -> list[str]:
    """The names of all recorded connections."""
    return sorted(path.name.removesuffix(".c2s.bin") for path in DATA.glob("*.c2s.bin"))


def recorded(name: str) -> list[Exchange]:
    """The exchanges of one recorded connection."""
    asked = (DATA / f"{name}.c2s.bin").read_bytes()
    answered = (DATA / f"{name}.s2c.bin").read_bytes()
    settings = Settings()
    tally = Tally(0)
    tap = Tap(settings.tap, tally, random.Random(0))
    heads = Budget(settings.http.head_memory_limit_bytes)
    handoff = InprocHandoff()
    tracer = Tracer(settings.trace, random.Random(0))
    services = Services(
        tally=tally,
        tap=tap,
        tracer=tracer,
        routes=Routes(),
        ledger=Ledger(tally, tap, heads, handoff, tracer, lambda: 0, lambda settle: settle()),
        probes=frozenset(),
        head_limit=settings.http.head_limit_bytes,
        heads=heads,
        gate=Gate(bounds(1, 1024, 0), tally, lambda: 0.0, print),
    )
    conversation = Conversation(services)
    conversation.from_client(asked, 1)
    conversation.forwarded(conversation.from_upstream(answered, 2), 2)
    conversation.forwarded(conversation.upstream_eof(2), 2)
    conversation.closed(by_upstream=True, now=3)
    return handoff.exchanges


def exchange(
    path: str,
    request: bytes,
    response: bytes = b"{}",
    content_type: bytes = b"application/json",
    headers: bytes = b"",
    method: str = "POST",
) -> Exchange:
    """An exchange made by hand."""
    request_head = b"%s %s HTTP/1.1\r\nHost: m\r\nContent-Type: %s\r\n%s\r\n" % (
        method.encode(), path.encode(), content_type, headers,
    )  # fmt: skip
    response_head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    return Exchange(
        started_ns=0,
        duration_ns=0,
        first_byte_ns=0,
        method=method,
        target=path,
        route=path,
        status=200,
        outcome=Outcome.COMPLETE,
        request=Message(request_head, request, len(request)),
        response=Message(response_head, response, len(response)),
    )

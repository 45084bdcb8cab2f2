"""A conversation without sockets: its parts put together as the traffic process does, with a clock set by hand."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from sidecar.core.words.exchange import Exchange
from sidecar.core.words.snapshot import Snapshot
from sidecar.handoff.inproc import InprocHandoff
from sidecar.proxy.conversation import Conversation, Services, Step
from sidecar.proxy.head import HeadCache
from sidecar.proxy.ledger import Ledger
from sidecar.proxy.overload import Bounds, Budget, Gate
from sidecar.proxy.route import Routes
from sidecar.proxy.tally import Tally, Waiting
from sidecar.proxy.tap import Tap
from sidecar.proxy.trace import Tracer
from sidecar.settings import Settings, TapSettings, TraceSettings

EPOCH = 1_000_000
"""Unix time, in ns, at which the clock of these tests is zero."""


_ALLOWED = Bounds(1000, 100, 10, "connections")


class Forgetful(HeadCache[Any]):
    """Remembers no head, so that everything goes through the watchers."""

    def remember(self, head: Any) -> None:
        """Forget it."""


class Talk:
    """One conversation and what became of it. Each call takes 1 ns of the clock."""

    def __init__(self, services: Services | None = None, **changes: Any) -> None:
        self.services = services or make_services(**changes)
        self.conversation = Conversation(self.services)
        self.now = 0
        self.to_upstream = b""
        self.to_client = b""

    def client(self, data: bytes) -> bytes:
        """The client sends `data`; returns what the model gets."""
        self.now += 1
        step = self.conversation.from_client(data, self.now)
        self.to_upstream += step.out
        return step.out

    def upstream(self, data: bytes) -> bytes:
        """The model sends `data`; returns what the client gets."""
        self.now += 1
        return self._to_client(self.conversation.from_upstream(data, self.now))

    def upstream_eof(self) -> None:
        """The model sends no more."""
        self.now += 1
        self._to_client(self.conversation.upstream_eof(self.now))

    def client_eof(self) -> None:
        """The client sends no more."""
        self.to_upstream += self.conversation.client_eof()

    def close(self, by_upstream: bool = False) -> list[Exchange]:
        """The connection is gone; returns all exchanges that were offered."""
        self.now += 1
        self.conversation.closed(by_upstream, self.now)
        return self.exchanges

    @property
    def exchanges(self) -> list[Exchange]:
        """What was offered so far."""
        handoff = self.services.ledger._handoff
        assert isinstance(handoff, InprocHandoff)
        return handoff.exchanges

    @property
    def counts(self) -> dict[tuple[str, str], int]:
        """`sidecar_exchanges_total` so far, without the zeros."""
        return {(protocol, outcome): count for protocol, outcome, count in self.snapshot.exchanges if count}

    @property
    def snapshot(self) -> Snapshot:
        """The tally."""
        return self.services.tally.snapshot(0, ready=True, draining=False, connections=0, waiting=Waiting())

    def _to_client(self, step: Step) -> bytes:
        self.now += 1
        self.conversation.forwarded(step, self.now)
        self.to_client += step.out
        return step.out


def make_services(
    tap: TapSettings | None = None,
    trace: TraceSettings | None = None,
    probes: tuple[bytes, ...] = (b"/healthz",),
    head_limit: int = 4096,
    remember: bool = True,
    draining: bool = False,
    allowed: Bounds = _ALLOWED,
    head_memory: int = 1_000_000,
) -> Services:
    """What conversations share; the books are done at once."""
    settings = Settings()
    tally = Tally(0)
    tapped = Tap(tap or settings.tap, tally, random.Random(1))
    tracer = Tracer(trace or settings.trace, random.Random(2))
    heads = Budget(head_memory)
    services = Services(
        tally=tally,
        tap=tapped,
        tracer=tracer,
        routes=Routes(),
        ledger=Ledger(tally, tapped, heads, InprocHandoff(), tracer, lambda: EPOCH, lambda settle: settle()),
        probes=frozenset(probes),
        head_limit=head_limit,
        heads=heads,
        gate=Gate(allowed, tally, lambda: 0.0, lambda line: None),
        draining=draining,
    )
    if not remember:
        services.request_heads = Forgetful()
        services.response_heads = Forgetful()
    return services


def timeless(exchanges: list[Exchange]) -> list[Exchange]:
    """Without what depends on how the bytes were cut into reads."""
    return [msgspec.structs.replace(each, started_ns=0, duration_ns=0, first_byte_ns=0) for each in exchanges]

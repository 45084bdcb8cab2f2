"""What is said on one client connection: joins both directions into exchanges. Sans-io.

The splice hands in each read and gets a `Step` back: what to write to the other side, and what to do then. Exchanges that
ended are entered in the ledger only once their last byte was written (`forwarded`), so that no client waits for the
bookkeeping. A read that is exactly one message with a head that the parser confirmed before (see `HeadCache`) does not
go through the watchers; every other does. Time is an argument: nanoseconds of a monotonic clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from sidecar.core.words.exchange import Outcome
from sidecar.proxy.head import BLANK_LINE, HeadCache, RequestHead, ResponseHead
from sidecar.proxy.http1 import IDLE, OPAQUE, RequestWatcher, ResponseWatcher
from sidecar.proxy.in_flight import InFlight
from sidecar.proxy.ledger import Ledger
from sidecar.proxy.overload import Budget, Gate
from sidecar.proxy.route import Routes
from sidecar.proxy.tally import Tally
from sidecar.proxy.tap import Tap
from sidecar.proxy.trace import Tracer

_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n"
_TLS_HANDSHAKE = b"\x16\x03"
_CLOSE_LINE = b"Connection: close\r\n"


def unavailable(error: str, title: str, detail: str) -> tuple[bytes, bytes]:
    """Head and body of a 503 by the sidecar itself: `error` in `x-sidecar-error`, the rest as problem details (RFC 9457)."""
    body = f'{{"type":"about:blank","title":"{title}","status":503,"detail":"{detail}"}}'.encode()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n"
        f"x-sidecar-error: {error}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode(), body


_REFUSED_HEAD, _REFUSED_BODY = unavailable(
    "upstream-refused",
    "Model unavailable",
    "drift-sidecar could not connect to the model. Is it running, and does `upstream` name its port?",
)
_REFUSED = ResponseHead(_REFUSED_HEAD, _REFUSED_HEAD.lower(), 503)


def speaks_otherwise(data: bytes) -> bool:
    """Whether a client begins with what is not HTTP/1 for sure: TLS, or HTTP/2 without asking."""
    return data.startswith((_HTTP2_PREFACE, _TLS_HANDSHAKE))


@dataclass
class Services:
    """What all conversations share."""

    tally: Tally
    tap: Tap
    tracer: Tracer
    routes: Routes
    ledger: Ledger
    probes: frozenset[bytes]
    head_limit: int
    heads: Budget
    """Of the heads of all messages under way."""
    gate: Gate
    draining: bool = False
    request_heads: HeadCache[RequestHead] = field(default_factory=HeadCache)
    response_heads: HeadCache[ResponseHead] = field(default_factory=HeadCache)


class Step(msgspec.Struct, frozen=True, gc=False):
    """What the splice is to do about one read, in this order."""

    asked: InFlight | None
    """Note in `added` how long this exchange was held here, up to now. (The last that the read began, if any.)"""
    out: bytes
    """Write this to the other side."""
    ended: Sequence[InFlight]
    """The exchanges whose last byte is in `out`: pass them to `forwarded`."""
    close: bool
    """Close the client's connection."""


class Conversation:
    """One client connection and the connection to the model that is tied to it."""

    __slots__ = (
        "_answering", "_asked", "_asking", "_ended", "_in_flight", "_now", "_requests", "_responses", "_services",
        "_to_blame", "closing",
    )  # fmt: skip

    def __init__(self, services: Services) -> None:
        self._services = services
        self._in_flight: deque[InFlight] = deque()
        self._asking: InFlight | None = None  # whose request body is coming
        self._answering: InFlight | None = None  # whose response is coming; None for interim ones and those to nothing
        self._asked: InFlight | None = None  # the last that this read began
        self._ended: list[InFlight] = []  # those that this read ended
        self._requests = RequestWatcher(_Asking(self), services.head_limit, services.heads)
        self._responses = ResponseWatcher(_Answering(self), services.head_limit, services.heads)
        self._to_blame: Outcome | None = None  # of the side that was the first to end; None while both may speak
        self._now = 0
        self.closing = False
        """We are draining, and the client was told or is about to be: close when nothing is in flight."""

    @property
    def idle(self) -> bool:
        """Nothing is in flight in either direction (an opaque connection is never idle)."""
        return not (self._in_flight or self._requests.underway)

    @property
    def answered(self) -> bool:
        """Every request that came has its whole response."""
        return not (self._in_flight or self._responses.underway)

    def from_client(self, data: bytes, now: int) -> Step:
        """What to do about `data`, which was read from the client at `now`."""
        self._now = now
        services = self._services
        end = data.find(BLANK_LINE) + 4
        known = services.request_heads.get(data[:end])
        if known is None or end + known.length != len(data) or self._requests.state is not IDLE:
            out = self._watch_client(data)
        else:
            line = self._ask(known)
            if known.length and self._requests.state is IDLE:  # else there was no memory for its head
                services.tap.keep(self._in_flight[-1].request, data[end:])
            out = b"".join((data[: end - 2], line, data[end - 2 :])) if line else data
        asked, self._asked = self._asked, None
        return Step(asked, out, (), self.closing and self.idle)

    def from_upstream(self, data: bytes, now: int) -> Step:
        """What to do about `data`, which was read from the model at `now`."""
        self._now = now
        if not self._in_flight:
            return self._answered(self._responses.feed(data))
        exchange = self._in_flight[0]
        if not exchange.first_byte:
            exchange.first_byte = now
        end = data.find(BLANK_LINE) + 4
        services = self._services
        known = services.response_heads.get(data[:end])
        if (
            known is None
            or end + known.length != len(data)
            or self._responses.state is not IDLE
            or services.draining
            or not exchange.head.plainly_answered
        ):
            return self._answered(self._responses.feed(data))
        exchange.answer = known
        services.tap.keep(exchange.response, data[end:])
        self._answering = None
        self._in_flight.popleft()
        return Step(None, data, (exchange,), self.closing and self.idle)

    def forwarded(self, step: Step, now: int) -> None:
        """`step.out` was handed to the kernel at `now`: enter what ended with it."""
        spent = now - self._now
        ledger = self._services.ledger
        for exchange in step.ended:
            exchange.added += spent
            ledger.enter(exchange, Outcome.COMPLETE, now)

    def client_eof(self) -> bytes:
        """The client sends no more; returns what was held back."""
        self._first_to_end(Outcome.CLIENT_GONE)
        return self._requests.release()

    def upstream_eof(self, now: int) -> Step:
        """The model sends no more; a body that ends with the connection is complete now."""
        self._now = now
        held = self._responses.release()
        answering = self._answering
        if answering is not None and answering.answer is not None and answering.answer.until_close:
            self._end()
        self._first_to_end(Outcome.UPSTREAM_GONE)
        return self._answered(held)

    def refuse(self, data: bytes, now: int) -> Step:
        """What to do about `data` from the client when the model does not accept connections.

        Once the first head is whole, that is our own answer. It closes the connection, so requests that were pipelined
        behind the first end with it, unanswered. What is not HTTP/1 is closed without a word.
        """
        self.from_client(data, now)
        if not self._in_flight:
            return Step(None, b"", (), self._requests.state is OPAQUE)
        exchange = self._in_flight[0]
        exchange.answer = _REFUSED
        self._services.tap.keep(exchange.response, _REFUSED_BODY)
        self._all_ended(Outcome.UPSTREAM_REFUSED, now)
        return Step(None, _REFUSED_HEAD + _REFUSED_BODY, (), True)

    def closed(self, by_upstream: bool, now: int) -> None:
        """The connection is gone; whatever is in flight ends here.

        To blame is the side that was the first to end, by its last byte or by its socket. A model that is told of its
        client's end often closes before we do.
        """
        self._all_ended(self._first_to_end(Outcome.UPSTREAM_GONE if by_upstream else Outcome.CLIENT_GONE), now)
        self._asking = self._answering = None
        self._requests.close()
        self._responses.close()

    def _first_to_end(self, outcome: Outcome) -> Outcome:
        """A side has ended, which would be `outcome`; returns the outcome by the side that was the first."""
        self._to_blame = self._to_blame or outcome
        return self._to_blame

    def _all_ended(self, outcome: Outcome, now: int) -> None:
        while self._in_flight:
            self._services.ledger.enter(self._in_flight.popleft(), outcome, now)

    def _watch_client(self, data: bytes) -> bytes:
        if self._asking is None and speaks_otherwise(data):
            self._requests.give_up("tls" if data.startswith(_TLS_HANDSHAKE) else "http2")
        return self._requests.feed(data)

    def _answered(self, out: bytes) -> Step:
        """The step after a read from the model."""
        ended: Sequence[InFlight] = ()
        if self._ended:
            ended, self._ended = self._ended, []
        return Step(None, out, ended, self.closing and self.idle)

    def _ask(self, head: RequestHead) -> bytes:
        """A request begins; returns the line to insert at the end of its head."""
        services = self._services
        if not services.heads.take(head.cost):
            self._requests.give_up("memory")
            return b""
        tap = services.tap
        exchange = InFlight(head, self._now, head.tabular and not head.probe and (tap.everything or tap.chooses()))
        self._in_flight.append(exchange)
        self._asking = exchange
        if head.probe:
            return b""
        services.tally.active_requests += 1
        self._asked = exchange
        if not services.tracer.enabled:
            return b""
        exchange.trace, line = services.tracer.begin(head)
        return line

    def _end(self) -> None:
        """The oldest exchange has its whole response."""
        self._answering = None
        self._ended.append(self._in_flight.popleft())

    def _give_up_requests(self, reason: str) -> None:
        """Requests are watched no more. Answers to those that came before still are."""
        self._services.tally.opaque(reason)
        if not self._in_flight:
            self._responses.stop()

    def _give_up_responses(self, reason: str) -> None:
        if self._requests.state is not OPAQUE:
            self._services.tally.opaque(reason)
            self._requests.stop()
        self._answering = None
        self._all_ended(Outcome.OPAQUE, self._now)


class _Asking:
    """Owner of the request watcher."""

    __slots__ = ("_conversation",)

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def on_head(self, raw: bytes, lowered: bytes) -> bytes:
        conversation = self._conversation
        services = conversation._services
        head = RequestHead(raw, lowered, services.routes, services.probes)
        services.request_heads.remember(head)
        return conversation._ask(head)

    def on_body(self, piece: bytes) -> None:
        conversation = self._conversation
        if conversation._asking is not None:
            conversation._services.tap.keep(conversation._asking.request, piece)

    def on_end(self) -> None:
        pass  # an exchange ends with its response

    def on_opaque(self, reason: str) -> None:
        self._conversation._give_up_requests(reason)


class _Answering:
    """Owner of the response watcher."""

    __slots__ = ("_conversation",)

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def on_head(self, raw: bytes, lowered: bytes) -> bytes:
        conversation = self._conversation
        status = conversation._responses.status
        interim = 100 <= status < 200 and status != 101
        if interim or not conversation._in_flight:  # a server may also speak unasked, e.g. 408 before it closes
            return b""
        conversation._answering = exchange = conversation._in_flight[0]
        if not conversation._services.heads.take(len(raw)):
            conversation._responses.give_up("memory")
            return b""
        exchange.held += len(raw)
        exchange.answer = head = ResponseHead(raw, lowered, status)
        exchange.first_byte = exchange.first_byte or conversation._now
        if status == 101 or (exchange.head.method == "CONNECT" and 200 <= status < 300):
            conversation._end()
            conversation._responses.give_up("upgrade" if status == 101 else "connect")
            return b""
        conversation._services.response_heads.remember(head)
        conversation._responses.bodyless = exchange.head.method == "HEAD"
        if not conversation._services.draining:
            return b""
        conversation.closing = True
        return b"" if head.closes else _CLOSE_LINE

    def on_body(self, piece: bytes) -> None:
        conversation = self._conversation
        if conversation._answering is not None:
            conversation._services.tap.keep(conversation._answering.response, piece)

    def on_end(self) -> None:
        conversation = self._conversation
        if conversation._answering is None:
            return
        conversation._end()
        if conversation._requests.state is OPAQUE and not conversation._in_flight:
            conversation._responses.stop()

    def on_opaque(self, reason: str) -> None:
        self._conversation._give_up_responses(reason)

"""What is said on one client connection: joins both directions into exchanges, tallies and offers them. Sans-io.

The splice hands in what it read and forwards what it gets back; only after that does it call `forwarded`, where the
finished exchanges are entered in the ledger, so that no client waits for the books. A read that is exactly one message
with a head that the parser confirmed before (see `HeadCache`) takes a short way past the watchers; everything else
goes through them. Time is an argument: nanoseconds of a monotonic clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from sidecar.core.words.exchange import Outcome
from sidecar.proxy.head import BLANK_LINE, HeadCache, RequestHead, ResponseHead
from sidecar.proxy.http1 import RequestWatcher, ResponseWatcher
from sidecar.proxy.ledger import InFlight, Ledger
from sidecar.proxy.route import Routes
from sidecar.proxy.tally import Tally
from sidecar.proxy.tap import Tap
from sidecar.proxy.trace import Tracer

_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n"
_TLS_HANDSHAKE = b"\x16\x03"
_CLOSE_LINE = b"Connection: close\r\n"

_REFUSED_BODY = (
    b'{"type":"about:blank","title":"Model unavailable","status":503,'
    b'"detail":"drift-sidecar could not connect to the model. Is it running, and does `upstream` name its port?"}'
)
_REFUSED_HEAD = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n"
    b"x-sidecar-error: upstream-refused\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(_REFUSED_BODY)
)
_REFUSED = ResponseHead(_REFUSED_HEAD, _REFUSED_HEAD.lower(), 503)


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
    draining: bool = False
    request_heads: HeadCache[RequestHead] = field(default_factory=HeadCache)
    response_heads: HeadCache[ResponseHead] = field(default_factory=HeadCache)


class Conversation:
    """One client connection and the connection to the model that is tied to it."""

    __slots__ = (
        "_answering", "_asking", "_ended", "_in_flight", "_now", "_requests", "_responses", "_services",
        "_upstream_done", "asked", "closing", "fresh",
    )  # fmt: skip

    def __init__(self, services: Services) -> None:
        self._services = services
        self._in_flight: deque[InFlight] = deque()
        self._asking: InFlight | None = None  # whose request body is coming
        self._answering: InFlight | None = None  # whose response is coming; None for interim ones and those to nothing
        self._ended: list[InFlight] = []
        self._requests = RequestWatcher(_Asking(self), services.head_limit)
        self._responses = ResponseWatcher(_Answering(self), services.head_limit)
        self._upstream_done = False
        self._now = 0
        self.asked: InFlight | None = None
        """The exchange whose head was in the last read from the client, until the splice has noted the time it took."""
        self.fresh = False
        """`forwarded` has something to do."""
        self.closing = False
        """A response said `Connection: close` on our behalf: close when nothing is in flight."""

    @property
    def idle(self) -> bool:
        """Nothing is in flight in either direction (an opaque connection is never idle)."""
        return not (self._in_flight or self._requests.underway)

    @property
    def answered(self) -> bool:
        """Every request that came has its whole response."""
        return not (self._in_flight or self._responses.underway)

    @property
    def opaque(self) -> bool:
        """The client's direction is forwarded and watched no more."""
        return self._requests.opaque

    def from_client(self, data: bytes, now: int) -> bytes:
        """What to forward to the model for what was read from the client."""
        self._now = now
        end = data.find(BLANK_LINE) + 4
        known = self._services.request_heads.get(data[:end])
        if known is None or end + known.length != len(data) or not self._requests.idle:
            return self._watch_client(data)
        line = self._ask(known)
        if known.length and self._asking is not None:
            self._services.tap.keep(self._asking.request, data[end:])
        return b"".join((data[: end - 2], line, data[end - 2 :])) if line else data

    def from_upstream(self, data: bytes, now: int) -> bytes:
        """What to forward to the client for what was read from the model."""
        self._now = now
        if not self._in_flight:
            return self._responses.feed(data)
        exchange = self._in_flight[0]
        if not exchange.first_byte:
            exchange.first_byte = now
        end = data.find(BLANK_LINE) + 4
        services = self._services
        known = services.response_heads.get(data[:end])
        if (
            known is None
            or end + known.length != len(data)
            or not self._responses.idle
            or services.draining
            or not exchange.head.plainly_answered
        ):
            return self._responses.feed(data)
        exchange.answer = known
        services.tap.keep(exchange.response, data[end:])
        self._end()
        return data

    def forwarded(self, now: int) -> None:
        """What was read at the last call was handed to the kernel at `now`: settle what ended in it."""
        self.fresh = False
        spent = now - self._now
        ledger = self._services.ledger
        for exchange in self._ended:
            exchange.added += spent
            ledger.enter(exchange, Outcome.COMPLETE, now)
        self._ended.clear()

    def client_eof(self) -> bytes:
        """The client sends no more; returns what was held back."""
        return self._requests.release()

    def upstream_eof(self, now: int) -> bytes:
        """The model sends no more; a body that ends with the connection is complete now."""
        self._now = now
        held = self._responses.release()
        answering = self._answering
        if answering is not None and answering.answer is not None and answering.answer.until_close:
            self._end()
        self._upstream_done = True
        return held

    def refused(self, now: int) -> bytes:
        """The model does not accept connections: our own answer to the request that came, once its head is whole.

        It closes the connection, so requests that were pipelined behind the first end with it, unanswered.
        """
        if not self._in_flight:
            return b""
        exchange = self._in_flight[0]
        exchange.answer = _REFUSED
        exchange.first_byte = now
        self._services.tap.keep(exchange.response, _REFUSED_BODY)
        self._all_ended(Outcome.UPSTREAM_REFUSED, now)
        return _REFUSED_HEAD + _REFUSED_BODY

    def closed(self, by_upstream: bool, now: int) -> None:
        """The connection is gone; whatever is in flight ends here.

        Once the model had sent its last byte, it is to blame for what had no answer, whoever closes first.
        """
        self.forwarded(now)
        gone = by_upstream or self._upstream_done
        self._all_ended(Outcome.UPSTREAM_GONE if gone else Outcome.CLIENT_GONE, now)
        self._asking = self._answering = None
        self._requests.close()
        self._responses.close()

    def _all_ended(self, outcome: Outcome, now: int) -> None:
        while self._in_flight:
            self._services.ledger.enter(self._in_flight.popleft(), outcome, now)

    def _watch_client(self, data: bytes) -> bytes:
        if self._asking is None and data.startswith((_HTTP2_PREFACE, _TLS_HANDSHAKE)):
            self._requests.give_up("tls" if data.startswith(_TLS_HANDSHAKE) else "http2")
        return self._requests.feed(data)

    def _ask(self, head: RequestHead) -> bytes:
        """A request begins; returns the line to insert at the end of its head."""
        services = self._services
        tap = services.tap
        exchange = InFlight(head, self._now, head.tabular and not head.probe and (tap.everything or tap.chooses()))
        self._in_flight.append(exchange)
        self._asking = exchange
        if head.probe:
            return b""
        services.tally.active_requests += 1
        self.asked = exchange
        if not services.tracer.enabled:
            return b""
        exchange.trace, line = services.tracer.begin(head)
        return line

    def _end(self) -> None:
        """The oldest exchange has its whole response."""
        self._answering = None
        self._ended.append(self._in_flight.popleft())
        self.fresh = True

    def _give_up_requests(self, reason: str) -> None:
        """Requests are watched no more. Answers to those that came before still are."""
        self._services.tally.opaque(reason)
        if not self._in_flight:
            self._responses.stop()

    def _give_up_responses(self, reason: str) -> None:
        if not self._requests.opaque:
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
        if conversation._requests.opaque and not conversation._in_flight:
            conversation._responses.stop()

    def on_opaque(self, reason: str) -> None:
        self._conversation._give_up_responses(reason)

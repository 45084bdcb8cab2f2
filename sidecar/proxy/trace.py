"""Trace context: continue the client's (W3C or B3), or begin one and tell the model with one line.

Ids are minted here because the model must see them before it answers; the spans are made later by the observer. What the
client sent is never touched: our span becomes a child of the client's, and so do the model's. See
https://www.w3.org/TR/trace-context/#traceparent-header and https://github.com/openzipkin/b3-propagation.
"""

from __future__ import annotations

import random
import re
from typing import NamedTuple

from sidecar.core.words.exchange import Outcome, Trace
from sidecar.proxy.head import RequestHead, value_of
from sidecar.settings import TraceSettings

_TRACEPARENT = re.compile(
    rb"\r\ntraceparent:[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[!-~]*)?[ \t]*\r\n"
)
_B3 = re.compile(rb"([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-[0-9a-f]{16})?)?")
_B3_TRACE = re.compile(rb"[0-9a-f]{16}|[0-9a-f]{32}")
_B3_SPAN = re.compile(rb"[0-9a-f]{16}")
_LINE = b"traceparent: 00-%032x-%016x-0%d\r\n"
_RANDOM_MASK = 2**56 - 1
"""The rightmost 56 bits of a trace id are random (W3C level 2), so all who sample by ratio agree."""


class _Parent(NamedTuple):
    """What the client said; `sampled` is None where it left that to others."""

    trace_id: str
    span_id: str
    sampled: bool | None


class Tracer:
    """Decides by parent or by ratio, and again at the end by what became of the exchange; mints ids."""

    def __init__(self, settings: TraceSettings, rng: random.Random) -> None:
        self.enabled = bool(settings.endpoint)
        """Spans are exported at all."""
        self._insert = settings.insert_context
        self._threshold = round(settings.sample_ratio * 2**56)
        self._errors = settings.errors
        self._slow_ns = settings.slow_seconds * 1e9 or float("inf")
        self._bits = rng.getrandbits

    def begin(self, head: RequestHead) -> tuple[Trace | None, bytes]:
        """The trace of a request with this head, `sampled` or not yet; and the line to insert, if any."""
        if head.traced:
            return self._continued(head.raw.lower()), b""
        trace_id, span_id = self._bits(128), self._bits(64)
        sampled = trace_id & _RANDOM_MASK < self._threshold
        line = _LINE % (trace_id, span_id, sampled) if self._insert else b""
        return Trace(f"{trace_id:032x}", f"{span_id:016x}", "", sampled), line

    def end(self, trace: Trace, status: int, outcome: Outcome, duration_ns: int) -> Trace | None:
        """The trace of an exchange that ended so, if it is worth a span."""
        failed = status >= 500 or (outcome is not Outcome.COMPLETE and outcome is not Outcome.OPAQUE)
        if trace.sampled or (failed and self._errors) or duration_ns >= self._slow_ns:
            return trace if trace.sampled else Trace(trace.trace_id, trace.span_id, trace.parent_id, True)
        return None

    def _continued(self, lowered: bytes) -> Trace | None:
        parent = _w3c(lowered) if b"\r\ntraceparent:" in lowered else _b3(lowered)
        if parent is None or not int(parent.trace_id, 16) or not int(parent.span_id, 16):
            return None
        by_ratio = int(parent.trace_id, 16) & _RANDOM_MASK < self._threshold
        sampled = by_ratio if parent.sampled is None else parent.sampled
        return Trace(parent.trace_id, f"{self._bits(64):016x}", parent.span_id, sampled)


def _w3c(lowered: bytes) -> _Parent | None:
    found = _TRACEPARENT.search(lowered)
    if not found or found[1] == b"ff" or (found[1] == b"00" and found[5]):
        return None
    return _Parent(found[2].decode(), found[3].decode(), bool(int(found[4], 16) & 1))


def _b3(lowered: bytes) -> _Parent | None:
    """The single line, or the several ones. A trace id of 64 bits is filled up with zeros on the left."""
    single = _B3.fullmatch(value_of(lowered, b"b3"))
    if single:
        return _Parent(single[1].decode().zfill(32), single[2].decode(), single[3] != b"0" if single[3] else None)
    trace_id, span_id = value_of(lowered, b"x-b3-traceid"), value_of(lowered, b"x-b3-spanid")
    if not _B3_TRACE.fullmatch(trace_id) or not _B3_SPAN.fullmatch(span_id):
        return None
    said = value_of(lowered, b"x-b3-sampled")
    if value_of(lowered, b"x-b3-flags") == b"1":
        said = b"1"
    sampled = None if not said else said in (b"1", b"true")
    return _Parent(trace_id.decode().zfill(32), span_id.decode(), sampled)

"""W3C trace context: continue the client's, or begin one and tell the model with one line.

Ids are minted here because the model must see them before it answers; the spans are made later by the observer. A
`traceparent` that the client sent is never touched: our span becomes a child of the client's, and so do the model's.
See https://www.w3.org/TR/trace-context/#traceparent-header.
"""

from __future__ import annotations

import random
import re

from sidecar.core.exchange import Trace
from sidecar.proxy.head import RequestHead
from sidecar.settings import TraceSettings

_TRACEPARENT = re.compile(
    rb"\r\ntraceparent:[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[!-~]*)?[ \t]*\r\n"
)
_ZEROS = "0" * 32
_LINE = b"traceparent: 00-%032x-%016x-0%d\r\n"
_RANDOM_MASK = 2**56 - 1
"""The rightmost 56 bits of a trace id are random (W3C level 2), so all who sample by ratio agree."""


class Tracer:
    """Decides by parent or by ratio; mints ids."""

    def __init__(self, settings: TraceSettings, rng: random.Random) -> None:
        self.enabled = bool(settings.endpoint)
        """Spans are exported at all."""
        self._insert = settings.insert_context
        self._threshold = round(settings.sample_ratio * 2**56)
        self._bits = rng.getrandbits

    def begin(self, head: RequestHead) -> tuple[Trace | None, bytes]:
        """The trace of a request with this head, if it is sampled; and the line to insert, if any."""
        if head.traced:
            return self._continued(head.raw.lower()), b""
        trace_id, span_id = self._bits(128), self._bits(64)
        sampled = trace_id & _RANDOM_MASK < self._threshold
        line = _LINE % (trace_id, span_id, sampled) if self._insert else b""
        return (Trace(f"{trace_id:032x}", f"{span_id:016x}", "", True) if sampled else None), line

    def _continued(self, lowered: bytes) -> Trace | None:
        found = _TRACEPARENT.search(lowered)
        if not found or found[1] == b"ff" or (found[1] == b"00" and found[5]) or not int(found[4], 16) & 1:
            return None
        trace_id, parent_id = found[2].decode(), found[3].decode()
        if trace_id == _ZEROS or parent_id == _ZEROS[:16]:
            return None
        return Trace(trace_id, f"{self._bits(64):016x}", parent_id, True)

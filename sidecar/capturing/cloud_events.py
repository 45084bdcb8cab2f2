"""A record of an exchange as two CloudEvents in binary mode over HTTP, shaped as those of KServe's logger: headers and bodies.
Pure.

Types and extensions are those of `pkg/logger/worker.go` in https://github.com/kserve/kserve: `inferenceservicename`,
`namespace`, `component`, `endpoint`, `metadata`. Both events have one id, so request and response are joined by it; id and
type together tell a repeated event. What KServe leaves out is added: the status, the response's own content type, answers that
are no 200, the trace (the extension `traceparent`), and whether a body is incomplete. The id is made of the record, so it is
the same after a restart. Sources:
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md (3.1, 3.1.3.2 for the encoding).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

from sidecar.core.reading.capture import loads
from sidecar.core.reading.payload import payload
from sidecar.core.words.exchange import Exchange, Message
from sidecar.errors import DecodeError
from sidecar.plain_text import printable

REQUEST_TYPE = "org.kubeflow.serving.inference.request"
RESPONSE_TYPE = "org.kubeflow.serving.inference.response"
_INFLATED_BYTES = 16_777_216
_ID_BYTES = 16
_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in ' "%')
"""What a header may carry unescaped (3.1.3.2)."""


class HttpEvent(NamedTuple):
    """What is to be posted."""

    headers: dict[str, str]
    body: bytes


class Origin(NamedTuple):
    """Who speaks: the source, and what KServe calls the model's place."""

    source: str
    inferenceservicename: str
    namespace: str
    component: str
    endpoint: str


def events(line: bytes, origin: Origin) -> tuple[HttpEvent, HttpEvent]:
    """The request's and the response's event of a line that `capture.encode` made. Raises DataError."""
    exchange = loads(line, "a line of the spool")
    shared = {
        "specversion": "1.0",
        "id": hashlib.blake2b(line, digest_size=_ID_BYTES).hexdigest(),
        "metadata": "{}",
        **origin._asdict(),
        "httpmethod": exchange.method,
        "httppath": exchange.path,
        "httproute": exchange.route,
        "traceparent": _traceparent(exchange),
    }
    ended_ns = exchange.started_ns + exchange.duration_ns
    answered = {
        "type": RESPONSE_TYPE,
        "time": _time(ended_ns),
        "statuscode": str(exchange.status or ""),
        "outcome": exchange.outcome.value,
    }
    request = _event(shared | {"type": REQUEST_TYPE, "time": _time(exchange.started_ns)}, exchange.request)
    return request, _event(shared | answered, exchange.response)


def _event(attributes: dict[str, str], message: Message) -> HttpEvent:
    """Attributes without a value are left out, since none may be empty."""
    if message.truncated:
        attributes = attributes | {"truncated": "true"}
    headers = {f"ce-{name}": quote(value, safe=_PLAIN) for name, value in attributes.items() if value}
    if content_type := message.header(b"content-type"):
        headers["content-type"] = printable(content_type.decode("latin-1"))
    try:
        return HttpEvent(headers, payload(message, _INFLATED_BYTES))
    except DecodeError:  # cut, or in a coding that is not read: as it was
        if coding := message.header(b"content-encoding"):
            headers["content-encoding"] = printable(coding.decode("latin-1"))
        return HttpEvent(headers, message.body)


def _traceparent(exchange: Exchange) -> str:
    trace = exchange.trace
    return f"00-{trace.trace_id}-{trace.span_id}-01" if trace else ""


def _time(ns: int) -> str:
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"

"""A captured exchange as one line of JSON, and back. What must never be written to a file is decided here, and only here.

A line holds the method, the path as `paths.shown_path` has it, timings, the outcome, bodies, and the few headers that are needed
to decode a body. The path has no query, since queries carry credentials. Headers are an allow-list, so that `authorization`,
cookies and keys of any name cannot get through. `mask` masks bodies. An exchange that is read back decodes as the original does.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from typing import Annotated

import msgspec
import orjson
from msgspec import Meta

from sidecar.core.reading.mask import masked
from sidecar.core.reading.paths import shown_path
from sidecar.core.words.exchange import Exchange, Message, Outcome, Trace
from sidecar.errors import DataError

VERSION = 1
HEADERS = (
    b"content-type",
    b"content-encoding",
    b"transfer-encoding",
    b"content-length",
    b"inference-header-content-length",
)
"""Lower case; nothing else of a head is kept except its first line."""
_KEPT = re.compile(rb"\r\n(%b):([^\r\n]*)" % b"|".join(HEADERS), re.IGNORECASE)

_MOST = 2**63 - 1
_Natural = Annotated[int, Meta(ge=0, le=_MOST)]
_FIX = "Give a file written by the capture sink (`capture.path`)"


class Part(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One direction of a captured exchange."""

    headers: dict[str, str] = {}
    body_bytes: _Natural = 0
    body: str = ""
    body_base64: str = ""
    """In place of `body` if that is not UTF-8."""
    truncated: bool = False
    withheld: bool = False
    """The body is left out, because it could not be masked."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """A captured exchange: all that is ever written of it. Sinks write its fields and never those of an Exchange."""

    version: int
    started_ns: Annotated[int, Meta(ge=-_MOST, le=_MOST)]
    duration_ns: _Natural
    first_byte_ns: _Natural
    method: str
    path: str
    route: str
    status: Annotated[int, Meta(ge=0, le=999)]
    outcome: Outcome
    request: Part
    response: Part
    trace_id: str = ""
    span_id: str = ""


_decoder = msgspec.json.Decoder(Record)


def dumps(exchange: Exchange, mask: Collection[str] = ()) -> bytes:
    """The line, with its newline. Values of the JSON keys in `mask` (case-insensitive) are masked first."""
    return encode(record(exchange, frozenset(key.casefold() for key in mask)))


def record(exchange: Exchange, keys: frozenset[str]) -> Record:
    """What may be written of an exchange. Values of the JSON keys in `keys` (case-folded) are masked first."""
    trace = exchange.trace
    return Record(
        version=VERSION,
        started_ns=exchange.started_ns,
        duration_ns=exchange.duration_ns,
        first_byte_ns=exchange.first_byte_ns,
        method=exchange.method,
        path=shown_path(exchange.target),
        route=exchange.route,
        status=exchange.status,
        outcome=exchange.outcome,
        request=_part(exchange.request, keys),
        response=_part(exchange.response, keys),
        trace_id=trace.trace_id if trace else "",
        span_id=trace.span_id if trace else "",
    )


def encode(written: Record) -> bytes:
    """The line of a record, with its newline."""
    return orjson.dumps(msgspec.to_builtins(written), option=orjson.OPT_APPEND_NEWLINE)


def loads(line: bytes | str, name: str = "capture") -> Exchange:
    """The exchange of one line; `name` locates the line in errors. Raises DataError."""
    try:
        return exchange_of(_decoder.decode(line), name)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DataError(name, f"is not a captured exchange ({error})", _FIX) from error


def exchange_of(read: Record, name: str = "capture") -> Exchange:
    """The exchange of a record; `name` locates it in errors. Raises DataError."""
    try:
        if read.version != VERSION:
            raise DataError(name, f"has version {read.version}, and this release reads version {VERSION}", _FIX)
        request = _message(read.request, f"{read.method} {read.path} HTTP/1.1")
        response = _message(read.response, f"HTTP/1.1 {read.status}")
    except ValueError as error:
        raise DataError(name, f"is not a captured exchange ({error})", _FIX) from error
    return Exchange(
        started_ns=read.started_ns,
        duration_ns=read.duration_ns,
        first_byte_ns=read.first_byte_ns,
        method=read.method,
        target=read.path,
        route=read.route,
        status=read.status,
        outcome=read.outcome,
        request=request,
        response=response,
        trace=Trace(read.trace_id, read.span_id) if read.trace_id else None,
    )


def _part(message: Message, keys: frozenset[str]) -> Part:
    headers = _headers(message.head)
    body: bytes | None = message.body
    if keys and body:
        body = masked(message, keys)
        for name in ("content-encoding", "transfer-encoding", "content-length"):
            headers.pop(name, None)  # a masked body is plain, and of another length
    text = encoded = ""
    try:
        text = body.decode() if body else ""
    except UnicodeDecodeError:
        encoded = base64.b64encode(body or b"").decode()
    return Part(headers, message.body_bytes, text, encoded, message.truncated, body is None)


def _headers(head: bytes) -> dict[str, str]:
    """The first of each that is kept. Not `Message.header`, which remembers heads: here each is seen once."""
    kept: dict[str, str] = {}
    for name, value in _KEPT.findall(head):
        kept.setdefault(name.decode().lower(), value.strip().decode("latin-1"))
    return kept


def _message(part: Part, first_line: str) -> Message:
    lines = "".join(f"{name}: {value}\r\n" for name, value in part.headers.items())
    body = part.body.encode() or base64.b64decode(part.body_base64, validate=True)
    head = f"{first_line}\r\n{lines}\r\n".encode("latin-1")
    return Message(head, body, part.body_bytes, part.truncated or part.withheld)

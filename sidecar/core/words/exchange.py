"""The one value that crosses from the traffic process to the observer: an exchange, as it was on the wire.

Heads and bodies are raw bytes. Nothing here decides what is forwarded, and headers are parsed only when somebody asks for one.
`proxy` fills it in, `handoff` carries it, the rest of `core` reads it.
"""

from __future__ import annotations

import enum
import functools

import msgspec

_REMEMBERED_BYTES = 2048
"""Longest head whose parsed headers are cached."""


class Outcome(enum.StrEnum):
    """How an exchange, or a connection that turned opaque, ended. Label values of `sidecar_exchanges_total`."""

    COMPLETE = "complete"
    CLIENT_GONE = "client_gone"
    UPSTREAM_GONE = "upstream_gone"
    UPSTREAM_REFUSED = "upstream_refused"
    OPAQUE = "opaque"
    """The connection stopped being watched before the exchange ended."""


class Message(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One direction of an exchange, as it was on the wire.

    `head` is the raw head with its final blank line, empty if it was not seen whole; `body` is the raw body as kept by the tap,
    chunked framing included; `body_bytes` counts all body bytes that passed.
    """

    head: bytes = b""
    body: bytes = b""
    body_bytes: int = 0
    truncated: bool = False
    """`body` is incomplete: it exceeded `tap.body_limit_bytes`, or was shed."""

    def header(self, name: bytes) -> bytes | None:
        """The value of the first header line named `name` (lower case), stripped; None if there is none."""
        return _remembered(self.head, name) if len(self.head) <= _REMEMBERED_BYTES else _header(self.head, name)


def _header(head: bytes, name: bytes) -> bytes | None:
    lowered = head.lower()
    at = lowered.find(b"\r\n" + name + b":")
    if at < 0:
        return None
    start = at + len(name) + 3
    return head[start : lowered.index(b"\r\n", start)].strip()


_remembered = functools.lru_cache(maxsize=1024)(_header)  # clients and models repeat heads


class Trace(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """W3C trace context of an exchange: 32 and 16 hex digits; `parent_id` is empty where we began the trace."""

    trace_id: str
    span_id: str
    parent_id: str = ""
    sampled: bool = False


class Exchange(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One request with its response, timings and outcome. Times are nanoseconds; `started_ns` is Unix time."""

    started_ns: int
    duration_ns: int
    first_byte_ns: int
    """From the request's first byte to the response's first byte; 0 if none came."""
    method: str
    target: str
    """Request target as sent (path and query), latin-1."""
    route: str
    """Low-cardinality template of the path, e.g. `/v2/models/{model}/infer`; `other` if none matches."""
    status: int
    """0 if no response head was seen."""
    outcome: Outcome
    request: Message
    response: Message
    trace: Trace | None = None

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

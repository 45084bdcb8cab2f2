"""Reading raw heads: pure functions on bytes, called once per message on the traffic path.

A head is the bytes from the start line to its blank line. It was confirmed by the parser before it comes here, so
these functions look things up and never validate. What they return decides nothing about forwarding.
"""

from __future__ import annotations

BLANK_LINE = b"\r\n\r\n"
METHODS = frozenset(
    {b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"}
)  # fmt: skip
"""The methods of the semantic conventions; any other is labelled `_OTHER`."""


def request_line(head: bytes) -> tuple[bytes, bytes]:
    """Method and target of a request head; empty lines before the request line are skipped (RFC 9112, 2.2)."""
    method, _, rest = head[: head.index(b"\r\n", 2)].lstrip().partition(b" ")
    return method, rest.partition(b" ")[0]


def content_length(lowered: bytes) -> int | None:
    """The declared body length of a head in lower case; None where there is none."""
    at = lowered.find(b"\r\ncontent-length:")
    if at < 0:
        return None
    value = lowered[at + 17 : lowered.index(b"\r\n", at + 17)].strip()
    return int(value) if value.isdigit() else None


def value_of(lowered: bytes, name: bytes) -> bytes:
    """The value of the first line called `name` in a head in lower case; empty where there is none."""
    at = lowered.find(b"\r\n" + name + b":")
    if at < 0:
        return b""
    start = at + len(name) + 3
    return lowered[start : lowered.index(b"\r\n", start)].strip()


def is_chunked(lowered: bytes) -> bool:
    """Whether a head in lower case declares chunked framing."""
    return b"chunked" in value_of(lowered, b"transfer-encoding")


def says_close(lowered: bytes) -> bool:
    """Whether a head in lower case already announces that the connection closes."""
    return b"close" in value_of(lowered, b"connection")

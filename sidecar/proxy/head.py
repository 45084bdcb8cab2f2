"""Reading raw heads: what the conversation needs to know of one, looked up once and remembered.

A head is the bytes from the start line to its blank line. It was confirmed by the parser before it comes here, so
these functions look things up and never validate. Clients and models repeat their heads byte for byte while a
connection lives, so a head that the parser has confirmed once need not be parsed again: `HeadCache` remembers the
plain ones. What is read here decides nothing about what is forwarded.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from sidecar.proxy.route import Routes

BLANK_LINE = b"\r\n\r\n"
METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"})
"""The methods of the semantic conventions; any other is labelled `_OTHER`."""

_MEDIA = (b"image/", b"audio/", b"video/", b"multipart/", b"application/octet-stream", b"application/zip")
_EXCHANGE_BYTES = 1024
"""An exchange under way without its head and bodies, and its place in containers."""
_CACHED_HEADS = 512
_CACHED_HEAD_BYTES = 2048


class RequestHead:
    """What a request's head says."""

    __slots__ = (
        "cost",
        "length",
        "method",
        "plain",
        "plainly_answered",
        "probe",
        "raw",
        "route",
        "tabular",
        "target",
        "traced",
    )

    def __init__(self, raw: bytes, lowered: bytes, routes: Routes, probes: frozenset[bytes]) -> None:
        method, target = request_line(raw)
        length = content_length(lowered)
        self.raw = raw
        self.cost = _EXCHANGE_BYTES + len(raw)
        """Bytes that it and what goes with it take until its exchange has ended."""
        self.method = method.decode("latin-1") if method in METHODS else "_OTHER"
        self.target = target.decode("latin-1")
        self.route = routes.match(target)
        self.probe = target.partition(b"?")[0] in probes
        self.traced = b"\r\ntraceparent:" in lowered or b"\r\nb3:" in lowered or b"\r\nx-b3-" in lowered
        self.length = length or 0
        self.tabular = b"\r\ninference-header-content-length:" in lowered or not value_of(
            lowered, b"content-type"
        ).startswith(_MEDIA)
        """Its body may hold rows. Media never does, so the tap need not keep a copy of it."""
        self.plainly_answered = method not in (b"HEAD", b"CONNECT")
        """Where its response ends is said by the response alone."""
        self.plain = (
            not (length is None and b"\r\ntransfer-encoding:" in lowered)
            and b"\r\nupgrade:" not in lowered
            and b"close" not in value_of(lowered, b"connection")
            and lowered.count(b"\r\nconnection:") < 2
            and self.plainly_answered
            and request_version(raw) == b"HTTP/1.1"
        )
        """A message with this head ends after `length` bytes, and the connection goes on."""


class ResponseHead:
    """What a response's head says."""

    __slots__ = ("closes", "length", "plain", "raw", "status", "until_close")

    def __init__(self, raw: bytes, lowered: bytes, status: int) -> None:
        length = content_length(lowered)
        self.raw = raw
        self.status = status
        self.length = length or 0
        self.closes = b"close" in value_of(lowered, b"connection")
        self.until_close = length is None and not is_chunked(lowered)
        self.plain = (
            length is not None
            and not self.closes
            and lowered.count(b"\r\nconnection:") < 2
            and status >= 200
            and status not in (204, 304)
            and b"\r\ntransfer-encoding:" not in lowered
            and raw.startswith(b"HTTP/1.1 ")
        )
        """Unless it answers HEAD, a message with this head ends after `length` bytes, and the connection goes on."""


_H = TypeVar("_H", RequestHead, ResponseHead)


class HeadCache(dict[bytes, _H], Generic[_H]):
    """Plain heads that the parser has confirmed, by their bytes. Bounded in number and size."""

    def remember(self, head: _H) -> None:
        """Keep `head` if a message that begins with the same bytes needs no parser."""
        if head.plain and len(head.raw) <= _CACHED_HEAD_BYTES:
            if len(self) >= _CACHED_HEADS:  # heads can be made up without end
                self.clear()
            self[head.raw] = head


def header_values(head: bytes) -> dict[str, str]:
    """Values of a raw head by names in small letters; those of a repeated name are joined by a comma (RFC 9110)."""
    values: dict[str, str] = {}
    for line in head.partition(BLANK_LINE)[0].split(b"\r\n")[1:]:
        name, _, text = line.decode("utf-8", "surrogateescape").partition(":")
        key, value = name.strip().lower(), text.strip()
        values[key] = f"{values[key]}, {value}" if key in values else value
    return values


def request_line(head: bytes) -> tuple[bytes, bytes]:
    """Method and target of a request head; empty lines before the request line are skipped (RFC 9112, 2.2),
    and so are further blanks before the target, as the parser does.
    """
    method, _, rest = head.lstrip().partition(b" ")
    return method, rest.lstrip(b" ").partition(b" ")[0]


def request_version(head: bytes) -> bytes:
    """The last word of a request line, `HTTP/1.1`; something else if it has no version."""
    return head.lstrip().partition(b"\r\n")[0].rpartition(b" ")[2]


def is_chunked(lowered: bytes) -> bool:
    """Whether chunked is the last transfer coding of a head in lower case."""
    at = lowered.rfind(b"\r\ntransfer-encoding:")
    if at < 0:
        return False
    start = at + len(b"\r\ntransfer-encoding:")
    return lowered[start : lowered.index(b"\r\n", start)].rpartition(b",")[2].strip() == b"chunked"


def content_length(lowered: bytes) -> int | None:
    """The declared body length of a head in lower case; None where there is none."""
    value = value_of(lowered, b"content-length")
    return int(value) if value.isdigit() else None


def value_of(lowered: bytes, name: bytes) -> bytes:
    """The value of the first line called `name` in a head in lower case; empty where there is none."""
    at = lowered.find(b"\r\n" + name + b":")
    if at < 0:
        return b""
    start = at + len(name) + 3
    return lowered[start : lowered.index(b"\r\n", start)].strip()

"""Streams of HTTP/1 messages whose boundaries are known, and ways of cutting them into reads."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st


class Sent(NamedTuple):
    """One message as it is sent."""

    head: bytes
    body: bytes = b""
    to_head: bool = False
    """It answers HEAD, so it has no body whatever its head says."""

    @property
    def raw(self) -> bytes:
        return self.head + self.body


def _sized(lines: bytes, body: bytes) -> Sent:
    return Sent(b"%sContent-Length: %d\r\n\r\n" % (lines, len(body)), body)


def _chunked(lines: bytes, body: bytes) -> Sent:
    return Sent(lines + b"Transfer-Encoding: chunked\r\n\r\n", body)


LOOKS_LIKE_HEADS = b'{"a":1}\r\n\r\nPOST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\n\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r'
_CHUNKS = b"5\r\nhello\r\n1\r\n0\r\n0\r\n\r\n"
_HARD_CHUNKS = (
    b'A;ext="v"\r\n0\r\n\r\n0\r\n\r\n\r\n'  # data that looks like a last chunk
    b"000c\r\n\r\n\r\nGET / HT\r\n0000;last=1\r\nX-Sum: 0\r\nX-More: \r\n\r\n"
)
_NO_CHUNKS = b"0\r\n\r\n"

DECLINED_UPGRADE = _sized(  # as Java's client sends it
    b"POST /java HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n", b"{}" * 9
)
UPGRADE = Sent(b"GET /socket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nHost: m\r\n\r\n")

REQUESTS = (
    Sent(b"GET / HTTP/1.1\r\nHost: m\r\n\r\n"),
    Sent(b"\r\nGET /after-an-empty-line HTTP/1.1\r\nHost: m\r\n\r\n"),
    Sent(b"HEAD /v2/models/m/ready HTTP/1.1\r\nhost: m\r\naccept: */*\r\n\r\n"),
    _sized(b"POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\n", b'{"inputs":[]}'),
    _sized(b"POST /p HTTP/1.1\r\nhost:m\r\ncontent-type:text/plain\r\n", LOOKS_LIKE_HEADS),
    Sent(b"PUT /lower HTTP/1.1\r\nhost: m\r\ncontent-length:4  \r\n\r\n", b"\r\n\r\n"),
    _sized(b"POST /empty HTTP/1.1\r\nHost: m\r\n", b""),
    _sized(b"POST /expect HTTP/1.1\r\nHost: m\r\nExpect: 100-continue\r\n", b"x" * 40),
    _chunked(b"POST /chunks HTTP/1.1\r\nHost: m\r\n", _CHUNKS),
    _chunked(b"POST /hard HTTP/1.1\r\nHost: m\r\nTrailer: X-Sum\r\n", _HARD_CHUNKS),
    _chunked(b"POST /none HTTP/1.1\r\nHost: m\r\n", _NO_CHUNKS),
    Sent(b"POST /z HTTP/1.1\r\nTransfer-Encoding: gzip\r\ntransfer-encoding: chunked\r\nHost: m\r\n\r\n", _CHUNKS),
    DECLINED_UPGRADE,
    _chunked(b"POST /java2 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n", _HARD_CHUNKS),
    UPGRADE,
    Sent(b"CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n"),
    Sent(b"GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
    _sized(b"POST /two HTTP/1.1\r\nConnection: keep-alive\r\nConnection: x\r\n", b"{}"),
)
LAST_REQUESTS = (
    Sent(b"GET /old HTTP/1.0\r\n\r\n"),
    _sized(b"POST /bye HTTP/1.1\r\nConnection: close\r\n", LOOKS_LIKE_HEADS),
)
RESPONSES = (
    _sized(b"HTTP/1.1 200 OK\r\n", b'{"outputs":[]}'),
    _sized(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n", LOOKS_LIKE_HEADS),
    _sized(b"HTTP/1.1 200 OK\r\nX: y\r\n", b""),
    _sized(b"HTTP/1.1 200\r\n", b"no reason phrase"),
    Sent(b"HTTP/1.1 100 Continue\r\n\r\n"),
    Sent(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"),
    Sent(b"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n"),
    Sent(b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\nETag: x\r\n\r\n"),
    Sent(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", to_head=True),
    Sent(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", to_head=True),
    Sent(b"HTTP/1.1 200 OK\r\nServer: s\r\n\r\n", to_head=True),
    _chunked(b"HTTP/1.1 200 OK\r\n", _CHUNKS),
    _chunked(b"HTTP/1.1 500 Oh\r\nTrailer: X-Sum\r\n", _HARD_CHUNKS),
    Sent(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n", b"{}"),
    Sent(b"HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 3\r\n\r\n", b"abc"),
)
LAST_RESPONSES = (
    Sent(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", LOOKS_LIKE_HEADS + b"0\r\n\r\n"),
    Sent(b"HTTP/1.0 200 OK\r\n\r\n", b"until the end"),
    Sent(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", b"0\r\n\r\nmore"),
    _sized(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\n", b"no"),
)


def messages(most: tuple[Sent, ...], last: tuple[Sent, ...]) -> st.SearchStrategy[list[Sent]]:
    """Some messages in a row; one that no other can follow comes at the end, if at all."""
    return st.builds(
        lambda first, end: [*first, *end],
        st.lists(st.sampled_from(most), max_size=5),
        st.lists(st.sampled_from(last), max_size=1) if last else st.just([]),
    )


@st.composite
def reads(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """`data` cut anywhere: into single bytes, or at some places."""
    if draw(st.integers(0, 4)) == 0:
        return [data[at : at + 1] for at in range(len(data))]
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]

"""Targets of the HTTP/1 watcher: what a client and a model say, in any bytes, in any order, in any reads.

An input is a script: bytes after `\\x1ec` come from the client, after `\\x1es` from the model, each in one read; `\\x1ee` is the
end of the model's stream.
"""

from __future__ import annotations

import re

import httptools

from harness.fuzz.engine import Target
from harness.http_streams import LAST_REQUESTS, LAST_RESPONSES, REQUESTS, RESPONSES
from harness.talk import Talk, make_services
from harness.wire import DATA, recordings
from sidecar.proxy.head import BLANK_LINE, RequestHead, ResponseHead, request_version
from sidecar.proxy.route import Routes

_TURN = re.compile(rb"\x1e([cse])")
_TOKENS = (
    b"\x1ec", b"\x1es", b"\x1ee", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"HTTP/1.0",
    b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"Upgrade: websocket\r\n", b"HEAD / HTTP/1.1\r\n\r\n",
    b"0\r\n\r\n", b"POST /p HTTP/1.1\r\n",
    b"HTTP/1.1 101 Switching\r\n\r\n", b"HTTP/1.1 204 No\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\n\r\n",
)  # fmt: skip


def _script(asked: bytes, answered: bytes) -> bytes:
    return b"\x1ec%s\x1es%s" % (asked, answered)


def _corpus() -> list[bytes]:
    requests, responses = (*REQUESTS, *LAST_REQUESTS), (*RESPONSES, *LAST_RESPONSES)
    pairs = [
        _script(requests[at % len(requests)].raw, responses[at % len(responses)].raw)
        for at in range(max(len(requests), len(responses)))
    ]
    halves = [pair.replace(b"\r\n", b"\r\n\x1ec", 1) for pair in pairs]
    recorded = [
        _script((DATA / f"{name}.c2s.bin").read_bytes(), (DATA / f"{name}.s2c.bin").read_bytes())
        for name in recordings()
    ]
    return [*pairs, *halves, *recorded, b"".join(pairs[:4])]


def _check(data: bytes) -> bool:
    """Every byte passes, at most one is held back meanwhile, and at the end nothing is left in any account."""
    talk = Talk(make_services(head_memory=20_000))
    came = {b"c": b"", b"s": b""}
    turns = _TURN.split(data)
    for who, piece in zip(turns[1::2], turns[2::2], strict=True):
        if who == b"e":
            talk.upstream_eof()
            continue
        came[who] += piece
        (talk.client if who == b"c" else talk.upstream)(piece)
        assert len(talk.to_upstream) >= len(came[b"c"]) - 1
        assert len(talk.to_client) >= len(came[b"s"]) - 1
    talk.client_eof()
    talk.upstream_eof()
    exchanges = talk.close()
    assert talk.to_upstream == came[b"c"]
    assert talk.to_client == came[b"s"]
    services = talk.services
    assert services.heads.used == services.tap.used == services.tally.active_requests == 0
    for one in exchanges:
        for message, said in ((one.request, came[b"c"]), (one.response, came[b"s"])):
            assert message.head in said
            assert message.body in said
    return any(one.status for one in exchanges)


def _check_head(data: bytes) -> bool:
    """A head that the parser takes for one is read without a word, and says what the parser found."""
    head = data.partition(BLANK_LINE)[0] + BLANK_LINE
    heard = _Heard()
    parser = httptools.HttpRequestParser(heard)
    try:
        parser.feed_data(head)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return False
    if not heard.complete or not request_version(head).startswith(b"HTTP/1."):  # the watcher reads no other
        return False
    found = RequestHead(head, head.lower(), Routes(), frozenset())
    assert found.method == "_OTHER" or found.method == parser.get_method().decode()
    assert found.target.encode("latin-1") == heard.url
    ResponseHead(head, head.lower(), 200)
    return True


class _Heard:
    """What the parser says."""

    def __init__(self) -> None:
        self.url = b""
        self.complete = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_headers_complete(self) -> None:
        self.complete = True


def _heads() -> list[bytes]:
    return [one.head for one in (*REQUESTS, *LAST_REQUESTS)]


TALKS = (Target("HTTP/1 watcher", _corpus, _check, tokens=_TOKENS),)
HEADS = Target("heads", _heads, _check_head, tokens=_TOKENS[3:])

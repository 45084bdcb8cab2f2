"""What the tests of conversations have clients and models say."""

from __future__ import annotations

from harness.talk import Talk

GET = b"GET /v2/models/m HTTP/1.1\r\nHost: m\r\n\r\n"
POST = b'POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nContent-Length: 13\r\n\r\n{"inputs":[]}'
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"outputs":[]}'
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
COMPLETE = ("http1", "complete")
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


def ask(talk: Talk, request: bytes = POST, response: bytes = OK) -> None:
    talk.client(request)
    talk.upstream(response)

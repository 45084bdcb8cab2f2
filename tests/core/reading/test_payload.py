"""From the wire to the payload."""

from __future__ import annotations

import gzip
import zlib

import pytest

from sidecar.core.reading.payload import payload
from sidecar.core.words.exchange import Message
from sidecar.errors import DecodeError

LIMIT = 10_000


def message(body: bytes, *headers: bytes) -> Message:
    return Message(b"\r\n".join((b"POST / HTTP/1.1", *headers)) + b"\r\n\r\n", body, len(body))


def reason_of(one: Message) -> str:
    with pytest.raises(DecodeError) as caught:
        payload(one, LIMIT)
    return caught.value.reason


def test_a_plain_body_is_handed_on_as_it_is() -> None:
    body = b"abc"
    assert payload(message(body), LIMIT) is body


def test_chunks_extensions_and_trailers_are_taken_away() -> None:
    body = b"3\r\nabc\r\n2;note=1\r\nde\r\n0\r\nX: y\r\n\r\n"
    assert payload(message(body, b"Transfer-Encoding: chunked"), LIMIT) == b"abcde"


@pytest.mark.parametrize("body", [b"", b"zz\r\nab", b"5\r\nabc\r\n", b"-1\r\na\r\n", b"3\r\nabc"])
def test_broken_chunks_are_a_syntax_error(body: bytes) -> None:
    if body:
        assert reason_of(message(body, b"Transfer-Encoding: chunked")) == "syntax"
    else:
        assert payload(message(body, b"Transfer-Encoding: chunked"), LIMIT) == b""


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", gzip.compress(b"abc", mtime=0)),
        (b"x-gzip", gzip.compress(b"abc", mtime=0)),
        (b"deflate", zlib.compress(b"abc")),
        (b"deflate", zlib.compress(b"abc", wbits=-15)),
        (b"identity", b"abc"),
    ],
)
def test_known_codings_are_undone(coding: bytes, body: bytes) -> None:
    assert payload(message(body, b"Content-Encoding: " + coding), LIMIT) == b"abc"


def test_a_bomb_is_refused_before_it_grows() -> None:
    assert reason_of(message(gzip.compress(b"\0" * 1_000_000, mtime=0), b"Content-Encoding: gzip")) == "encoding"


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(b"abc" * 1000, mtime=0)[:-12]])
def test_broken_compression_is_an_encoding_error(body: bytes) -> None:
    assert reason_of(message(body, b"Content-Encoding: gzip")) == "encoding"


def test_an_unknown_coding_is_an_encoding_error() -> None:
    assert reason_of(message(b"abc", b"Content-Encoding: br")) == "encoding"


def test_a_truncated_body_is_never_read() -> None:
    assert reason_of(Message(b"POST / HTTP/1.1\r\n\r\n", b"", 5, truncated=True)) == "truncated"


def test_a_body_that_goes_on_after_its_compression_ended_is_never_half_read() -> None:
    assert reason_of(message(gzip.compress(b"1,2\n", mtime=0) * 2, b"Content-Encoding: gzip")) == "encoding"

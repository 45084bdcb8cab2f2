"""What is looked up in raw heads, and which of them are remembered."""

from __future__ import annotations

import pytest

from sidecar.proxy.head import (
    HeadCache,
    RequestHead,
    ResponseHead,
    content_length,
    header_values,
    is_chunked,
    request_line,
    request_version,
    value_of,
)
from sidecar.proxy.route import Routes


def request(raw: bytes) -> RequestHead:
    return RequestHead(raw, raw.lower(), Routes(), frozenset({b"/healthz"}))


def response(raw: bytes, status: int = 200) -> ResponseHead:
    return ResponseHead(raw, raw.lower(), status)


def test_a_request_head_says_method_target_length_and_whether_it_is_a_probe() -> None:
    head = request(b"POST /healthz?x HTTP/1.1\r\nCONTENT-LENGTH:  12 \r\nTraceParent: x\r\n\r\n")
    assert (head.method, head.target, head.length, head.probe, head.traced) == ("POST", "/healthz?x", 12, True, True)


@pytest.mark.parametrize("line", [b"TraceParent: x", b"b3: 0", b"B3: 0", b"X-B3-TraceId: x", b"x-b3-sampled: 1"])
def test_each_form_of_trace_context_is_found_by_itself(line: bytes) -> None:
    assert request(b"GET / HTTP/1.1\r\n%s\r\n\r\n" % line).traced
    assert not request(b"GET / HTTP/1.1\r\nX-%s\r\n\r\n" % line.replace(b"-", b"")).traced


def test_an_unknown_method_is_labelled_other() -> None:
    assert request(b"PROPFIND / HTTP/1.1\r\n\r\n").method == "_OTHER"


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"HEAD / HTTP/1.1\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nconnection: x, Close\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.0\r\nX: HTTP/1.1\r\n\r\n",
    ],
)
def test_a_request_whose_end_needs_the_parser_is_not_plain(raw: bytes) -> None:
    assert not request(raw).plain


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", 200),
        (b"HTTP/1.1 204 No\r\nContent-Length: 4\r\n\r\n", 204),
        (b"HTTP/1.1 304 No\r\nContent-Length: 4\r\n\r\n", 304),
        (b"HTTP/1.1 100 Go\r\nContent-Length: 0\r\n\r\n", 100),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: gzip\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: x\r\nConnection: close\r\n\r\n", 200),
    ],
)
def test_a_response_whose_end_needs_the_parser_is_not_plain(raw: bytes, status: int) -> None:
    assert not response(raw, status).plain


@pytest.mark.parametrize("lines", [b"", b"Connection: keep-alive\r\n", b"X: Transfer-Encoding: chunked\r\n"])
def test_a_response_of_a_declared_length_is_plain(lines: bytes) -> None:
    for length in (0, 4):
        head = response(b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (lines, length))
        assert (head.plain, head.length, head.until_close) == (True, length, False)


def test_without_a_declared_length_the_length_is_zero() -> None:
    assert response(b"HTTP/1.1 200 OK\r\n\r\n").length == 0
    assert request(b"GET / HTTP/1.1\r\n\r\n").length == 0


def test_only_plain_heads_of_moderate_size_are_remembered() -> None:
    cache: HeadCache[ResponseHead] = HeadCache()
    for lines in (b"", b"X: " + b"x" * 3000 + b"\r\n"):
        cache.remember(response(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n" + lines + b"\r\n"))
    cache.remember(response(b"HTTP/1.1 200 OK\r\n\r\n"))
    assert len(cache) == 1


@pytest.mark.parametrize(("size", "remembered"), [(2048, 1), (2049, 0)])
def test_a_head_is_remembered_up_to_two_kibibytes(size: int, remembered: int) -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: \r\n\r\n"
    cache: HeadCache[ResponseHead] = HeadCache()
    cache.remember(response(raw.replace(b"X: ", b"X: " + b"x" * (size - len(raw)))))
    assert len(cache) == remembered


def test_heads_made_up_without_end_do_not_fill_the_memory() -> None:
    cache: HeadCache[RequestHead] = HeadCache()
    for number in range(2000):
        cache.remember(request(b"GET /%d HTTP/1.1\r\n\r\n" % number))
        assert len(cache) <= 512


def test_a_response_without_length_ends_with_the_connection_unless_chunked_is_its_last_coding() -> None:
    assert response(b"HTTP/1.1 200 OK\r\n\r\n").until_close
    assert response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n").until_close
    assert not response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip,chunked\r\n\r\n").until_close


def test_values_are_those_of_the_whole_name() -> None:
    head = b"get / http/1.1\r\nx-content-length: 9\r\ncontent-length: 5\r\n\r\n"
    assert content_length(head) == 5
    assert value_of(head, b"length") == b""
    assert (
        value_of(b"get / http/1.1\r\naccept: a\r\naccept: b\r\n\r\n", b"accept") == b"a"
    )  # of several lines, the first's
    assert content_length(b"get / http/1.1\r\ncontent-length: five\r\n\r\n") is None
    assert is_chunked(b"a\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n")
    assert not is_chunked(b"a\r\ntransfer-encoding: xchunked\r\n\r\n")


def test_a_request_line_is_read_behind_empty_lines() -> None:
    head = b"\r\n\r\nGET /a?b HTTP/1.1\r\n\r\n"
    assert request_line(head) == (b"GET", b"/a?b")
    assert request_version(head) == b"HTTP/1.1"
    assert request_version(b"GET /\r\n\r\n") == b"/"


def test_media_is_not_worth_a_copy_unless_it_carries_tensors() -> None:
    def tabular(*headers: bytes) -> bool:
        raw = b"\r\n".join((b"POST /x HTTP/1.1", *headers)) + b"\r\n\r\n"
        return RequestHead(raw, raw.lower(), Routes(), frozenset()).tabular

    assert tabular()
    assert tabular(b"Content-Type: application/json")
    assert not tabular(b"Content-Type: image/png")
    assert not tabular(b"content-type: Application/Octet-Stream")
    assert tabular(b"Content-Type: application/octet-stream", b"Inference-Header-Content-Length: 10")


def test_values_of_a_head_are_found_by_small_letters_and_repeated_names_are_joined() -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization:  Bearer X \r\nhost: b\r\nodd\r\n\r\nbody: c"
    assert header_values(head) == {"host": "a, b", "authorization": "Bearer X", "odd": ""}


def test_further_blanks_before_the_target_are_no_part_of_it() -> None:
    assert request(b"PUT  /a?b HTTP/1.1\r\n\r\n").target == "/a?b"

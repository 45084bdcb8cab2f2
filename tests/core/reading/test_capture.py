from __future__ import annotations

import gzip
import re

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.observed import exchange
from sidecar.core.reading.capture import dumps, loads, record
from sidecar.core.reading.paths import path_of
from sidecar.core.reading.payload import payload
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.errors import DataError

SECRET = "tok-5f2e9c"
CREDENTIALS = (
    f"Authorization: Bearer {SECRET}\r\nProxy-Authorization: Basic {SECRET}\r\nCookie: session={SECRET}\r\n"
    f"X-Api-Key: {SECRET}\r\nX-Amz-Security-Token: {SECRET}\r\nSomething-Else: {SECRET}\r\n"
)


def with_body(body: bytes, *lines: str) -> Exchange:
    head = "".join(f"{line}\r\n" for line in ("POST /x HTTP/1.1", *lines, ""))
    return Exchange(
        1, 2, 1, "POST", "/x", "other", 200, Outcome.COMPLETE, Message(head.encode(), body, len(body)), Message()
    )


def body_of(line: bytes) -> object:
    return orjson.loads(orjson.loads(line)["request"]["body"])


def test_a_line_reads_back_as_an_exchange_that_decodes_alike() -> None:
    before = exchange([{"age": 1.5, "income": 2.0}])
    after = loads(dumps(before))
    assert (after.method, after.target, after.route, after.status) == (
        before.method,
        before.target,
        before.route,
        before.status,
    )
    assert (after.started_ns, after.duration_ns, after.outcome) == (
        before.started_ns,
        before.duration_ns,
        before.outcome,
    )
    assert after.request.body == before.request.body
    assert after.response.body == before.response.body
    assert after.request.header(b"content-type") == b"application/json"


@pytest.mark.parametrize("target", [f"/x?api_key={SECRET}", f"http://me:{SECRET}@host/x", f"/x#{SECRET}"])
def test_credentials_never_land_in_a_capture(target: str) -> None:
    line = dumps(exchange(request_lines=CREDENTIALS, target=target))
    assert SECRET.encode() not in line


def test_of_the_headers_only_those_needed_for_reading_are_kept() -> None:
    kept = orjson.loads(dumps(exchange(request_lines=CREDENTIALS)))["request"]["headers"]
    assert kept.keys() == {"content-type", "content-length"}


def test_of_headers_that_come_twice_the_first_is_kept_whatever_their_case_and_neighbours() -> None:
    lines = b"CONTENT-TYPE:  text/csv \r\nContent-Length: 1\r\ncontent-type: text/html\r\nx-content-type: a\r\n"
    head = b"POST / HTTP/1.1\r\n" + lines + b"\r\n"
    kept = record(msgspec.structs.replace(exchange(), request=Message(head, b"1", 1)), frozenset()).request.headers
    assert kept == {"content-type": "text/csv", "content-length": "1"}


def test_a_body_that_is_no_text_comes_back_byte_for_byte() -> None:
    body = bytes(range(256))
    assert loads(dumps(with_body(body))).request.body == body


def test_a_compressed_body_stays_readable() -> None:
    compressed = gzip.compress(b'{"a": 1}')
    after = loads(dumps(with_body(compressed, "Content-Encoding: gzip")))
    assert payload(after.request, 1000) == b'{"a": 1}'


def test_masking_reads_through_compression() -> None:
    line = dumps(with_body(gzip.compress(b'{"ssn": 123, "age": 4}'), "Content-Encoding: gzip"), ["ssn"])
    assert body_of(line) == {"ssn": "***", "age": 4}
    assert payload(loads(line).request, 1000) == b'{"ssn":"***","age":4}'


@pytest.mark.parametrize(
    "body",
    [b"ssn,age\n123,4\n", b'{"ssn": 123', b'\x00{"ssn": 123}', b'{"a":' * 600 + b"123" + b"}" * 600],
    ids=["csv", "cut short", "binary", "nested beyond reason"],
)
def test_a_body_that_cannot_be_masked_is_withheld(body: bytes) -> None:
    line = dumps(with_body(body), ["ssn"])
    assert b"123" not in line
    assert loads(line).request.truncated


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        dumps(exchange()).replace(b'"method":"POST"', b'"method":"\xed\xa0\x80"'),
        b'{"a":' + b"[" * 100_000,
        dumps(exchange()).replace(b'"status":200', b'"status":"ok"'),
        dumps(exchange()).replace(b'"path":"', '"path":"\u2603'.encode()),
        dumps(exchange()).replace(b'"body":', b'"body_base64":'),
    ],
)
def test_a_line_that_is_no_capture_is_refused_by_name(line: bytes) -> None:
    with pytest.raises(DataError, match=r"captures\.jsonl line 3"):
        loads(line, "captures.jsonl line 3")


def test_times_that_no_clock_has_are_refused() -> None:
    line = dumps(exchange())
    for name in ("started_ns", "duration_ns", "first_byte_ns"):
        changed = re.sub(rb'"%s":\d+' % name.encode(), b'"%s":1%s' % (name.encode(), b"0" * 30), line)
        assert changed != line
        with pytest.raises(DataError):
            loads(changed)


def test_a_line_of_another_version_is_refused() -> None:
    with pytest.raises(DataError, match="version 2"):
        loads(dumps(exchange()).replace(b'"version":1', b'"version":2'))


@given(st.binary(max_size=200), st.sampled_from(["/a", "/a?b", "http://u:p@h/x", "*", ""]))
def test_any_body_and_target_survives(body: bytes, target: str) -> None:
    before = with_body(body)
    after = loads(dumps(before))
    assert after.request == Message(b"POST /x HTTP/1.1\r\n\r\n", body, len(body))
    assert "?" not in path_of(target)
    assert "@" not in path_of(target)

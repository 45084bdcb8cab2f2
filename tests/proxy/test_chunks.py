"""The end of a chunked body is found at the same place however the body is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.http_streams import reads
from sidecar.proxy.chunks import Chunks


def chunk(data: bytes, extension: bytes) -> bytes:
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


BODIES = st.builds(
    lambda chunks, trailers: b"".join([*chunks, b"0\r\n", *trailers, b"\r\n"]),
    st.lists(st.builds(chunk, st.binary(min_size=1, max_size=40), st.sampled_from([b"", b";a=b", b' ;q="0"']))),
    st.lists(st.sampled_from([b"X: y\r\n", b"0: 0\r\n"]), max_size=2),
)


@given(st.data())
def test_the_end_is_found_however_the_body_is_cut(data: st.DataObject) -> None:
    body = data.draw(BODIES)
    behind = data.draw(st.binary(max_size=10))
    chunks = Chunks()
    passed = 0
    for piece in data.draw(reads(body + behind)):
        passed += chunks.take(piece, 0, len(piece))
        if chunks.done:
            break
    assert chunks.done
    assert passed == len(body)


@pytest.mark.parametrize(
    "line", [b"\r\n", b"x\r\n", b"-1\r\n", b"+1\r\n", b"0x5\r\n", b"1_0\r\n", b";a\r\n", b"\xb2\r\n"]
)
def test_a_size_that_is_no_hexadecimal_number_breaks_it(line: bytes) -> None:
    chunks = Chunks()
    chunks.take(line, 0, len(line))
    assert chunks.broken


def test_a_size_line_without_end_breaks_it() -> None:
    chunks = Chunks()
    for _ in range(200):
        chunks.take(b"0" * 100, 0, 100)
    assert chunks.broken

"""From the body as sent to the payload: without chunked framing, without compression. Pure.

Every step is bounded, and whatever does not fit is a DecodeError with its reason. `intake` calls this and passes the result to a
decoder.
"""

from __future__ import annotations

import functools
import zlib

from sidecar.core.words.exchange import Message
from sidecar.core.words.lookalikes import quoted
from sidecar.errors import DecodeError

_WINDOW_BITS = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}
_RAW_DEFLATE = -15


def payload(message: Message, inflated_limit: int) -> bytes:
    """The payload of a message, of at most `inflated_limit` bytes if compressed. Raises DecodeError: truncated, syntax,
    encoding.
    """
    if message.truncated:
        raise DecodeError("truncated", f"{message.body_bytes} bytes passed")
    body = message.body
    if not body:
        return body
    chunked, coding = _codings(message.head)
    if chunked:
        body = dechunk(body)
    return inflate(body, coding, inflated_limit) if coding else body


@functools.lru_cache(maxsize=256)  # clients and models repeat heads
def _codings(head: bytes) -> tuple[bool, bytes]:
    """Whether the body is chunked, and its content coding (empty for none)."""
    message = Message(head)
    chunked = b"chunked" in (message.header(b"transfer-encoding") or b"").lower()
    coding = (message.header(b"content-encoding") or b"").lower()
    return chunked, b"" if coding == b"identity" else coding


def dechunk(body: bytes) -> bytes:
    """The data of a chunked body (RFC 9112, 7.1); extensions and trailers are ignored. Raises DecodeError("syntax")."""
    pieces: list[bytes] = []
    at = 0
    while True:
        line_end = body.find(b"\r\n", at)
        size = _chunk_size(body[at:line_end]) if line_end >= 0 else -1
        if size < 0:
            raise DecodeError("syntax", "broken chunk size")
        if size == 0:
            return b"".join(pieces)
        at = line_end + 2 + size
        if body[at : at + 2] != b"\r\n":
            raise DecodeError("syntax", "broken chunk end")
        pieces.append(body[line_end + 2 : at])
        at += 2


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits or len(digits) > 16 or digits.strip(b"0123456789abcdefABCDEF"):
        return -1
    return int(digits, 16)


def inflate(body: bytes, coding: bytes, limit: int) -> bytes:
    """Undo one content coding, up to `limit` bytes. Raises DecodeError("encoding")."""
    bits = _WINDOW_BITS.get(coding)
    if bits is None:
        raise DecodeError("encoding", f"content-encoding {quoted(coding.decode('latin-1'))} is not read")
    if coding == b"deflate" and body[:1] and body[0] & 0x0F != 8:  # many servers send raw deflate under that name
        bits = _RAW_DEFLATE
    inflater = zlib.decompressobj(bits)
    try:
        data = inflater.decompress(body, limit + 1)
    except zlib.error as error:
        raise DecodeError("encoding", str(error)) from error
    if len(data) > limit:
        raise DecodeError("encoding", f"grows beyond {limit} bytes")
    if not inflater.eof:
        raise DecodeError("encoding", "ends in the middle")
    if inflater.unused_data:  # a second member: half a table must not be read as the whole
        raise DecodeError("encoding", "goes on after its end")
    return data

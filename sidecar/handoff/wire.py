"""The bytes between the two processes: length-prefixed msgpack frames one way, counts the other. Sans-io.

A frame is its payload's length (little-endian u32), one byte of kind, and the payload. The observer answers with the
numbers of exchanges it has handled by result (little-endian u32 each), so that what is lost when it dies can be counted, and what
became of the others is known when it is gone. Both ends are the
same build, so there is no version; a frame that does not decode is a bug, and raises.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import msgspec

from sidecar.core.words.exchange import Exchange
from sidecar.core.words.snapshot import OBSERVED, Snapshot
from sidecar.settings import Settings

_HEADER = struct.Struct("<IB")
_encoder = msgspec.msgpack.Encoder()


class Hello(msgspec.Struct, frozen=True):
    """The first frame: what the observer needs to know to begin."""

    settings: Settings


Frame = Hello | Snapshot | list[Exchange]

_HELLO, _SNAPSHOT, _EXCHANGES = 1, 2, 3
_DECODERS: dict[int, msgspec.msgpack.Decoder[Any]] = {
    _HELLO: msgspec.msgpack.Decoder(Hello),
    _SNAPSHOT: msgspec.msgpack.Decoder(Snapshot),
    _EXCHANGES: msgspec.msgpack.Decoder(list[Exchange]),
}


def encode(frame: Frame) -> bytearray:
    """One frame as bytes."""
    kind = _EXCHANGES if isinstance(frame, list) else _HELLO if isinstance(frame, Hello) else _SNAPSHOT
    buffer = bytearray(_HEADER.size)
    _encoder.encode_into(frame, buffer, _HEADER.size)
    _HEADER.pack_into(buffer, 0, len(buffer) - _HEADER.size, kind)
    return buffer


Counts = tuple[int, ...]
"""Exchanges by result, in the order of `OBSERVED`."""
_ACK = struct.Struct(f"<{len(OBSERVED)}I")


def acknowledge(handled: Counts) -> bytes:
    """What the observer sends once it has handled so many exchanges; none at all is a sign of life."""
    return _ACK.pack(*handled)


NONE: Counts = (0,) * len(OBSERVED)


class AckReader:
    """Adds up acknowledgements, which may come split."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Counts:
        """The exchanges that `data` acknowledges."""
        data = self._rest + data
        whole = len(data) - len(data) % _ACK.size
        self._rest = data[whole:]
        return tuple(map(sum, zip(NONE, *_ACK.iter_unpack(data[:whole]), strict=True)))


class FrameReader:
    """Collects bytes and yields whole frames; keeps at most one that is not whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes | bytearray) -> Iterator[Frame]:
        """Yield the frames that `data` completes, in order."""
        self._buffer += data
        start, size = 0, len(self._buffer)
        with memoryview(self._buffer) as view:
            while size - start >= _HEADER.size:
                length, kind = _HEADER.unpack_from(view, start)
                end = start + _HEADER.size + length
                if end > size:
                    break
                yield _DECODERS[kind].decode(view[start + _HEADER.size : end])
                start = end
        if start:
            del self._buffer[:start]

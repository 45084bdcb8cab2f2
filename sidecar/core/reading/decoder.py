"""The contract of a decoder: bytes of one exchange in, frames out. Each one is a file in `sidecar/core/reading/decoders`.

The decoder with the highest priority for an exchange reads it. A decoder raises DecodeError and nothing else, whatever
the bytes; it never decides what is forwarded, and it keeps no state.
"""

from __future__ import annotations

from typing import Protocol

from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame


class Decoder(Protocol):
    """Reads one payload protocol."""

    name: str
    """Label value `decoder`."""

    def priority(self, exchange: Exchange) -> float:
        """The confidence that the exchange is for this decoder, from 0 (none) to 1. Reads URL and heads only.

        It may depend on method, route, path, and content type and nothing else, so that the choice can be cached.
        """

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        """The input rows. `payload` is the request body without chunking and compression. Raises DecodeError."""

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        """The output rows. `payload` is the response body likewise. Raises DecodeError."""

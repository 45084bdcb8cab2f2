"""The contract of a decoder: bytes of one exchange in, frames out. Each one is a file in `sidecar/core/reading/decoders`.

The decoder with the highest priority for an exchange reads it. A decoder raises DecodeError and nothing else, whatever
the bytes; it never decides what is forwarded, and it keeps no state. It brings examples of its protocol along, from which
the tests of all decoders are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame


@dataclass(frozen=True)
class Table:
    """The rows that a payload means; `names` is None where it carries none."""

    names: tuple[str, ...] | None
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Example:
    """One exchange as its protocol has it, and what is to be read of it."""

    path: str
    request: bytes
    inputs: Table
    response: bytes
    outputs: Table
    content_type: bytes = b"application/json"
    """Of the request."""
    headers: bytes = b""
    """Further lines of the request's head, each with its end."""


class Decoder(Protocol):
    """Reads one payload protocol."""

    name: str
    """Label value `decoder`."""
    routes: tuple[str, ...]
    """Templates of paths that are its protocol's; the proxy knows each one as a route. Empty where any path will do."""
    examples: tuple[Example, ...]
    """One exchange for each form that the protocol has."""

    @staticmethod
    def sized(rows: int, width: int) -> Example:
        """An exchange whose request has `rows` rows of `width` >= 2 numbers without names, and its answer one number a row."""

    def priority(self, exchange: Exchange) -> float:
        """The confidence that the exchange is for this decoder, from 0 (none) to 1. Reads URL and heads only.

        It may depend on method, route, path, and content type and nothing else, so that the choice can be cached.
        """

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        """The input rows. `payload` is the request body without chunking and compression. Raises DecodeError."""

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        """The output rows. `payload` is the response body likewise. Raises DecodeError."""


def numbered(rows: int, width: int) -> tuple[tuple[float, ...], ...]:
    """Rows of numbers that all differ, for `Decoder.sized`."""
    return tuple(tuple(row + at / (width + 1) for at in range(width)) for row in range(rows))

"""Watches one direction of an HTTP/1 connection, sans-io: bytes in, the bytes to forward out, and callbacks.

The parser (llhttp) judges, this module only finds the places where a message may end, so that every `feed_data` ends
there: after a blank line while in a head, after `Content-Length` bytes, after a last chunk. That is how it knows the
exact boundary of a head, which llhttp does not tell. What is forwarded is what came in, plus at most one line at the
end of a confirmed head; one byte at most is held back (the CR of a blank line whose LF has not come yet). Whatever
does not parse makes the watcher opaque: forwarded, watched no more. The splice is its neighbour and its owner.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

import httptools

from sidecar.proxy.head import BLANK_LINE, content_length

_LAST_CHUNK = re.compile(rb"\r\n0+(?:[ \t;][^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n")
"""A last chunk with extensions and trailers (RFC 9112, 7.1)."""
_CANDIDATES = 16
"""How many `CR LF 0` of a read are looked at for a last chunk, so that a hostile body cannot buy a scan per byte."""
_UNSIZED = -1


class Owner(Protocol):
    """Who is told what the watcher saw, in order."""

    def on_head(self, raw: bytes, lowered: bytes) -> bytes:
        """A whole head was confirmed; returns the line to insert at its end, or nothing."""

    def on_body(self, piece: bytes) -> None:
        """Body bytes passed, framing included."""

    def on_end(self) -> None:
        """The message is complete."""

    def on_opaque(self, reason: str) -> None:
        """The watcher gave up; it forwards everything from here on."""


class Watcher:
    """One direction. `feed` never raises and never blocks, whatever the bytes."""

    __slots__ = (
        "_ended", "_headed", "_held", "_left", "_limit", "_owner", "_parser", "_parts", "_started", "idle",
        "opaque",
    )  # fmt: skip

    def __init__(self, owner: Owner, head_limit: int) -> None:
        self._owner = owner
        self._limit = head_limit
        self._parser: Any = self._new_parser()
        self._parts: list[bytes] = []  # earlier reads of a head that is not whole yet
        self._held = b""
        self._left = 0  # body bytes to come; 0 between messages, _UNSIZED if only the parser knows
        self._started = self._ended = 0  # messages
        self._headed = False
        self.opaque = False
        self.idle = True
        """Between messages: nothing of the next one has come. A message that is known to be plain may be left out."""

    def _new_parser(self) -> Any:
        raise NotImplementedError

    # Called by llhttp, by name.
    def on_message_begin(self) -> None:
        """llhttp: the first byte of a message."""
        self._started += 1

    def on_headers_complete(self) -> None:
        """llhttp: the head is whole and valid."""
        self._headed = True

    def on_message_complete(self) -> None:
        """llhttp: the message is whole."""
        self._ended += 1


    def feed(self, data: bytes) -> bytes:
        """Take what was read; return what to forward now."""
        if self.opaque:
            return data
        if self._held:
            data, self._held = self._held + data, b""
        out: list[bytes] | None = None
        start = position = 0
        size = len(data)
        while position < size and not self.opaque:
            if self._left:
                position = self._body(data, position, size)
                continue
            position, line = self._head(data, position, size)
            if line:
                out = out or []
                out += data[start : position - 2], line
                start = position - 2
        self.idle = not (self._left or self._parts or self._held or self.opaque)
        return self._forward(data, start, out)

    def release(self) -> bytes:
        """What is held back, at the end of the stream."""
        held, self._held = self._held, b""
        return held

    def give_up(self, reason: str) -> None:
        """Watch no more."""
        if not self.opaque:
            self.opaque = True
            self._parts.clear()
            self._owner.on_opaque(reason)

    def _forward(self, data: bytes, start: int, out: list[bytes] | None) -> bytes:
        if not self._held:
            return data if out is None else b"".join((*out, data[start:]))
        return b"".join((*(out or ()), data[start:-1]))

    def _head(self, data: bytes, position: int, size: int) -> tuple[int, bytes]:
        """Feed up to the end of a head; returns the new position and the line to insert two bytes before it."""
        end = self._head_end(data, position)
        if end < 0:
            self._partial_head(data, position, size)
            return size, b""
        piece = data if end == size and not position else data[position:end]
        if not self._feed_parser(piece):
            return size, b""
        head = b"".join((*self._parts, piece)) if self._parts else piece
        self._parts.clear()
        if not self._headed:  # blank lines before a head
            return end, b""
        self._headed = False
        return end, self._whole_head(head)

    def _head_end(self, data: bytes, position: int) -> int:
        """Index just after the blank line, which may have begun in an earlier read; -1 if it is not there."""
        if not self._parts:
            found = data.find(BLANK_LINE, position)
            return found + 4 if found >= 0 else -1
        tail = b"".join(self._parts)[-3:]
        found = (tail + data[position:]).find(BLANK_LINE)
        return found + 4 - len(tail) + position if found >= 0 else -1

    def _partial_head(self, data: bytes, position: int, size: int) -> None:
        if data.endswith(b"\r") and (b"".join((*self._parts[-1:], data)))[-3:] == b"\r\n\r":
            self._held = b"\r"  # the LF that follows would end the head: a line may have to go before this CR
            size -= 1
        piece = data[position:size]
        if not piece or not self._feed_parser(piece):
            return
        self._parts.append(piece)
        if sum(map(len, self._parts)) > self._limit:
            self.give_up("head_too_large")

    def _whole_head(self, head: bytes) -> bytes:
        if len(head) > self._limit:
            self.give_up("head_too_large")
            return b""
        lowered = head.lower()
        line = self._owner.on_head(head, lowered)
        if self._ended:
            self._end_message()
        elif not self.opaque:
            length = content_length(lowered)
            self._left = _UNSIZED if length is None else length
        return line

    def _body(self, data: bytes, position: int, size: int) -> int:
        end = self._body_end(data, position, size)
        piece = data if end == size and not position else data[position:end]
        if not self._feed_body(piece):
            return size
        self._owner.on_body(piece)
        if self._left > 0:
            self._left -= len(piece)
        if self._ended:
            self._end_message()
            if self._started:  # bytes of the next message came behind a last chunk that was split between reads
                self.give_up("pipelined_after_chunks")
        return end

    def _body_end(self, data: bytes, position: int, size: int) -> int:
        if self._left > 0:
            return min(size, position + self._left)
        at = data.find(b"\r\n0", max(0, position - 2))  # the CRLF before a last chunk may belong to the head
        for _ in range(_CANDIDATES):
            if at < 0:
                break
            last = _LAST_CHUNK.match(data, at)
            if last:
                return last.end()
            at = data.find(b"\r\n0", at + 1)
        return size

    def _feed_body(self, piece: bytes) -> bool:
        return self._feed_parser(piece)

    def _end_message(self) -> None:
        self._started -= self._ended
        self._ended = 0
        self._left = 0
        self._owner.on_end()

    def _feed_parser(self, piece: bytes) -> bool:
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            return True
        except httptools.HttpParserError:
            self.give_up("parse_error")
            return False
        return True


class RequestWatcher(Watcher):
    """Client to model. A request that offers an upgrade is watched like any other until the model accepts it."""

    __slots__ = ("_skipping",)

    def __init__(self, owner: Owner, head_limit: int) -> None:
        super().__init__(owner, head_limit)
        self._skipping = False

    def _new_parser(self) -> Any:
        return httptools.HttpRequestParser(self)

    def _whole_head(self, head: bytes) -> bytes:
        if self._parser.should_upgrade() and not head.lstrip().startswith(b"CONNECT "):
            return self._offers_upgrade(head)
        return super()._whole_head(head)

    def _offers_upgrade(self, head: bytes) -> bytes:
        """llhttp takes the message for ended here; a body may follow all the same (Java's client offers h2c so)."""
        length = content_length(head.lower()) or 0
        if not length:
            return super()._whole_head(head)
        self._parser = self._new_parser()
        self._ended = 0
        self._skipping = True
        return super()._whole_head(head)

    def _feed_body(self, piece: bytes) -> bool:
        if not self._skipping:
            return super()._feed_body(piece)
        if len(piece) == self._left:
            self._skipping = False
            self._ended = 1
        return True


class ResponseWatcher(Watcher):
    """Model to client. Whether a body follows may depend on the request's method, which the owner knows."""

    __slots__ = ("bodyless", "status")

    def __init__(self, owner: Owner, head_limit: int) -> None:
        super().__init__(owner, head_limit)
        self.status = 0
        self.bodyless = False
        """Set by the owner in `on_head`: this response has no body, whatever its head says (HEAD)."""

    def _new_parser(self) -> Any:
        return httptools.HttpResponseParser(self)

    def _whole_head(self, head: bytes) -> bytes:
        self.status = self._parser.get_status_code()
        self.bodyless = False
        line = super()._whole_head(head)
        if self.bodyless and self._left:
            self._parser = self._new_parser()  # llhttp waits for a body that will not come
            self._ended = 1
            self._end_message()
        return line

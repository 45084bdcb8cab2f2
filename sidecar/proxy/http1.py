"""Watches one direction of an HTTP/1 connection, sans-io: bytes in, the bytes to forward out, and callbacks.

The parser (llhttp) judges, this module only finds the places where a message may end, so that every `feed_data` ends
there: after a blank line while in a head, after `Content-Length` bytes, after a last chunk. That is how it knows the
exact boundary of a head, which llhttp does not tell. What is forwarded is what came in, plus at most one line at the
end of a confirmed head; one byte at most is held back (the CR of a blank line whose LF has not come yet). Whatever
does not parse makes the watcher opaque: forwarded, watched no more. The conversation is its neighbour and its owner.
"""

from __future__ import annotations

from typing import Any, Protocol

import httptools

from sidecar.proxy.chunks import Chunks
from sidecar.proxy.head import BLANK_LINE, content_length, is_chunked, request_version

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


class _Nobody:
    """The owner of a watcher that is closed."""

    def on_head(self, raw: bytes, lowered: bytes) -> bytes:
        return b""

    def on_body(self, piece: bytes) -> None:
        pass

    def on_end(self) -> None:
        pass

    def on_opaque(self, reason: str) -> None:
        pass


_NOBODY = _Nobody()


class Watcher:
    """One direction. `feed` never raises and never blocks, whatever the bytes."""

    __slots__ = (
        "_chunks", "_ended", "_headed", "_held", "_last", "_left", "_limit", "_owner", "_parser", "_partial",
        "_skipping", "_started", "idle", "opaque",
    )  # fmt: skip

    def __init__(self, owner: Owner, head_limit: int) -> None:
        self._owner = owner
        self._limit = head_limit
        self._parser: Any = self._new_parser()
        self._partial = bytearray()  # earlier reads of a head that is not whole yet
        self._held = b""
        self._left = 0  # body bytes to come; 0 between messages, _UNSIZED if they are not known beforehand
        self._chunks: Chunks | None = None
        self._skipping = False  # the parser took the message for ended and does not see its body
        self._started = self._ended = 0  # messages, as the parser counts them
        self._headed = False
        self._last = False  # the message said that no other follows
        self.opaque = False
        self.idle = True
        """Another message may begin with the next byte. Then one that is known to be plain may be left out."""

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
        """llhttp: the message is whole. (Only in here it still knows whether another may follow.)"""
        self._ended += 1
        self._last = not self._parser.should_keep_alive()

    @property
    def underway(self) -> bool:
        """A message has begun and not ended. For ever so once opaque, since nobody can tell any more."""
        return bool(self.opaque or self._left or self._partial or self._held)

    def feed(self, data: bytes) -> bytes:
        """Take what was read; return what to forward now."""
        if self._held:
            data, self._held = self._held + data, b""
        if self.opaque:
            return data
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
        if self.opaque:
            self._held = b""  # it is still in `data`
        self.idle = not (self.underway or self._last)
        return self._forward(data, start, out)

    def release(self) -> bytes:
        """What is held back, at the end of the stream."""
        held, self._held = self._held, b""
        return held

    def stop(self) -> None:
        """Watch no more."""
        self.opaque = True
        self.idle = False
        self._partial.clear()
        self._parser = None  # it refers to us, and without the cycle our memory is free as soon as we are

    def close(self) -> None:
        """The connection is gone: stop, and let go of the owner, who refers to us too."""
        self.stop()
        self._owner = _NOBODY

    def give_up(self, reason: str) -> None:
        """Watch no more, and tell the owner why."""
        if not self.opaque:
            self.stop()
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
        head = bytes(self._partial) + piece if self._partial else piece
        self._partial.clear()
        if not self._headed:  # blank lines before a head
            return end, b""
        self._headed = False
        return end, self._whole_head(head)

    def _head_end(self, data: bytes, position: int) -> int:
        """Index just after the blank line, which may have begun in an earlier read; -1 if it is not there."""
        if not self._partial:
            found = data.find(BLANK_LINE, position)
            return found + 4 if found >= 0 else -1
        tail = bytes(self._partial[-3:])
        found = (tail + data[position:]).find(BLANK_LINE)
        return found + 4 - len(tail) + position if found >= 0 else -1

    def _partial_head(self, data: bytes, position: int, size: int) -> None:
        piece = data[position:size]
        if (self._partial[-2:] + piece[-3:]).endswith(b"\r\n\r"):
            self._held = b"\r"  # the LF that follows would end the head: a line may have to go before this CR
            piece = piece[:-1]
        if not piece or not self._feed_parser(piece):
            return
        self._partial += piece
        if len(self._partial) > self._limit:
            self.give_up("head_too_large")
        elif self._headed:
            self.give_up("framing")

    def _whole_head(self, head: bytes) -> bytes:
        if len(head) > self._limit:
            self.give_up("head_too_large")
            return b""
        lowered = head.lower()
        line = self._owner.on_head(head, lowered)
        if self._ended:
            self._end_message()
        elif not self.opaque:
            self._left = content_length(lowered) or _UNSIZED
            if is_chunked(lowered):
                self._left, self._chunks = _UNSIZED, Chunks()
        return line

    def _body(self, data: bytes, position: int, size: int) -> int:
        end, whole = self._body_end(data, position, size)
        piece = data if end == size and not position else data[position:end]
        if not self._skipping and not self._feed_parser(piece):
            return size
        self._owner.on_body(piece)
        if not self._agreed(whole):
            self.give_up("framing")
        elif whole:
            self._end_message()
        return end

    def _body_end(self, data: bytes, position: int, size: int) -> tuple[int, bool]:
        """How far the body goes in this read, and whether it is over then."""
        if self._chunks is not None:
            end = self._chunks.take(data, position, size)
            return end, self._chunks.done
        if self._left < 0:  # it ends with the connection
            return size, False
        end = min(size, position + self._left)
        self._left -= end - position
        return end, not self._left

    def _agreed(self, whole: bool) -> bool:
        """We and the parser have found the same end, so that nothing of the next message is taken for this one's."""
        if self._chunks is not None and self._chunks.broken:
            return False
        return self._skipping or (self._ended == whole and self._started == 1)

    def _end_message(self) -> None:
        self._started = self._ended = 0
        self._left = 0
        self._chunks = None
        self._skipping = False
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

    __slots__ = ()

    def _new_parser(self) -> Any:
        return httptools.HttpRequestParser(self)

    def _whole_head(self, head: bytes) -> bytes:
        if not request_version(head).startswith(b"HTTP/1."):  # llhttp takes HTTP/0.9 and RTSP too
            self.give_up("parse_error")
            return b""
        if self._ended and self._parser.should_upgrade() and not head.lstrip().startswith(b"CONNECT "):
            self._skip_body(head.lower())
        return super()._whole_head(head)

    def _skip_body(self, lowered: bytes) -> None:
        """The parser takes the message for ended here; a body may follow all the same (Java's client offers h2c so)."""
        if content_length(lowered) or is_chunked(lowered):
            self._parser = self._new_parser()
            self._ended = 0
            self._skipping = True


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
            self._end_message()
        return line

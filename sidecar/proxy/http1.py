"""Watches one direction of an HTTP/1 connection. Sans-io: bytes in, the bytes to forward out, and callbacks to an owner.

What is forwarded is what came in, plus at most one header line at the end of a confirmed head. llhttp alone judges what
HTTP is, but it does not say where in a read a head or a message ended. So the watcher cuts each read at the places where
one may end (a blank line, the last byte of `Content-Length`, the last chunk) and feeds llhttp piece by piece: then it is
in a known state at every boundary. At most one byte is held back: the CR of a blank line whose LF has not come yet, since
the line to insert goes before that CR. What does not parse makes the watcher opaque: forwarded, watched no more.

The watcher's state says what the next byte belongs to; `TRANSITIONS` is the whole of how it changes. The conversation
owns two watchers, one for each direction.
"""

from __future__ import annotations

import enum
from typing import Any, Final, Protocol

import httptools

from sidecar.proxy.chunks import Chunks
from sidecar.proxy.head import BLANK_LINE, content_length, is_chunked, request_version
from sidecar.proxy.overload import Budget


class State(enum.StrEnum):
    """What the next byte of a direction belongs to."""

    IDLE = "idle"
    """A new message."""
    LAST = "last"
    """Nothing: the last message said that no other follows. If one does, the parser refuses it."""
    HEAD = "head"
    """A head that has begun, or empty lines before one."""
    LENGTH = "length"
    """A body of which a known number of bytes is still to come."""
    CHUNKED = "chunked"
    """A body in chunks."""
    UNTIL_CLOSE = "until_close"
    """A body that ends with the connection."""
    OPAQUE = "opaque"
    """Nobody knows. It is forwarded and watched no more."""


class Event(enum.StrEnum):
    """What the watcher found."""

    PART = "part"
    """Bytes of a head, and not its end."""
    WITH_LENGTH = "with_length"
    """The end of a head that declares the length of its body."""
    WITH_CHUNKS = "with_chunks"
    """The end of a head whose body is chunked."""
    WITH_THE_REST = "with_the_rest"
    """The end of a head whose body is all that follows."""
    END = "end"
    """The end of a message, or of empty lines before one."""
    LAST_END = "last_end"
    """The same, and the last message said that no other follows."""
    GIVE_UP = "give_up"
    """Something that is not HTTP/1, or that somebody else decided to watch no more."""


IDLE, LAST, HEAD, LENGTH, CHUNKED, UNTIL_CLOSE, OPAQUE = State  # a global is read faster than a member of an enum
_PART, _WITH_LENGTH, _WITH_CHUNKS, _WITH_THE_REST, _END, _LAST_END, _GIVE_UP = Event

_FROM_BODY: Final = {_END: IDLE, _LAST_END: LAST, _GIVE_UP: OPAQUE}
_FROM_HEAD: Final = {
    **_FROM_BODY,
    _PART: HEAD,
    _WITH_LENGTH: LENGTH,
    _WITH_CHUNKS: CHUNKED,
    _WITH_THE_REST: UNTIL_CLOSE,
}
TRANSITIONS: Final[dict[State, dict[Event, State]]] = {
    IDLE: _FROM_HEAD,
    LAST: _FROM_HEAD,
    HEAD: _FROM_HEAD,
    LENGTH: _FROM_BODY,
    CHUNKED: _FROM_BODY,
    UNTIL_CLOSE: {_GIVE_UP: OPAQUE},
    OPAQUE: {_GIVE_UP: OPAQUE},
}
"""state -> event -> next state. What is not listed does not happen."""
_IN_BODY: Final = frozenset({LENGTH, CHUNKED, UNTIL_CLOSE})
_BETWEEN: Final = frozenset({IDLE, LAST})


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
        "_chunks", "_ended", "_headed", "_heads", "_held", "_last", "_left", "_limit", "_owner", "_parser", "_partial",
        "_started", "_unparsed", "bodyless", "state",
    )  # fmt: skip

    _left: int  # while LENGTH: bytes of the body to come
    _chunks: Chunks  # while CHUNKED

    def __init__(self, owner: Owner, head_limit: int, heads: Budget) -> None:
        """A head that is longer than `head_limit`, or that does not fit into the budget, is not watched."""
        self._owner = owner
        self._heads = heads
        self._limit = head_limit
        self._parser: Any = self._new_parser()
        self.state = IDLE
        self.bodyless = False
        """Set by the owner in `on_head`: this message has no body, whatever its head says (as in answer to HEAD)."""
        self._partial = bytearray()  # while HEAD: earlier reads of it
        self._held = b""
        self._unparsed = False  # the parser took the message for ended at its head, and is not shown the body
        # What the parser said: about the current message,
        self._started = self._ended = 0
        self._headed = False
        self._last = False  # and about the latest that ended, that no other follows.

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
        """A message has begun and not ended. Always true once opaque, since nobody can tell any more."""
        return self.state not in _BETWEEN

    def feed(self, data: bytes) -> bytes:
        """Take what was read; return what to forward now."""
        if self._held:
            data, self._held = self._held + data, b""
        out: list[bytes] | None = None
        start = position = 0
        size = len(data)
        while position < size:
            state = self.state
            if state in _IN_BODY:
                position = self._body(data, position, size)
                continue
            if state is OPAQUE:
                break
            position, line = self._head(data, position, size)
            if line:
                out = out or []
                out += data[start : position - 2], line
                start = position - 2
        return self._forward(data, start, out)

    def release(self) -> bytes:
        """What is held back, at the end of the stream."""
        held, self._held = self._held, b""
        return held

    def stop(self) -> None:
        """Watch no more."""
        self.state = TRANSITIONS[self.state][_GIVE_UP]
        self._forget_parts()
        self._parser = None  # it refers to us, and without the cycle our memory is free as soon as we are

    def close(self) -> None:
        """The connection is gone: stop, and let go of the owner, who refers to us too."""
        self.stop()
        self._owner = None  # type: ignore[assignment]  # an opaque watcher calls nobody

    def give_up(self, reason: str) -> None:
        """Watch no more, and tell the owner why."""
        if self.state is not OPAQUE:
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
            self._part_of_head(data[position:])
            return size, b""
        piece = data if end == size and not position else data[position:end]
        if not self._parse(piece):
            return size, b""
        head = piece
        if self._partial:
            head = bytes(self._partial) + piece
            self._forget_parts()
        if not self._headed:  # empty lines before a head
            self.state = TRANSITIONS[self.state][_LAST_END if self._last else _END]
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

    def _part_of_head(self, piece: bytes) -> None:
        """Feed `piece`, in which no head ends. Its last byte is held back if the next one may end the head."""
        held = (self._partial[-2:] + piece[-3:]).endswith(b"\r\n\r")
        if held:
            piece = piece[:-1]
        if piece and not self._parse(piece):
            return
        if not self._heads.take(len(piece)):
            self.give_up("memory")
            return
        self._partial += piece
        if len(self._partial) > self._limit:
            self.give_up("head_too_large")
        elif self._headed:  # the parser sees an end where there is no blank line
            self.give_up("framing")
        else:
            self.state = TRANSITIONS[self.state][_PART]
            self._held = b"\r" if held else b""

    def _forget_parts(self) -> None:
        self._heads.give(len(self._partial))
        self._partial.clear()

    def _whole_head(self, head: bytes) -> bytes:
        """A head was confirmed; returns the line to insert."""
        if len(head) > self._limit:
            self.give_up("head_too_large")
            return b""
        lowered = head.lower()
        line = self._owner.on_head(head, lowered)
        if self.state is OPAQUE:  # the owner has seen a switch of protocol
            return line
        if self._ended:
            self._end_message()
        elif self.bodyless:
            self._parser = self._new_parser()  # llhttp waits for a body that will not come
            self._end_message()
        else:
            self.state = TRANSITIONS[self.state][self._framing(lowered)]
        return line

    def _framing(self, lowered: bytes) -> Event:
        """How the body ends that a head announces (RFC 9112, section 6.3)."""
        if is_chunked(lowered):
            self._chunks = Chunks()
            return _WITH_CHUNKS
        self._left = content_length(lowered) or 0
        return _WITH_LENGTH if self._left else _WITH_THE_REST

    def _body(self, data: bytes, position: int, size: int) -> int:
        """Feed up to the end of a body; returns the new position."""
        end, whole = self._body_end(data, position, size)
        piece = data if end == size and not position else data[position:end]
        if not self._unparsed and not self._parse(piece):
            return size
        self._owner.on_body(piece)
        if not self._agreed(whole):
            self.give_up("framing")
        elif whole:
            self._end_message()
        return end

    def _body_end(self, data: bytes, position: int, size: int) -> tuple[int, bool]:
        """How far the body goes in this read, and whether it is over then."""
        if self.state is LENGTH:
            end = min(size, position + self._left)
            self._left -= end - position
            return end, not self._left
        if self.state is CHUNKED:
            end = self._chunks.take(data, position, size)
            return end, self._chunks.done
        return size, False

    def _agreed(self, whole: bool) -> bool:
        """We and the parser have found the same end, so that nothing of the next message is taken for this one's."""
        if self.state is CHUNKED and self._chunks.broken:
            return False
        return self._unparsed or (self._ended == whole and self._started == 1)

    def _end_message(self) -> None:
        self._started = self._ended = 0
        self._unparsed = False
        self.state = TRANSITIONS[self.state][_LAST_END if self._last else _END]
        self._owner.on_end()

    def _parse(self, piece: bytes) -> bool:
        """Show `piece` to the parser; False if it refuses it, and then nothing is watched any more."""
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
            self._leave_out_body(head.lower())
        return super()._whole_head(head)

    def _leave_out_body(self, lowered: bytes) -> None:
        """The parser takes the message for ended here; a body may follow all the same (Java's client offers h2c so)."""
        if content_length(lowered) or is_chunked(lowered):
            self._parser = self._new_parser()
            self._ended = 0
            self._unparsed = True


class ResponseWatcher(Watcher):
    """Model to client. Whether a body follows may depend on the request's method, which the owner knows."""

    __slots__ = ("status",)

    def __init__(self, owner: Owner, head_limit: int, heads: Budget) -> None:
        super().__init__(owner, head_limit, heads)
        self.status = 0

    def _new_parser(self) -> Any:
        return httptools.HttpResponseParser(self)

    def _whole_head(self, head: bytes) -> bytes:
        self.status = self._parser.get_status_code()
        self.bodyless = False
        return super()._whole_head(head)

"""Finds the end of a chunked body (RFC 9112, section 7.1), however it is cut into reads. Sans-io.

It counts its way from chunk to chunk and looks at no data, so its cost is that of the number of chunks. It validates
nothing: the parser sees the same bytes, and the watcher gives up where the two disagree.
"""

from __future__ import annotations

_LINE_LIMIT = 16_384
"""Bytes of a chunk's size line or of one trailer."""

_HEX_DIGITS = b"0123456789abcdefABCDEF"


class Chunks:
    """Where one chunked body ends."""

    __slots__ = ("_left", "_line", "_trailers", "broken", "done")

    def __init__(self) -> None:
        self._left = 0  # bytes to come of a chunk, with the CRLF behind it
        self._line = b""  # earlier reads of a line that is not whole yet
        self._trailers = False
        self.done = False
        """The body is over."""
        self.broken = False
        """This is not chunked coding."""

    def take(self, data: bytes, position: int, size: int) -> int:
        """Go on from `position`; returns the index behind the body, or `size` if it goes on (see `done`)."""
        while position < size and not self.broken:
            if self._left:
                step = min(self._left, size - position)
                self._left -= step
                position += step
                continue
            end = data.find(b"\n", position) + 1
            self._line += data[position : end or size]
            if not end:
                self.broken = len(self._line) > _LINE_LIMIT
                return size
            line, self._line = self._line, b""
            position = end
            if not self._trailers:
                self._begin_chunk(line)
            elif line == b"\r\n":
                self.done = True
                return position
        return size

    def _begin_chunk(self, line: bytes) -> None:
        digits = line.rstrip(b"\r\n").partition(b";")[0].rstrip(b" \t")
        if not digits or digits.strip(_HEX_DIGITS):
            self.broken = True
            return
        size = int(digits, 16)
        self._trailers = not size
        self._left = size + 2 if size else 0

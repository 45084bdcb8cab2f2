"""Lines that wait for a receiver in a directory, in their order, so that a restart loses none. It is bounded in bytes.

A line is appended to the newest of a row of segments and read from the oldest, which is removed once all of it is settled. How
far it was read is written down after each line; a crash between a delivery and that repeats a line, and whoever receives it
tells by its id. One process uses a directory; in it, one thread puts and another takes. Neighbours: `outbox`, `courier`.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections import deque
from pathlib import Path

from sidecar.capturing.appended import AppendedFile
from sidecar.capturing.disk import DiskMark

_SEGMENT_BYTES = 1_048_576
_BLOCK = 65_536
_NAME = re.compile(r"(\d{12})\.spool")
_POSITION = "position"
_POSITION_BYTES = 26


class Spool:
    """Refuses the newest line beyond `max_bytes`, and beyond the mark of the disk."""

    keeps = True

    def __init__(self, folder: Path, max_bytes: int, mark: DiskMark, segment_bytes: int = _SEGMENT_BYTES) -> None:
        """Makes the directory, or takes up what an earlier life left in it. Raises OSError."""
        folder.mkdir(0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._max_bytes = max_bytes
        self._mark = mark
        self._segment_bytes = min(segment_bytes, max_bytes // 4)  # so that the newest alone never fills it
        numbers = sorted(int(found[1]) for one in folder.iterdir() if (found := _NAME.fullmatch(one.name)))
        self._sizes = {number: self._path(number).stat().st_size for number in numbers}
        """Segments in their order, and their bytes."""
        self._bytes = sum(self._sizes.values())
        self._last = numbers[-1] if numbers else 0
        self._waiting = 0
        self._lock = threading.Lock()
        self._written: AppendedFile | None = None
        self._read: int | None = None
        self._ahead: deque[bytes] = deque()
        self._position = os.open(folder / _POSITION, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._offset = self._offset_left()

    def put(self, line: bytes) -> str:
        """Append a line, or say why not. Raises OSError."""
        if self._mark.reached():
            return str(self._mark)
        if self._bytes + len(line) > self._max_bytes:
            return "the spool is full"
        self._segment_for(len(line)).write(line)
        with self._lock:
            self._sizes[self._last] += len(line)
            self._bytes += len(line)
            self._waiting += 1
        return ""

    def oldest(self) -> bytes | None:
        """The oldest line, until it is settled. Raises OSError."""
        while not self._ahead:
            with self._lock:
                number = next(iter(self._sizes), None)
                growing = number == self._last and self._written is not None
            if number is None:
                return None
            self._ahead.extend(self._lines(number))
            if not self._ahead:
                if growing:
                    return None
                self._remove(number)
        return self._ahead[0]

    def settle(self) -> None:
        """The oldest line was dealt with. Raises OSError."""
        self._offset += len(self._ahead.popleft())
        with self._lock:
            self._waiting = max(0, self._waiting - 1)
        os.pwrite(self._position, b"%012d %012d\n" % (next(iter(self._sizes)), self._offset), 0)

    def waiting(self) -> int:
        """How many lines of this life wait."""
        return self._waiting

    def _segment_for(self, size: int) -> AppendedFile:
        file = self._written
        if file is not None and not file.gone and file.size + size <= self._segment_bytes:
            return file
        self._folder.mkdir(0o700, parents=True, exist_ok=True)
        made = AppendedFile(self._path(self._last + 1))
        with self._lock:
            self._last += 1
            self._sizes[self._last] = made.size
            self._written = made
        if file is not None:
            file.close()
        return made

    def _lines(self, number: int) -> list[bytes]:
        """Whole lines from where reading stands; none at the end, and where only a cut one is left."""
        if self._read is None:
            try:
                self._read = os.open(self._path(number), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:  # somebody removed it
                return []
        size = _BLOCK
        while True:
            block = os.pread(self._read, size, self._offset)
            whole = block.rfind(b"\n") + 1
            if whole or len(block) < size:
                return [line + b"\n" for line in block[:whole].split(b"\n")[:-1]]
            size *= 2  # a line longer than that

    def _remove(self, number: int) -> None:
        if self._read is not None:
            os.close(self._read)
            self._read = None
        with self._lock:
            self._bytes -= self._sizes.pop(number)
        self._offset = 0
        with contextlib.suppress(FileNotFoundError):
            self._path(number).unlink()

    def _offset_left(self) -> int:
        """Where an earlier life stopped reading the oldest segment, in bytes."""
        try:
            number, offset = map(int, os.pread(self._position, _POSITION_BYTES, 0).split())
        except ValueError:  # nothing was settled yet, or the note is cut: lines are repeated
            return 0
        return offset if next(iter(self._sizes), None) == number else 0

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}.spool"

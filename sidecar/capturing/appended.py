"""A file to which whole lines are appended, so that a crash at any byte leaves a file that can be read but for its last line.

A short write is taken back, and a cut line of an earlier life is cut off before the next one. Blocks for as long as the disk
takes for a small write into its cache. Neighbours: `rotated` and `line_directory`, which decide when a file has had enough.
"""

from __future__ import annotations

import os
from pathlib import Path

_BLOCK = 65_536


class AppendedFile:
    """An open file; only its owner may read it, since it holds payloads. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        status = os.fstat(self._file)
        self._identity = status.st_dev, status.st_ino
        self.size = status.st_size
        """In bytes."""
        self._cut_tail()

    @property
    def gone(self) -> bool:
        """Whether it was deleted or moved, so that nobody would find what is written to it."""
        try:
            status = self._path.stat()
        except OSError:
            return True
        return (status.st_dev, status.st_ino) != self._identity

    def write(self, line: bytes) -> None:
        """Append a line, with its newline, or nothing. Raises OSError."""
        written = os.write(self._file, line)
        if written < len(line):  # the disk is full: half a line would corrupt the next one
            os.ftruncate(self._file, self.size)
            raise OSError("short write: the disk is full")
        self.size += written

    def close(self) -> None:
        """Nothing can be written afterwards."""
        os.close(self._file)

    def _cut_tail(self) -> None:
        whole = self.size
        while whole > 0:
            start = max(0, whole - _BLOCK)
            at = os.pread(self._file, whole - start, start).rfind(b"\n")
            whole = start + at + 1 if at >= 0 else start
            if at >= 0:
                break
        if whole < self.size:
            os.ftruncate(self._file, whole)
            self.size = whole

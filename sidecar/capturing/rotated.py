"""One file of lines at a fixed path, with one older generation beside it: together they stay below twice `max_bytes`."""

from __future__ import annotations

from pathlib import Path

from sidecar.capturing.appended import AppendedFile

OLDER = ".1"
"""Ends the name of the older generation."""


class RotatedFile:
    """Appends to `path`, which becomes `<path>.1` before it would exceed `max_bytes`."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        """Opens the file. Raises OSError."""
        self.longest = max_bytes
        """No longer line fits, in bytes."""
        self._path = path
        self._older = path.with_name(path.name + OLDER)
        self._file = AppendedFile(path)

    def append(self, line: bytes) -> None:
        """Append a line of at most `longest` bytes. Raises OSError."""
        if self._file.gone:
            self._reopen()
        if self._file.size + len(line) > self.longest:
            self._path.replace(self._older)
            self._reopen()
        self._file.write(line)

    def close(self) -> None:
        """Nothing can be appended afterwards."""
        self._file.close()

    def _reopen(self) -> None:
        old, self._file = self._file, AppendedFile(self._path)  # opened first, so that a file is always open
        old.close()

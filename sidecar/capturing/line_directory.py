"""A directory of files of lines, named by the time of their beginning, so that sorting the names sorts the lines.

A file ends by size or by age. The oldest files are removed before all together would exceed their bounds. A directory belongs to
one sidecar. Neighbour: `bounded_directory`, which names and removes.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sidecar.capturing.appended import AppendedFile
from sidecar.capturing.bounded_directory import BoundedDirectory

SUFFIX = ".jsonl"


class LineDirectory:
    """Appends to the newest file, of at most `longest` bytes and `max_seconds`."""

    def __init__(
        self, directory: BoundedDirectory, longest: int, max_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Makes the directory. Raises OSError."""
        self.longest = longest
        """No longer line fits, in bytes."""
        self._directory = directory
        self._max_seconds = max_seconds
        self._clock = clock
        self._file: AppendedFile | None = None
        self._began = 0.0
        directory.make()

    def append(self, line: bytes) -> None:
        """Append a line of at most `longest` bytes. Raises OSError."""
        file = self._file
        if file is None or file.gone or self._is_done(file, len(line)):
            file = self._next()
        file.write(line)

    def close(self) -> None:
        """Ends the newest file; a further line begins another."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _is_done(self, file: AppendedFile, more: int) -> bool:
        return file.size + more > self.longest or self._clock() - self._began >= self._max_seconds

    def _next(self) -> AppendedFile:
        self.close()
        self._directory.make()
        self._directory.make_room(self.longest)
        self._file = AppendedFile(self._directory.new_path(SUFFIX))
        self._began = self._clock()
        return self._file

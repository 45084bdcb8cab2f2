"""A directory of capture files that stays within bounds of files and of bytes: names new ones, and removes the oldest.

Only files named as these are count and are removed; whatever else lies there stays.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z\.(jsonl|parquet)")
_MODE = 0o700


class Found(NamedTuple):
    """A capture file."""

    path: Path
    size: int
    """In bytes."""
    modified: float
    """Unix seconds."""


class BoundedDirectory:
    """At most `max_files` and `max_bytes`."""

    def __init__(self, path: Path, max_bytes: int, max_files: int, now: Callable[[], float] = time.time) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._now = now
        self._last = 0

    def make(self) -> None:
        """Make the directory if it is not there; payloads are for its owner alone. Raises OSError."""
        self.path.mkdir(_MODE, parents=True, exist_ok=True)

    def new_path(self, suffix: str) -> Path:
        """A path for a file that begins now: two never have the same."""
        self._last = max(self._last + 1, round(self._now() * 1e6))
        second, micros = divmod(self._last, 1_000_000)
        return self.path / f"{datetime.fromtimestamp(second, UTC):%Y%m%dT%H%M%S}.{micros:06d}Z{suffix}"

    def files(self) -> list[Found]:
        """The capture files, the oldest first. Raises OSError."""
        return capture_files(self.path)

    def make_room(self, size: int) -> None:
        """Remove the oldest files, until one more of `size` bytes keeps the bounds. Raises OSError."""
        files = self.files()
        total = sum(file.size for file in files)
        for at, file in enumerate(files):
            if total + size <= self._max_bytes and len(files) - at < self._max_files:
                return
            file.path.unlink(missing_ok=True)  # somebody else may have taken it
            total -= file.size


def capture_files(directory: Path) -> list[Found]:
    """The capture files of a directory, the oldest first. Raises OSError."""
    found = []
    for path in directory.iterdir():
        if _NAME.fullmatch(path.name):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                found.append(Found(path, status.st_size, status.st_mtime))
    return sorted(found)

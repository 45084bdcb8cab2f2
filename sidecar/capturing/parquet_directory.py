"""Records gathered in memory and written as Parquet files into a directory, by a thread.

A file is one row group. It is written under another name, synced and renamed, so that whatever ends the process leaves only files
that can be read; what was still in memory is lost then, which is at most what one file holds and what waits for the next.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sidecar.capturing import parquet
from sidecar.capturing.bounded_directory import BoundedDirectory
from sidecar.capturing.outcomes import Outcomes
from sidecar.core.reading.capture import Record
from sidecar.plain_text import told

SUFFIX = ".parquet"
UNFINISHED = ".part"
_RECORD_BYTES = 512
"""Taken for a record beside its bodies."""


class Group(NamedTuple):
    """When a row group is full."""

    records: int
    bytes: int
    seconds: float
    """Age of its first record."""


class ParquetDirectory:
    """Holds two groups at most beside the one that is being written; what comes then is dropped and counted."""

    def __init__(
        self, directory: BoundedDirectory, full: Group, outcomes: Outcomes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Makes the directory, and removes what an earlier life did not finish. Raises OSError and ImportError."""
        import pyarrow.parquet  # noqa: F401  # its absence is told at the start

        directory.make()
        for path in directory.path.glob(f"*{SUFFIX}{UNFINISHED}"):
            path.unlink(missing_ok=True)
        self._directory = directory
        self._full = full
        self._outcomes = outcomes
        self._clock = clock
        self._records: list[Record] = []
        self._bytes = 0
        self._began = 0.0
        self._ending = False
        self._changed = threading.Condition(threading.Lock())
        self._thread = threading.Thread(target=self._run, name="captures to Parquet", daemon=True)
        self._thread.start()

    def append(self, record: Record) -> None:
        """Take a record; it counts as sent once its file is there."""
        size = _size(record)
        with self._changed:
            room = self._bytes + size <= 2 * self._full.bytes and len(self._records) < 2 * self._full.records
            if room:
                self._add(record, size)
        if not room:
            self._outcomes.dropped("the disk is slower than the exchanges")

    def close(self, seconds: float) -> None:
        """Write what is held, for at most so many seconds. Nothing may be appended afterwards."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join(seconds)

    def _add(self, record: Record, size: int) -> None:
        was_full = self._is_full()
        if not self._records:
            self._began = self._clock()
            self._changed.notify()
        self._records.append(record)
        self._bytes += size
        if self._is_full() and not was_full:  # once: waking a thread costs as much as the record
            self._changed.notify()

    def _is_full(self) -> bool:
        return len(self._records) >= self._full.records or self._bytes >= self._full.bytes

    def _run(self) -> None:
        while records := self._next():
            try:
                self._write(records)
            except Exception as error:  # noqa: BLE001  # pyarrow has errors of its own, and the thread must go on
                self._outcomes.failed(told(error), len(records))
            else:
                self._outcomes.sent(len(records))

    def _next(self) -> list[Record]:
        """The records of the next file, when it is due; none at the end."""
        with self._changed:
            while not (self._ending or self._is_full()):
                left = self._began + self._full.seconds - self._clock() if self._records else None
                if left is not None and left <= 0:
                    break
                self._changed.wait(left)
            records, self._records, self._bytes = self._records, [], 0
            return records

    def _write(self, records: list[Record]) -> None:
        path = self._directory.new_path(SUFFIX)
        unfinished = path.with_name(path.name + UNFINISHED)
        self._directory.make()
        try:
            size = _written(records, unfinished)
            self._directory.make_room(size)
            unfinished.rename(path)
        finally:
            unfinished.unlink(missing_ok=True)


def _written(records: list[Record], path: Path) -> int:
    """Writes a file, for its owner alone, and gives its size in bytes."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        parquet.write(records, file)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _size(record: Record) -> int:
    """Bytes that a record holds in memory, about."""
    request, response = record.request, record.response
    return _RECORD_BYTES + len(request.body) + len(request.body_base64) + len(response.body) + len(response.body_base64)

"""The capture sink: exchanges as JSON lines in a rotating file, for `drift-sidecar profile` and `replay`. Off by default.

`core.reading.capture` decides what a line holds and what must never be written. This module opens, appends and rotates: one older
generation is kept as `<path>.1`, and both together stay below twice `capture.max_bytes`. A full or broken disk costs captures,
which are counted, and nothing else.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Mapping

from sidecar.core.reading.capture import dumps
from sidecar.core.words.events import Event, ExchangeSeen
from sidecar.errors import SettingsError
from sidecar.settings import CaptureSettings, Settings


def make(settings: Settings) -> Capture:
    """The sink for these settings. Raises SettingsError if the file cannot be opened."""
    return Capture(settings.capture, random.Random())


class Capture:
    """Appends lines to a file."""

    name = "capture"
    every_exchange = True

    def __init__(self, settings: CaptureSettings, rng: random.Random) -> None:
        self._counts: Counter[str] = Counter()
        self.results: Mapping[str, int] = self._counts
        self._path = settings.path
        self._max_bytes = settings.max_bytes
        self._mask = settings.mask
        self._ratio = settings.sample_ratio
        self._rng = rng
        try:
            self._open()
        except OSError as error:
            fix = "Give a file in a directory that the sidecar may write to"
            raise SettingsError("capture.path", f"{self._path} cannot be opened ({error.strerror})", fix) from error

    def handle(self, event: Event) -> None:
        """Write a line, if the event is an exchange and it is sampled."""
        if isinstance(event, ExchangeSeen) and (self._ratio >= 1 or self._rng.random() < self._ratio):
            self._append(dumps(event.exchange, self._mask))

    def flush(self) -> None:
        """Does nothing: lines are written at once."""

    def _append(self, line: bytes) -> None:
        if len(line) > self._max_bytes:
            self._counts["dropped"] += 1
            return
        try:
            if self._size + len(line) > self._max_bytes:
                self._rotate()
            self._write(line)
        except OSError:
            self._counts["failed"] += 1
        else:
            self._counts["sent"] += 1

    def _write(self, line: bytes) -> None:
        written = os.write(self._file, line)
        if written < len(line):  # the disk is full: half a line would corrupt the next one
            os.ftruncate(self._file, self._size)
            raise OSError("short write")
        self._size += written

    def _rotate(self) -> None:
        os.replace(self._path, f"{self._path}.1")
        old = self._file
        self._open()  # before the old one is closed, so that a file is always open
        os.close(old)

    def _open(self) -> None:
        # Payloads are readable only for the user who runs this.
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._file).st_size

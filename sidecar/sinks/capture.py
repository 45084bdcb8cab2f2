"""The capture sink: exchanges in files, for `profile`, `compare` and `replay`. Off by default; see docs/captures.md.

`core.reading.capture` decides what a record holds and what must never be written, `capturing.chosen` which exchanges, and the
stores of `capturing` when a file begins and ends. A full or broken disk costs captures, which are counted, and nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

from sidecar.capturing.bounded_directory import BoundedDirectory
from sidecar.capturing.chosen import Chosen
from sidecar.capturing.disk import DiskMark
from sidecar.capturing.line_directory import LineDirectory
from sidecar.capturing.outcomes import Outcomes
from sidecar.capturing.rotated import RotatedFile
from sidecar.core.reading.capture import Record, encode
from sidecar.core.words.events import Event, ExchangeSeen
from sidecar.errors import SettingsError
from sidecar.plain_text import told
from sidecar.settings import CaptureSettings, Settings

_FILES = 8
"""Files of a directory that `capture.max_bytes` has room for; the directory itself has room for twice as many."""


def make(settings: Settings) -> Capture:
    """The sink for these settings. Raises SettingsError if nothing can be written there."""
    return Capture(settings.capture, random.Random())


class Capture:
    """Chooses exchanges and appends their records to a file, or to the files of a directory."""

    name = "capture"
    every_exchange = True

    def __init__(self, settings: CaptureSettings, rng: random.Random) -> None:
        self._outcomes = Outcomes(self.name)
        self.results: Mapping[str, int] = self._outcomes.results
        self._chosen = Chosen(settings, settings.mask, rng)
        self._mark = DiskMark(settings.path, settings.min_free_ratio)
        try:
            self._lines = _lines(settings)
        except OSError as error:
            fix = "Give a file, or a directory with a `/` at its end, where the sidecar may write"
            raise SettingsError("capture.path", f"{settings.path} cannot be opened ({error.strerror})", fix) from error

    def handle(self, event: Event) -> None:
        """Write a record, if the event is an exchange and it is chosen."""
        if isinstance(event, ExchangeSeen) and (record := self._chosen.record(event.exchange)) is not None:
            if self._mark.reached():
                self._outcomes.dropped(str(self._mark))
            else:
                self._append(record)

    def flush(self) -> None:
        """Ends the file; all lines are in it already."""
        self._lines.close()

    def _append(self, record: Record) -> None:
        line = encode(record)
        if len(line) > self._lines.longest:
            self._outcomes.dropped("longer than a file may be")
            return
        try:
            self._lines.append(line)
        except OSError as error:
            self._outcomes.failed(told(error))
        else:
            self._outcomes.sent()


def _lines(settings: CaptureSettings) -> RotatedFile | LineDirectory:
    """A directory for a path that ends in `/` or is one, else a file. Raises OSError."""
    path = Path(settings.path)
    if not settings.path.endswith("/") and not path.is_dir():
        return RotatedFile(path, settings.max_bytes)
    directory = BoundedDirectory(path, 2 * settings.max_bytes, settings.max_files)
    return LineDirectory(directory, settings.max_bytes // _FILES, settings.max_seconds)

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
from sidecar.capturing.lines import Lines
from sidecar.capturing.outcomes import Outcomes
from sidecar.capturing.parquet_directory import Group, ParquetDirectory
from sidecar.capturing.rotated import RotatedFile
from sidecar.core.words.events import Event, ExchangeSeen
from sidecar.errors import SettingsError
from sidecar.settings import CaptureSettings, Settings
from sidecar.sink import FLUSH_SHARE

_FILES = 8
"""Files of a directory that `capture.max_bytes` has room for; the directory itself has room for twice as many."""
_GROUP_RECORDS = 4096
_GROUP_BYTES = 8_388_608
"""Of bodies, before compression: three groups are held at most, which is a tenth of the observer's memory."""


def make(settings: Settings) -> Capture:
    """The sink for these settings. Raises SettingsError if nothing can be written there."""
    return Capture(settings.capture, random.Random(), settings.drain.flush_seconds * FLUSH_SHARE)


class Capture:
    """Chooses exchanges and appends their records to a file, or to the files of a directory."""

    name = "capture"
    every_exchange = True

    def __init__(self, settings: CaptureSettings, rng: random.Random, flush_seconds: float) -> None:
        self._outcomes = Outcomes(self.name)
        self.results: Mapping[str, int] = self._outcomes.results
        self._chosen = Chosen(settings, settings.mask, rng)
        self._mark = DiskMark(settings.path, settings.min_free_ratio)
        self._flush_seconds = flush_seconds
        try:
            self._store = _store(settings, self._outcomes)
        except OSError as error:
            fix = "Give a file, or a directory with a `/` at its end, where the sidecar may write"
            raise SettingsError("capture.path", f"{settings.path} cannot be opened ({error.strerror})", fix) from error
        except ImportError as error:
            fix = "Install drift-sidecar[parquet], or use jsonl"
            raise SettingsError("capture.format", "parquet needs a library that is not installed", fix) from error

    def handle(self, event: Event) -> None:
        """Take a record, if the event is an exchange and it is chosen."""
        if isinstance(event, ExchangeSeen) and (record := self._chosen.record(event.exchange)) is not None:
            if self._mark.reached():
                self._outcomes.dropped(str(self._mark))
            else:
                self._store.append(record)

    def flush(self) -> None:
        """Write what is held, as far as the time allows."""
        self._store.close(self._flush_seconds)


def _store(settings: CaptureSettings, outcomes: Outcomes) -> Lines | ParquetDirectory:
    """What the path and the format ask for. Raises SettingsError, OSError or ImportError."""
    path = Path(settings.path)
    if not settings.path.endswith("/") and not path.is_dir():
        if settings.format == "parquet":
            raise SettingsError("capture.path", f"{path} is one file, and Parquet needs several", "End it in `/`")
        return Lines(RotatedFile(path, settings.max_bytes), outcomes)
    directory = BoundedDirectory(path, 2 * settings.max_bytes, settings.max_files)
    size = settings.max_bytes // _FILES
    if settings.format == "parquet":
        full = Group(_GROUP_RECORDS, min(size, _GROUP_BYTES), settings.max_seconds)
        return ParquetDirectory(directory, full, outcomes)
    return Lines(LineDirectory(directory, size, settings.max_seconds), outcomes)

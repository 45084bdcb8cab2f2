"""Records as lines of JSON, appended to a file or to the files of a directory; each counts as sent once it is written."""

from __future__ import annotations

from sidecar.capturing.line_directory import LineDirectory
from sidecar.capturing.outcomes import Outcomes
from sidecar.capturing.rotated import RotatedFile
from sidecar.core.reading.capture import Record, encode
from sidecar.plain_text import told


class Lines:
    """Raises nothing: what the disk refuses is counted."""

    def __init__(self, files: RotatedFile | LineDirectory, outcomes: Outcomes) -> None:
        self._files = files
        self._outcomes = outcomes

    def append(self, record: Record) -> None:
        """Write a line."""
        line = encode(record)
        if len(line) > self._files.longest:
            self._outcomes.dropped("longer than a file may be")
            return
        try:
            self._files.append(line)
        except OSError as error:
            self._outcomes.failed(told(error))
        else:
            self._outcomes.sent()

    def close(self, seconds: float) -> None:
        """Ends the file; all lines are in it already."""
        self._files.close()

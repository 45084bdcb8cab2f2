"""The drift log: one JSON object per line on stdout, for people and log pipelines. See docs/driftlog.md.

structlog formats, a `LineWriter` writes: what does not fit into its queue is dropped and counted.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from sidecar.core.watching.event_lines import EventLine, event_line
from sidecar.core.words.events import Event
from sidecar.line_writer import LineWriter
from sidecar.settings import ModelSettings, Settings

_FIRST = ("timestamp", "level", "event")
"""Keys at the front of a line, where readers look for them."""


def make(settings: Settings) -> DriftLog:
    """The sink for these settings, writing to stdout."""
    return DriftLog(settings.model, sys.stdout.fileno())


class DriftLog:
    """Writes lines to a file descriptor."""

    name = "driftlog"
    every_exchange = False

    def __init__(self, model: ModelSettings, descriptor: int) -> None:
        self._lines = LineWriter(descriptor)
        self.results: Mapping[str, int] = self._lines.results
        self._log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
            self._lines,
            processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer(serializer=_json)],
            wrapper_class=structlog.make_filtering_bound_logger(0),
            model_name=model.name,
            model_version=model.version,
        )

    def handle(self, event: Event) -> None:
        """Write a line about any event except an exchange, which has traces and captures."""
        line = event_line(event)
        if line is not None:
            self._write(line)

    def flush(self) -> None:
        """Wait until the lines are written, or half a second."""
        self._lines.flush()

    def _write(self, line: EventLine) -> None:
        timestamp = datetime.fromtimestamp(line.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        getattr(self._log, line.level)(line.event, timestamp=timestamp, **line.figures)


def _json(event: dict[str, Any], **_: Any) -> bytes:
    event = {key: event[key] for key in _FIRST} | event
    try:
        return orjson.dumps(event)
    except TypeError:  # a lone surrogate; nothing else in an event can fail
        return orjson.dumps(_readable(event))


def _readable(value: Any) -> Any:
    """A copy in which characters that cannot be encoded are `?`."""
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

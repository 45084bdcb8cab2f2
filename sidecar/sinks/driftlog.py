"""The drift log: one JSON object per line on stdout, for people and log pipelines. See docs/driftlog.md.

structlog formats. A thread writes, behind a bounded queue, because writing to a pipe that nobody reads blocks for ever:
what does not fit is dropped and counted.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from sidecar.core.watching.event_lines import EventLine, event_line
from sidecar.core.words.events import (
    Event,
)
from sidecar.settings import ModelSettings, Settings

_WAITING_LINES = 1000
_FLUSH_SECONDS = 0.5
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
        self._lines = LineWriter(descriptor, _WAITING_LINES)
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
        self._lines.flush(_FLUSH_SECONDS)

    def _write(self, line: EventLine) -> None:
        timestamp = datetime.fromtimestamp(line.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        getattr(self._log, line.level)(line.event, timestamp=timestamp, **line.figures)


class LineWriter:
    """Writes lines to a file descriptor that may block: they are queued, written by a thread, and dropped and counted
    if too many wait.

    To structlog it is a logger: the method of each level takes the finished line.
    """

    def __init__(self, descriptor: int, capacity: int) -> None:
        self.results: Counter[str] = Counter()
        self._descriptor = descriptor
        self._queue: queue.Queue[bytes] = queue.Queue(capacity)
        self._thread: threading.Thread | None = None
        self._idle = threading.Condition()
        self._unwritten = 0

    def info(self, line: bytes) -> None:
        """Queue a line; returns at once."""
        if self._thread is None:  # saves the memory of a thread until it is needed
            self._thread = threading.Thread(target=self._run, name="drift log", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(line + b"\n")
        except queue.Full:
            self.results["dropped"] += 1
            return
        with self._idle:
            self._unwritten += 1

    warning = info

    def flush(self, seconds: float) -> bool:
        """Wait until every line is written; False if `seconds` were not enough."""
        with self._idle:
            return self._idle.wait_for(lambda: self._unwritten == 0, seconds)

    def _run(self) -> None:
        while True:
            line = self._queue.get()
            result = "sent" if self._write(line) else "failed"
            with self._idle:
                self.results[result] += 1
                self._unwritten -= 1
                self._idle.notify_all()

    def _write(self, line: bytes) -> bool:
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError:  # closed, or a full disk: the next line may succeed
            return False
        return True


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

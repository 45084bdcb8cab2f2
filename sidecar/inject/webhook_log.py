"""The webhook's log: one JSON object per line on stdout, formatted by structlog. Libraries' log records join it.

Holds no state, and decides nothing about what is logged. Neighbour: `webhook`, which does.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson
import structlog

Log = structlog.typing.FilteringBoundLogger
_FIRST = ("timestamp", "level", "event")


def make_log(stream: BinaryIO) -> Log:
    """A log that writes to a binary stream."""
    log: Log = structlog.wrap_logger(
        structlog.BytesLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    )
    return log


@contextlib.contextmanager
def capture_libraries(log: Log) -> Iterator[None]:
    """Within the context, records of the `logging` module from WARNING on are written to this log."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    root.handlers = [_Library(log)]
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)


def _json(event: dict[str, Any], **_: Any) -> bytes:
    return orjson.dumps({key: event[key] for key in _FIRST} | event)


class _Library(logging.Handler):
    """Forwards records of `logging`."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        try:
            detail = self.format(record)  # with the traceback, if there is one
            self._log.log(record.levelno, "library", logger=record.name, detail=detail)
        except Exception:  # noqa: BLE001  # a caller must not fail because the log cannot be written
            self.handleError(record)

"""The webhook's log: one JSON object a line on stdout, formatted by structlog. What libraries say comes the same way."""

from __future__ import annotations

import logging
from typing import Any, BinaryIO

import orjson
import structlog

Log = structlog.typing.FilteringBoundLogger
_FIRST = ("timestamp", "level", "event")


def make_log(stream: BinaryIO) -> Log:
    """A log that writes to this stream."""
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


def take_libraries(log: Log) -> None:
    """Have this log take what libraries say, from warnings on; for a process that is ours alone."""
    logging.basicConfig(handlers=[_Library(log)], level=logging.WARNING, force=True)


def _json(event: dict[str, Any], **_: Any) -> bytes:
    return orjson.dumps({key: event[key] for key in _FIRST} | event)


class _Library(logging.Handler):
    """Passes on what a library logs."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        detail = self.format(record)  # with the traceback, if there is one
        self._log.log(record.levelno, "library", logger=record.name, detail=detail)

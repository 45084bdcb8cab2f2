"""The drift log: one JSON object a line on stdout for what a person or a log pipeline should know. See docs/driftlog.md.

Formatting is structlog's. Writing is a thread's, behind a bounded queue, because a pipe that nobody reads would block
for ever: what does not fit is dropped and counted.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson
import structlog

from sidecar.core.events import (
    DecodeFailed,
    Event,
    ExchangeSeen,
    FeatureReport,
    JointChanged,
    LearningRefused,
    ReferenceChanged,
    ReferenceLearned,
    ReferenceMismatch,
    State,
    VerdictChanged,
    WindowClosed,
)
from sidecar.settings import ModelSettings, Settings

_WAITING_LINES = 1000
_FLUSH_SECONDS = 0.5
_TOP_FEATURES = 5
_FIRST = ("timestamp", "level", "event")
"""Keys that a reader looks for stand at the front of a line."""
_LEVELS = {State.DRIFT: "warning", State.WARNING: "warning"}


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
        """Write a line about every event except exchanges, which have traces and captures."""
        match event:
            case VerdictChanged():
                level = _LEVELS.get(event.report.state, "info")
                self._write(level, "verdict_changed", event.at, _verdict(event))
            case WindowClosed():
                self._write("info", "window_closed", event.ended, _window(event))
            case JointChanged():
                level = _LEVELS.get(event.report.state, "info")
                self._write(level, "joint_changed", event.at, _joint(event))
            case ReferenceLearned():
                figures = {"side": event.side, "rows": event.rows, "digest": event.digest}
                self._write("info", "reference_learned", event.at, figures)
            case LearningRefused():
                figures = {"side": event.side, "feature": event.feature, "effect": round(event.effect, 6)}
                self._write(
                    "warning", "learning_refused", event.at, figures | {"changed": event.changed, "times": event.times}
                )
            case ReferenceChanged():
                figures = {"before": event.before, "digest": event.digest}
                self._write("info", "reference_changed", event.at, figures)
            case DecodeFailed():
                figures = {"decoder": event.decoder, "reason": event.reason, "detail": event.detail}
                figures |= {"trace_id": event.trace_id} if event.trace_id else {}
                self._write("warning", "decode_failed", event.at, figures | {"since_last": event.since_last})
            case ReferenceMismatch():
                self._write("warning", "reference_mismatch", event.at, {"side": event.side, "detail": event.detail})
            case ExchangeSeen():
                pass

    def flush(self) -> None:
        """Wait until the lines are out, or half a second."""
        self._lines.flush(_FLUSH_SECONDS)

    def _write(self, level: str, event: str, at: float, figures: dict[str, Any]) -> None:
        timestamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        getattr(self._log, level)(event, timestamp=timestamp, **figures)


class LineWriter:
    """Lines to a file descriptor that may block: queued, written by a thread, dropped and counted when too many wait.

    It is what structlog calls a logger: a method for each level takes the finished line.
    """

    def __init__(self, descriptor: int, capacity: int) -> None:
        self.results: Counter[str] = Counter()
        self._descriptor = descriptor
        self._queue: queue.Queue[bytes] = queue.Queue(capacity)
        self._thread: threading.Thread | None = None
        self._idle = threading.Condition()
        self._unwritten = 0

    def info(self, line: bytes) -> None:
        """Take a line; returns at once."""
        if self._thread is None:  # most of the memory of a thread is spared until there is something to say
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
        except OSError:  # closed, or a full disk: the next line may fare better
            return False
        return True


def _json(event: dict[str, Any], **_: Any) -> bytes:
    event = {key: event[key] for key in _FIRST} | event
    try:
        return orjson.dumps(event)
    except TypeError:  # text that is not Unicode (a lone surrogate); nothing else in an event can be unfit
        return orjson.dumps(_readable(event))


def _readable(value: Any) -> Any:
    """A copy whose texts can be written; what cannot is shown as `?`."""
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _verdict(event: VerdictChanged) -> dict[str, Any]:
    return {**_of(event.report.segment), "before": event.before, "rows_seen": event.rows_seen, **_report(event.report)}


def _joint(event: JointChanged) -> dict[str, Any]:
    report = event.report
    return {
        "side": report.side,
        "before": event.before,
        "state": report.state,
        "rows_seen": event.rows_seen,
        "p_value": report.p_value,
        "threshold": report.threshold,
        "effect": round(report.effect, 6),
        "effect_rows": report.rows,
        "features": [{"feature": name, "share": round(share, 3)} for name, share in report.features],
        "pairs": [msgspec.to_builtins(pair) for pair in report.pairs],
    }


def _of(segment: str) -> dict[str, str]:
    return {"segment": segment} if segment else {}


def _window(event: WindowClosed) -> dict[str, Any]:
    ranked = sorted(event.features, key=lambda report: report.impact, reverse=True)
    return {
        **_of(event.segment),
        "side": event.side,
        "seconds": round(event.ended - event.started, 3),
        "rows": event.rows,
        "features": len(event.features),
        "drifted": _named(event.features, State.DRIFT),
        "warning": _named(event.features, State.WARNING),
        "top": [_brief(report) for report in ranked[:_TOP_FEATURES]],
    }


def _named(reports: Iterable[FeatureReport], state: State) -> list[str]:
    return [report.feature for report in reports if report.state is state]


def _brief(report: FeatureReport) -> dict[str, Any]:
    return {
        "feature": report.feature,
        "state": report.state,
        "effect": round(report.effect, 6),
        "evidence": round(report.evidence, 3),
        **({} if report.importance == 1.0 else {"importance": round(report.importance, 3)}),
    }


def _report(report: FeatureReport) -> dict[str, Any]:
    return {
        "side": report.side,
        **_brief(report),
        "threshold": round(report.threshold, 3),
        "effect_rows": report.effect_rows,
        "independent_ratio": round(report.independent_ratio, 3),
        "scores": {name: msgspec.to_builtins(score) for name, score in report.scores.items()},
        "shifts": [msgspec.to_builtins(shift) for shift in report.shifts],
        **({"changed": report.changed} if report.changed else {}),
        **({} if report.units is None else {"units": report.units}),
    }

"""`drift-sidecar replay`: captured exchanges through the monitor, at the times they had."""

from __future__ import annotations

import argparse
import datetime
import secrets
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec
import orjson

from sidecar.commands.settings_options import settings_of
from sidecar.core.reading.decoders import decoders
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import Event, ReferenceLearned, VerdictChanged, WindowClosed
from sidecar.core.words.rules import RuleChanged
from sidecar.data import captures
from sidecar.data.progress import bar
from sidecar.errors import DataError
from sidecar.reference_store import read_reference

_NS = 1e-9
_LABEL_KEY_BYTES = 16


def execute(options: argparse.Namespace) -> int:
    """Tell of every change of a verdict, then sum up."""
    settings = settings_of(options).settings
    file = Path(options.capture)
    if not captures.files_of(file):
        raise DataError(options.capture, "is no file, and no directory of captures", "Give what the capture sink wrote")
    reference = read_reference(settings.reference) if settings.reference else None
    told: Counter[str] = Counter()
    monitor: Monitor | None = None
    now = 0.0
    with bar(captures.size_of(file), "replaying") as progress:
        for exchange in captures.exchanges(file, progress):
            now = max(now, (exchange.started_ns + exchange.duration_ns) * _NS)
            if monitor is None:
                key = secrets.token_bytes(_LABEL_KEY_BYTES)
                monitor = Monitor(settings, reference, decoders(settings.decode), now, label_key=key)
            told.update(_tell([*monitor.feed(exchange, now), *monitor.tick(now)], options.json))
            told["exchanges"] += 1
    if monitor is None:
        raise DataError(options.capture, "holds no exchanges", "Give what the capture sink wrote")
    told.update(_tell(monitor.finish(now), options.json))
    if not options.json:
        rows = sum(side.rows_total for stream in monitor.view().streams for side in stream.sides)
        print(
            f"{told['exchanges']:,} exchanges, {rows:,} rows, {told['windows']} windows, {told['changes']} verdicts changed"
        )
    return 0


def _tell(events: Iterable[Event], as_json: bool) -> Counter[str]:
    told: Counter[str] = Counter()
    for event in events:
        if isinstance(event, WindowClosed):
            told["windows"] += 1
        elif isinstance(event, VerdictChanged | RuleChanged | ReferenceLearned):
            told["changes"] += isinstance(event, VerdictChanged | RuleChanged)
            print(orjson.dumps(msgspec.to_builtins(event)).decode() if as_json else _line(event))
    return told


def _line(event: VerdictChanged | RuleChanged | ReferenceLearned) -> str:
    at = datetime.datetime.fromtimestamp(event.at, datetime.UTC).isoformat(" ", "milliseconds")
    stream = f"{event.stream} " if event.stream else ""
    if isinstance(event, ReferenceLearned):
        return f"{at}  {stream}reference of the {event.side.value} learned from {event.rows:,} rows"
    if isinstance(event, RuleChanged):
        rule = event.report
        return (
            f"{at}  {stream}{rule.side.value} {rule.feature}: {rule.rule.value} ({rule.limit}) {event.before.value} -> "
            f"{rule.state.value} after {event.rows_seen:,} rows (broken by {rule.rate:.2%} of {rule.rows:,} rows, "
            f"{rule.allowed:.2%} may; evidence {rule.evidence:.1f} of {rule.threshold:.1f})"
        )
    report = event.report
    moved = "; ".join(f"{s.range}: {s.reference_ratio:.1%} -> {s.live_ratio:.1%}" for s in report.shifts[:2])
    segment = f" in segment {report.segment}" if report.segment else ""
    return (
        f"{at}  {stream}{report.side.value} {report.feature}{segment}: {event.before.value} -> {report.state.value} after "
        f"{event.rows_seen:,} rows (evidence {report.evidence:.1f} of {report.threshold:.1f}, "
        f"PSI {report.effect:.3f} over {report.effect_rows:,} rows)  {moved}"
    )

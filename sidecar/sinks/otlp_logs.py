"""The drift log over OTLP: a log record for each line, with the figures as attributes. It is sent in addition to stdout."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult

from sidecar import __version__
from sidecar.core.watching.event_lines import event_line
from sidecar.core.words.events import Event
from sidecar.export import TIMEOUT_SECONDS, Counted, check, resource
from sidecar.settings import ModelSettings, Settings
from sidecar.sink import FLUSH_SHARE

_QUEUE = 1_000
_DELAY_MILLIS = 1_000
_SEVERITIES = {"info": SeverityNumber.INFO, "warning": SeverityNumber.WARN}


def make(settings: Settings) -> OtlpLogs:
    """The sink for these settings. Raises SettingsError if the endpoint is no URL."""
    endpoint = settings.otlp.logs_endpoint
    check("otlp.logs_endpoint", endpoint)
    exporter = OTLPLogExporter(endpoint=endpoint, timeout=TIMEOUT_SECONDS)
    return OtlpLogs(settings.model, exporter, settings.drain.flush_seconds * FLUSH_SHARE)


class OtlpLogs:
    """Makes records and hands them to an exporter's queue."""

    name = "otlp_logs"
    every_exchange = False

    def __init__(self, model: ModelSettings, exporter: LogRecordExporter, flush_seconds: float) -> None:
        counting = _Exporter(exporter)
        self._counted = counting.counted
        self.results: Mapping[str, int] = self._counted.results
        self._flush_seconds = flush_seconds
        self._processor = BatchLogRecordProcessor(counting, schedule_delay_millis=_DELAY_MILLIS, max_queue_size=_QUEUE)
        provider = LoggerProvider(resource(model), shutdown_on_exit=False)
        provider.add_log_record_processor(self._processor)
        self._logger = provider.get_logger("drift-sidecar", __version__)

    def handle(self, event: Event) -> None:
        """Send a record for each event that has a line in the drift log."""
        line = event_line(event)
        if line is None:
            return
        if self._counted.waiting >= _QUEUE:
            self._counted.results["dropped"] += 1
            return
        self._counted.made += 1
        record = LogRecord(
            timestamp=round(line.at * 1e9),
            severity_text=line.level,
            severity_number=_SEVERITIES[line.level],
            body=line.event,
            attributes={key: _plain(value) for key, value in line.figures.items()},
        )
        self._logger.emit(record)

    def flush(self) -> None:
        """Send what waits, as far as the time allows."""
        self._counted.close(self._processor.shutdown, self._flush_seconds)


class _Exporter(LogRecordExporter):
    """Counts what the exporter sends."""

    def __init__(self, exporter: LogRecordExporter) -> None:
        self.counted = Counted("log records", lambda batch: exporter.export(batch) is LogRecordExportResult.SUCCESS)
        self._exporter = exporter

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Send a batch."""
        return LogRecordExportResult.SUCCESS if self.counted.send(batch) else LogRecordExportResult.FAILURE

    def shutdown(self) -> None:
        """Close the exporter."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK gives it none

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held here."""
        return True


def _plain(value: Any) -> str | float | int | bool:
    """An attribute value: nested values become JSON, since collectors and stores support little else."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value).encode("utf-8", "replace").decode() if isinstance(value, str) else value

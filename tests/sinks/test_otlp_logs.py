from __future__ import annotations

from typing import Any

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from harness.collector import Collector, receiving
from harness.observed import STARTED, exchange
from sidecar.core.words.events import DecodeFailed, ExchangeSeen, State, VerdictChanged
from sidecar.settings import ModelSettings, OtlpSettings, Settings
from sidecar.sinks.otlp_logs import OtlpLogs, make
from tests.sinks.test_driftlog import report


def sink_for(collector: Collector) -> OtlpLogs:
    settings = Settings(model=ModelSettings(name="loans"), otlp=OtlpSettings(logs_endpoint=collector.at("logs")))
    return make(settings)


def records(collector: Collector) -> list[LogRecord]:
    return [record for one in collector.logs for scope in one.scope_logs for record in scope.log_records]


def attributes(record: LogRecord) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value") for one in record.attributes}


def test_a_verdict_that_changes_is_a_record_with_the_figures_of_the_drift_log() -> None:
    with receiving() as collector:
        sink = sink_for(collector)
        sink.handle(VerdictChanged(STARTED, State.OK, 120, report("age", 0.4, State.DRIFT)))
        sink.handle(ExchangeSeen(exchange(), 0))
        sink.flush()

    (record,) = records(collector)
    assert record.body.string_value == "verdict_changed"
    assert record.severity_text == "warning"
    assert record.time_unix_nano == round(STARTED * 1e9)
    found = attributes(record)
    assert (found["feature"], found["state"], found["before"], found["rows_seen"]) == ("age", "drift", "ok", 120)
    assert '"psi"' in found["scores"]
    assert dict(sink.results) == {"sent": 1, "failed": 0}


def test_text_that_is_not_unicode_is_sent_all_the_same() -> None:
    with receiving() as collector:
        sink = sink_for(collector)
        sink.handle(DecodeFailed(STARTED, "v2_json", "syntax", "\ud800", 1))
        sink.flush()

    assert attributes(records(collector)[0])["detail"] == "?"

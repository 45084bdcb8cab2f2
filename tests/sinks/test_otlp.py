from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import msgspec
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.proto.trace.v1.trace_pb2 import Status as WireStatus

from harness.collector import Collector, attributes, receiving
from harness.observed import ROUTE, STARTED, TRACE, exchange
from sidecar.core.words.events import ExchangeSeen
from sidecar.core.words.exchange import Exchange, Message, Outcome, Trace
from sidecar.errors import SettingsError
from sidecar.settings import DrainSettings, ModelSettings, Settings, TraceSettings
from sidecar.sinks.otlp import OtlpSink, make

CHILD = Trace(TRACE.trace_id, TRACE.span_id, "00f067aa0ba902b7", sampled=True)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with receiving() as server:
        yield server


def sink_for(url: str, flush_seconds: float = 5.0) -> OtlpSink:
    sink = make(
        Settings(
            model=ModelSettings(name="loans", version="7"),
            trace=TraceSettings(endpoint=url),
            drain=DrainSettings(flush_seconds=flush_seconds),
        )
    )
    assert isinstance(sink, OtlpSink)
    return sink


def exported(collector: Collector, *exchanges: Exchange, drifted: int = 0) -> list[Span]:
    sink = sink_for(collector.url)
    for one in exchanges:
        sink.handle(ExchangeSeen(one, drifted))
    sink.flush()
    return collector.spans


def test_a_sampled_exchange_is_a_server_span_with_the_ids_the_model_saw(collector: Collector) -> None:
    (span,) = exported(collector, exchange(trace=TRACE))
    assert span.trace_id.hex() == TRACE.trace_id
    assert span.span_id.hex() == TRACE.span_id
    assert span.parent_span_id == b""
    assert span.kind == Span.SPAN_KIND_SERVER
    assert span.name == f"POST {ROUTE}"


def test_its_times_are_those_of_the_wire(collector: Collector) -> None:
    (span,) = exported(collector, exchange(trace=TRACE, duration_ns=20_000_000))
    start = round(STARTED * 1e9)
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (start, start + 20_000_000)
    assert [(event.name, event.time_unix_nano) for event in span.events] == [("first_byte", start + 10_000_000)]


def test_it_is_a_child_of_the_clients_span(collector: Collector) -> None:
    (span,) = exported(collector, exchange(trace=CHILD))
    assert span.trace_id.hex() == TRACE.trace_id
    assert span.parent_span_id.hex() == CHILD.parent_id


def test_its_attributes_are_those_of_the_semantic_conventions(collector: Collector) -> None:
    (span,) = exported(collector, exchange(trace=TRACE), drifted=3)
    found = attributes(span)
    sizes = {found.pop("http.request.body.size"), found.pop("http.response.body.size")}
    assert sizes == {exchange().request.body_bytes, exchange().response.body_bytes}
    assert found == {
        "http.request.method": "POST",
        "http.route": ROUTE,
        "http.response.status_code": 200,
        "url.path": "/v2/models/loans/infer",
        "url.scheme": "http",
        "network.protocol.name": "http",
        "server.address": "loans.example",
        "server.port": 8080,
        "model.drifted_features": 3,
    }
    assert span.status.code == WireStatus.STATUS_CODE_UNSET


def test_the_resource_is_the_model(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=loans-0")
    exported(collector, exchange(trace=TRACE))
    found = {one.key: one.value.string_value for one in collector.received[0].resource.attributes}
    assert found["service.name"] == "loans"
    assert found["service.version"] == "7"
    assert found["k8s.pod.name"] == "loans-0"


def test_an_answer_of_500_is_an_error(collector: Collector) -> None:
    (span,) = exported(collector, exchange(trace=TRACE, status=503))
    assert span.status.code == WireStatus.STATUS_CODE_ERROR
    assert attributes(span)["error.type"] == "503"


def test_a_model_that_vanished_is_an_error(collector: Collector) -> None:
    (span,) = exported(collector, exchange(trace=TRACE, outcome=Outcome.UPSTREAM_GONE))
    assert span.status.code == WireStatus.STATUS_CODE_ERROR
    assert attributes(span)["error.type"] == "upstream_gone"


def test_a_client_that_left_is_no_error_of_the_server_and_is_told(collector: Collector) -> None:
    (span,) = exported(collector, exchange(trace=TRACE, outcome=Outcome.CLIENT_GONE))
    assert span.status.code == WireStatus.STATUS_CODE_UNSET
    assert "error.type" not in attributes(span)
    assert "client_gone" in [event.name for event in span.events]


def test_an_answer_of_404_is_the_clients_fault_and_no_error(collector: Collector) -> None:
    (span,) = exported(collector, exchange(trace=TRACE, status=404))
    assert span.status.code == WireStatus.STATUS_CODE_UNSET


@pytest.mark.parametrize("target", ["/x?key=hush", "http://me:hush@host/x?key=hush"])
def test_credentials_in_the_target_stay_here(collector: Collector, target: str) -> None:
    (span,) = exported(collector, exchange(trace=TRACE, target=target))
    assert attributes(span)["url.path"] == "/x"


def test_an_exchange_that_is_not_sampled_makes_no_span(collector: Collector) -> None:
    not_sampled = Trace(TRACE.trace_id, TRACE.span_id, "", sampled=False)
    assert exported(collector, exchange(), exchange(trace=not_sampled)) == []


def test_a_body_that_was_not_kept_whole_is_an_event(collector: Collector) -> None:
    cut = msgspec.structs.replace(exchange(trace=TRACE), response=Message(b"", b"", 10, truncated=True))
    (span,) = exported(collector, cut)
    shed = [event for event in span.events if event.name == "shed"]
    assert [event.attributes[0].value.string_value for event in shed] == ["response"]


def test_what_was_sent_is_counted(collector: Collector) -> None:
    sink = sink_for(collector.url)
    for _ in range(100):
        sink.handle(ExchangeSeen(exchange(trace=TRACE), 0))
    sink.flush()
    assert sink.results["sent"] == 100
    assert sink.results["failed"] == 0
    assert len(collector.spans) == 100


def test_a_collector_that_refuses_is_counted_and_complained_about_once(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.status = 400
    sink = sink_for(collector.url)
    with caplog.at_level(logging.WARNING):
        for _ in range(200):  # several batches
            sink.handle(ExchangeSeen(exchange(trace=TRACE), 0))
        sink.flush()
    assert dict(sink.results) == {"failed": 200}
    assert [record.name for record in caplog.records] == ["sidecar.export"]


def test_a_collector_that_is_not_there_is_counted() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: refused
        sink = sink_for(f"http://127.0.0.1:{unused.getsockname()[1]}/v1/traces", flush_seconds=0.5)
        sink.handle(ExchangeSeen(exchange(trace=TRACE), 0))
        sink.flush()
    assert sink.results["failed"] == 1


def test_a_collector_that_hangs_costs_spans_beyond_the_queue_and_no_waiting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sink = sink_for(f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces", flush_seconds=0.2)
        for _ in range(3000):
            sink.handle(ExchangeSeen(exchange(trace=TRACE), 0))
        assert sink.results["dropped"] == 3000 - 2048
        sink.flush()
        assert sink.results["failed"] == 2048


def test_an_endpoint_that_is_no_url_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match=r"trace\.endpoint"):
        sink_for("otel-collector:4318")

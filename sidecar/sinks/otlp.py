"""The trace sink: a SERVER span for each sampled exchange, sent over OTLP by HTTP or gRPC.

Spans are made after the exchange. The traffic process chose the ids, since the model has seen them already, so an id
generator returns those, with given start and end times. Spans are sent in small batches, since encoding holds the
interpreter lock.

Attributes are those of https://opentelemetry.io/docs/specs/semconv/http/http-spans/ (server). `url.path` has no query,
because queries carry credentials, and no segment that looks like a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

from sidecar import __version__
from sidecar.core.reading.paths import shown_path
from sidecar.core.words.events import Event, ExchangeSeen
from sidecar.core.words.exchange import Exchange, Outcome, Trace
from sidecar.errors import SettingsError
from sidecar.export import TIMEOUT_SECONDS, Counted, check, resource
from sidecar.plain_text import printable
from sidecar.settings import ModelSettings, Settings, TraceSettings
from sidecar.sink import FLUSH_SHARE

_QUEUE_SPANS = 2048
_BATCH_SPANS = 64
_DELAY_MILLIS = 1000
_PATH_CHARACTERS = 1024
_FAILED = frozenset({Outcome.UPSTREAM_GONE, Outcome.UPSTREAM_REFUSED})
"""A client that leaves is no fault of the server that the span is about."""


def make(settings: Settings) -> OtlpSink:
    """The sink for these settings. Raises SettingsError if the endpoint is no URL."""
    check("trace.endpoint", settings.trace.endpoint)
    return OtlpSink(settings.model, _exporter(settings.trace), settings.drain.flush_seconds * FLUSH_SHARE)


def _exporter(settings: TraceSettings) -> SpanExporter:
    """The exporter of the protocol. Only that one is imported: gRPC is an extra, and takes 20 MB of memory."""
    if settings.protocol == "http":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter

        return HttpExporter(endpoint=settings.endpoint, timeout=TIMEOUT_SECONDS)
    try:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
    except ImportError as error:
        fix = "Install drift-sidecar[grpc], or use http"
        raise SettingsError("trace.protocol", "grpc needs a library that is not installed", fix) from error
    return GrpcExporter(endpoint=settings.endpoint, timeout=TIMEOUT_SECONDS)


class OtlpSink:
    """Makes spans and hands them to an exporter's queue."""

    name = "otlp"
    every_exchange = False

    def __init__(self, model: ModelSettings, exporter: SpanExporter, flush_seconds: float) -> None:
        self._ids = _GivenIds()
        counting = _Exporter(exporter)
        self._counted = counting.counted
        self.results: Mapping[str, int] = self._counted.results
        self._flush_seconds = flush_seconds
        self._processor = BatchSpanProcessor(counting, _QUEUE_SPANS, _DELAY_MILLIS, _BATCH_SPANS)
        provider = TracerProvider(ALWAYS_ON, resource(model), shutdown_on_exit=False, id_generator=self._ids)
        provider.add_span_processor(self._processor)
        self._tracer = provider.get_tracer("drift-sidecar", __version__)

    def handle(self, event: Event) -> None:
        """Make a span of a sampled exchange; other events are ignored."""
        if not isinstance(event, ExchangeSeen) or event.exchange.trace is None or not event.exchange.trace.sampled:
            return
        if self._counted.waiting >= _QUEUE_SPANS:
            self._counted.results["dropped"] += 1
            return
        self._counted.made += 1
        self._span(event, event.exchange, event.exchange.trace)

    def flush(self) -> None:
        """Send what waits, as far as the time allows. Nothing can be sent afterwards."""
        self._counted.close(self._processor.shutdown, self._flush_seconds)

    def _span(self, seen: ExchangeSeen, exchange: Exchange, trace: Trace) -> None:
        self._ids.next = int(trace.trace_id, 16), int(trace.span_id, 16)
        span = self._tracer.start_span(
            exchange.method if exchange.route == "other" else f"{exchange.method} {exchange.route}",
            context=_parent(trace),
            kind=SpanKind.SERVER,
            attributes=_attributes(exchange) | _of_model(seen),
            start_time=exchange.started_ns,
        )
        if exchange.first_byte_ns:
            span.add_event("first_byte", timestamp=exchange.started_ns + exchange.first_byte_ns)
        end_ns = exchange.started_ns + exchange.duration_ns
        for name, message in (("request", exchange.request), ("response", exchange.response)):
            if message.truncated:
                span.add_event("shed", {"message": name}, timestamp=end_ns)
        if exchange.outcome is Outcome.CLIENT_GONE:
            span.add_event(exchange.outcome.value, timestamp=end_ns)
        if exchange.status >= 500 or exchange.outcome in _FAILED:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_ns)


class _GivenIds(IdGenerator):
    """Returns the ids that the traffic process chose. One thread makes all spans, one after another."""

    def __init__(self) -> None:
        self.next = (0, 0)

    def generate_trace_id(self) -> int:
        return self.next[0]

    def generate_span_id(self) -> int:
        return self.next[1]


class _Exporter(SpanExporter):
    """Counts what the exporter sends."""

    def __init__(self, exporter: SpanExporter) -> None:
        self.counted = Counted("spans", lambda spans: exporter.export(spans) is SpanExportResult.SUCCESS)
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch."""
        return SpanExportResult.SUCCESS if self.counted.send(spans) else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Close the exporter."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held here."""
        return True


def _parent(trace: Trace) -> Context:
    """The context of the client's span, or an empty one: a span without a parent starts its trace."""
    if not trace.parent_id:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED)
    client = SpanContext(int(trace.trace_id, 16), int(trace.parent_id, 16), is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(client), Context())


def _attributes(exchange: Exchange) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        "http.request.method": exchange.method,
        "url.path": shown_path(exchange.target)[:_PATH_CHARACTERS],
        "url.scheme": "http",
        "http.request.body.size": exchange.request.body_bytes,
        "http.response.body.size": exchange.response.body_bytes,
        "network.protocol.name": "http",
    }
    if exchange.route != "other":
        attributes["http.route"] = exchange.route
    if exchange.status:
        attributes["http.response.status_code"] = exchange.status
    if exchange.outcome in _FAILED:
        attributes["error.type"] = exchange.outcome.value
    elif exchange.status >= 500:
        attributes["error.type"] = str(exchange.status)
    return attributes | _server(exchange)


def _of_model(seen: ExchangeSeen) -> dict[str, AttributeValue]:
    """What is ours: the stream is named only where it is not the primary one."""
    of_stream = {"model.stream": seen.stream} if seen.stream else {}
    return {"model.drifted_features": seen.drifted_features, **of_stream}


def _server(exchange: Exchange) -> dict[str, AttributeValue]:
    """The address that the client used, from the `Host` header."""
    host = printable((exchange.request.header(b"host") or b"").decode("latin-1"))
    name, _, port = host.rpartition(":")
    if not name or not port.isdigit():
        return {"server.address": host} if host else {}
    return {"server.address": name, "server.port": int(port)}

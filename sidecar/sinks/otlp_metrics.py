"""Metrics over OTLP, for users without Prometheus: the exposition of `/metrics`, parsed and sent at intervals.

Names and labels are those of `/metrics`; counters and histograms are cumulative. A thread parses and sends. An
exposition that comes while the previous one is still being sent is dropped and counted.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client.core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from sidecar import __version__
from sidecar.core.words.events import Event
from sidecar.export import TIMEOUT_SECONDS, Counted, check, resource
from sidecar.settings import Settings
from sidecar.sink import FLUSH_SHARE

_CUMULATIVE = AggregationTemporality.CUMULATIVE
_SCOPE = InstrumentationScope("drift-sidecar", __version__)


def make(settings: Settings) -> OtlpMetrics:
    """The sink for these settings. Raises SettingsError if the endpoint is no URL."""
    endpoint = settings.otlp.metrics_endpoint
    check("otlp.metrics_endpoint", endpoint)
    exporter = OTLPMetricExporter(endpoint=endpoint, timeout=TIMEOUT_SECONDS)
    flush_seconds = settings.drain.flush_seconds * FLUSH_SHARE
    return OtlpMetrics(exporter, resource(settings.model), settings.otlp.metrics_seconds, flush_seconds)


class OtlpMetrics:
    """Sends one exposition every `seconds` seconds."""

    name = "otlp_metrics"
    every_exchange = False

    def __init__(self, exporter: MetricExporter, of: Resource, seconds: float, flush_seconds: float) -> None:
        self._counted = Counted("expositions", lambda batch: self._export(batch[0]))
        self.results: Mapping[str, int] = self._counted.results
        self._exporter = exporter
        self._resource = of
        self._seconds = seconds
        self._flush_seconds = flush_seconds
        self._started_ns = time.time_ns()
        self._due = 0.0
        self._queue: queue.Queue[bytes | None] = queue.Queue(1)
        self._thread = threading.Thread(target=self._run, name="metrics over OTLP", daemon=True)
        self._thread.start()

    def handle(self, event: Event) -> None:
        """Does nothing: events are no metrics."""

    def due(self, now: float) -> bool:
        """Whether it is time to push; if so, the next time is an interval later."""
        if now < self._due:
            return False
        self._due = now + self._seconds
        return True

    def push(self, exposition: bytes) -> None:
        """Queue the body of `/metrics`; returns at once."""
        try:
            self._queue.put_nowait(exposition)
        except queue.Full:
            self._counted.results["dropped"] += 1
        else:
            self._counted.made += 1

    def flush(self) -> None:
        """Send what waits, as far as the time allows."""
        self._counted.close(self._end, self._flush_seconds)

    def _end(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (exposition := self._queue.get()) is not None:
            self._counted.send([exposition])

    def _export(self, exposition: bytes) -> bool:
        families = text_string_to_metric_families(exposition.decode())
        found = list(metrics(families, self._started_ns, time.time_ns()))
        scope = ScopeMetrics(_SCOPE, found, "")
        data = MetricsData([ResourceMetrics(self._resource, [scope], "")])
        return self._exporter.export(data) is MetricExportResult.SUCCESS


def metrics(families: Iterable[Family], started_ns: int, now_ns: int) -> Iterator[Metric]:
    """Prometheus families as OTLP metrics; times are Unix nanoseconds."""
    for family in families:
        times = started_ns, now_ns
        if family.type == "histogram":
            data: Histogram | Sum | Gauge = Histogram(list(_histograms(family.samples, *times)), _CUMULATIVE)
        else:
            points = [NumberDataPoint(sample.labels, *times, float(sample.value)) for sample in family.samples]
            data = Sum(points, _CUMULATIVE, is_monotonic=True) if family.type == "counter" else Gauge(points)
        yield Metric(family.name, family.documentation, "", data)


def _histograms(samples: Sequence[Sample], started_ns: int, now_ns: int) -> Iterator[HistogramDataPoint]:
    """One point per label set, whose samples are consecutive: buckets, count and sum."""
    buckets: list[tuple[float, float]] = []
    count = 0.0
    for sample in samples:
        if sample.name.endswith("_bucket"):
            buckets.append((float(sample.labels["le"]), sample.value))
        elif sample.name.endswith("_count"):
            count = sample.value
        else:
            counts = [int(above - below) for (_, below), (_, above) in pairwise([(0.0, 0.0), *buckets])]
            bounds = [limit for limit, _ in buckets[:-1]]
            figures = int(count), sample.value, counts, bounds
            yield HistogramDataPoint(sample.labels, started_ns, now_ns, *figures, float("nan"), float("nan"))
            buckets = []

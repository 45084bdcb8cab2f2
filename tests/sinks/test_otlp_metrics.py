from __future__ import annotations

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from harness.collector import Collector, receiving
from harness.observed import SETTINGS, drifted_monitor, snapshot
from sidecar.settings import MetricsSettings, OtlpSettings, Settings
from sidecar.sink import Observed
from sidecar.sinks.otlp_metrics import OtlpMetrics, make
from sidecar.sinks.prometheus import PrometheusSink


def sink_for(collector: Collector) -> OtlpMetrics:
    otlp = OtlpSettings(metrics_endpoint=collector.at("metrics"), metrics_seconds=30)
    return make(Settings(model=SETTINGS.model, otlp=otlp, metrics=MetricsSettings()))


def exposition() -> bytes:
    return PrometheusSink(SETTINGS).render(Observed(snapshot(10), drifted_monitor().view(), {}), "text/plain")[0]


def sent(collector: Collector) -> dict[str, Metric]:
    return {one.name: one for each in collector.metrics for scope in each.scope_metrics for one in scope.metrics}


def test_what_metrics_answers_is_sent_with_its_names_labels_and_kinds() -> None:
    with receiving() as collector:
        sink = sink_for(collector)
        sink.push(exposition())
        sink.flush()

    found = sent(collector)
    rows = {
        frozenset(
            one.value.string_value for one in point.attributes if one.key in ("side", "answered")
        ): point.as_double
        for point in found["model_rows"].sum.data_points
    }
    assert found["model_rows"].sum.is_monotonic
    assert rows[frozenset({"input", "accepted"})] == 3000
    states = [point for point in found["model_drift_state"].gauge.data_points if point.as_double == 1]
    assert {"drift", "ok"} <= {one.value.string_value for point in states for one in point.attributes}
    assert dict(sink.results) == {"sent": 1, "failed": 0}


def test_a_histogram_keeps_its_buckets() -> None:
    with receiving() as collector:
        sink = sink_for(collector)
        sink.push(exposition())
        sink.flush()

    histogram = sent(collector)["http_server_request_duration_seconds"].histogram
    (point,) = histogram.data_points
    assert histogram.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    assert (point.count, sum(point.bucket_counts)) == (10, 10)
    assert point.bucket_counts[list(point.explicit_bounds).index(0.025)] == 10
    assert abs(point.sum - 0.2) < 1e-9


def test_it_is_due_once_in_so_many_seconds() -> None:
    with receiving() as collector:
        sink = sink_for(collector)
        assert [sink.due(now) for now in (100.0, 110.0, 129.0, 130.0, 131.0)] == [True, False, False, True, False]
        sink.flush()

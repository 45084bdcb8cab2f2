"""Metrics of the webhook, in a registry of their own. docs/webhook.md lists them, and a test compares.

Holds no state but counts: `review`, `survey` and `events` decide what is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import get_args

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client import Counter as Total
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from sidecar.inject.review import Result
from sidecar.inject.survey import Finding

_PREFIX = "drift_sidecar_webhook"
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
RESULTS = (*get_args(Result), "failed")
"""Values of the label `result`; `failed` is an internal error, after which the failure policy decides."""


class WebhookMetrics:
    """All metrics; `event_results` are the counts that the Event recorder keeps."""

    def __init__(self, event_results: Mapping[str, int]) -> None:
        self.registry = registry = CollectorRegistry()
        self.reviews = Total(f"{_PREFIX}_reviews", "Reviews answered", ["result"], registry=registry)
        for result in RESULTS:
            self.reviews.labels(result)
        self.seconds = Histogram(
            f"{_PREFIX}_review_duration_seconds", "From the last byte of a review to its answer",
            buckets=_BUCKETS, registry=registry,
        )  # fmt: skip
        self.expiry = Gauge(
            f"{_PREFIX}_certificate_expiry_timestamp_seconds", "When the served certificate ends", registry=registry
        )
        self.failures = Total(
            f"{_PREFIX}_task_failures", "Times that a task beside the reviews failed", ["task"], registry=registry
        )
        self.surveyed = Gauge(
            f"{_PREFIX}_survey_timestamp_seconds", "When the cluster was last looked through", registry=registry
        )
        self._without = Gauge(
            f"{_PREFIX}_pods_without_sidecar", "Pods that should have one", ["namespace"], registry=registry
        )
        self._bypassing = Gauge(
            f"{_PREFIX}_bypassing_services", "Services that go past a sidecar", ["namespace"], registry=registry
        )
        registry.register(_Events(event_results))

    def found(self, namespaces: Iterable[str], findings: Sequence[Finding], now: float) -> None:
        """Set the gauges of a survey made at Unix time `now`, for these namespaces and those of findings; others lose theirs."""
        without = Counter(finding.namespace for finding in findings if finding.kind == "no_sidecar")
        services = {(finding.namespace, finding.service.metadata.name) for finding in findings if finding.service}
        past = Counter(namespace for namespace, _ in services)
        shown = {*namespaces, *without, *past}
        for gauge, counts in ((self._without, without), (self._bypassing, past)):
            gauge.clear()
            for namespace in shown:
                gauge.labels(namespace).set(counts[namespace])
        self.surveyed.set(now)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class _Events(Collector):
    """Counts kept by the Event recorder."""

    def __init__(self, results: Mapping[str, int]) -> None:
        self._results = results

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(f"{_PREFIX}_events", "Kubernetes Events by what became of them", labels=["result"])
        for result in ("sent", "repeated", "dropped", "failed"):
            family.add_metric([result], self._results.get(result, 0))
        yield family

"""Metrics of the webhook: every result is there from the start, and namespaces no longer surveyed are gone."""

from __future__ import annotations

from typing import Any

import msgspec

from sidecar.inject.bypass import Service
from sidecar.inject.survey import Finding
from sidecar.inject.webhook_metrics import RESULTS, WebhookMetrics


def value(metrics: WebhookMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"drift_sidecar_webhook_{name}", labels)


def finding(namespace: str, service: str = "") -> Finding:
    made: Any = msgspec.convert({"metadata": {"name": service}}, Service) if service else None
    return Finding("bypassed" if service else "no_sidecar", namespace, "pod a", "why", "fix", made)


def test_every_result_is_counted_from_nought() -> None:
    metrics = WebhookMetrics({"sent": 3})
    assert [value(metrics, "reviews_total", result=result) for result in RESULTS] == [0.0] * len(RESULTS)
    assert value(metrics, "events_total", result="sent") == 3
    assert value(metrics, "events_total", result="failed") == 0
    assert b"drift_sidecar_webhook_reviews_total" in metrics.text()


def test_a_survey_counts_pods_and_each_service_once_and_forgets_namespaces() -> None:
    metrics = WebhookMetrics({})
    found = [finding("a"), finding("a"), finding("a", "front"), finding("a", "front"), finding("a", "back")]

    metrics.found(["a", "b"], found, 1000.0)

    assert value(metrics, "pods_without_sidecar", namespace="a") == 2
    assert value(metrics, "bypassing_services", namespace="a") == 2
    assert value(metrics, "pods_without_sidecar", namespace="b") == 0
    assert value(metrics, "survey_timestamp_seconds") == 1000
    metrics.found(["b"], [], 1001.0)
    assert value(metrics, "pods_without_sidecar", namespace="a") is None

"""A pod's own requests and limits are raised by what the sidecar asks, exactly, and its class is known."""

from __future__ import annotations

from typing import Any

import pytest

from harness.kubernetes import faults
from sidecar.inject.options import Options
from sidecar.inject.patch import inject, remove
from sidecar.inject.pod_resources import add, guaranteed

POD: dict[str, Any] = {
    "spec": {"containers": [{"name": "model", "image": "m:1", "ports": [{"name": "http", "containerPort": 8080}]}]}
}


def pod(**resources: Any) -> dict[str, Any]:
    return {"spec": {**POD["spec"], "resources": resources}}


@pytest.mark.parametrize(
    ("amount", "more", "total"),
    [
        ("2", "50m", "2050m"),
        (2, "1", "3"),
        ("950m", "50m", "1"),
        ("1Gi", "512Mi", "1536Mi"),
        ("512Mi", "512Mi", "1Gi"),
        ("1G", "128Mi", "1134217728"),
        ("1e9", "1k", "1000001000"),
        ("0.5Gi", "1", "536870913"),
        ("100u", "50m", "51m"),
        ("lots", "50m", "lots"),
    ],
)
def test_quantities_are_added_exactly_and_what_is_none_is_left(amount: Any, more: str, total: str) -> None:
    assert add(amount, more) == total


def test_requests_and_limits_of_the_pod_grow_by_the_sidecar_s_and_a_cpu_limit_by_its_request() -> None:
    before = pod(requests={"cpu": "1", "memory": "1Gi"}, limits={"cpu": "2", "memory": "2Gi"})

    patched = inject(before, Options())

    assert patched.pod["spec"]["resources"] == {
        "requests": {"cpu": "1050m", "memory": "1152Mi"},
        "limits": {"cpu": "2050m", "memory": "2560Mi"},
    }
    assert faults({"apiVersion": "v1", "kind": "Pod", **patched.pod}, "1.34") == []
    assert inject(patched.pod, Options()).operations == []
    assert remove(patched.pod) == before


def test_what_the_pod_does_not_bound_stays_unbounded() -> None:
    assert inject(pod(limits={"memory": "1Gi"}), Options()).pod["spec"]["resources"] == {"limits": {"memory": "1536Mi"}}
    assert "resources" not in inject(POD, Options()).pod["spec"]


def test_the_class_of_a_pod_with_bounds_of_its_own_follows_from_these_alone() -> None:
    equal = {"cpu": "1", "memory": "1Gi"}

    assert guaranteed(pod(requests=equal, limits=equal))
    assert not guaranteed(pod(limits={"cpu": "1"}))
    warnings = inject(pod(requests=equal, limits=equal), Options()).warnings
    assert [text for text in warnings if "no longer of class Guaranteed" in text]

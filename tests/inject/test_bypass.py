"""Services that lead to a model past its sidecar, in objects alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sidecar.inject.bypass import Service, bypasses
from sidecar.inject.options import Options
from sidecar.inject.patch import inject
from tests.inject.test_survey import POD

PATCHED = inject(POD, Options()).pod


def service(target: Any, **more: Any) -> Service:
    spec = {
        "selector": {"app": "fraud"},
        "ports": [{"port": 8080, **({} if target is None else {"targetPort": target})}],
        **more,
    }
    return msgspec.convert({"metadata": {"name": "front", "namespace": "risk"}, "spec": spec}, Service)


@pytest.mark.parametrize(
    ("target", "past"),
    [("http", False), ("app-http", True), (8080, True), (None, True), (0, True), (9480, False), ("gone", False)],
)
def test_a_service_bypasses_the_sidecar_if_it_leads_to_the_model_s_port(target: Any, past: bool) -> None:
    assert bool(bypasses(PATCHED, "risk", [service(target)])) is past


def test_services_of_other_pods_and_namespaces_do_not_count() -> None:
    assert not bypasses(PATCHED, "other", [service(8080)])
    assert not bypasses(PATCHED, "risk", [service(8080, selector={"app": "churn"}), service(8080, selector=None)])

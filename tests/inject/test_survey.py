"""Pods that should have a sidecar and have none, and Services that bypass one, in objects alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sidecar.inject.options import Options
from sidecar.inject.patch import inject
from sidecar.inject.survey import Pod, Service, asks_for_sidecar, bypasses, survey, why_missing

POD: dict[str, Any] = {
    "metadata": {"labels": {"app": "fraud"}},
    "spec": {"containers": [{"name": "m", "image": "m", "ports": [{"name": "http", "containerPort": 8080}]}]},
}
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


@pytest.mark.parametrize(
    ("more", "kinds"),
    [({}, ["no_sidecar"]), ({"status": {"phase": "Failed"}}, []), ({"status": {"phase": "Running"}}, ["no_sidecar"])],
)
def test_a_pod_without_a_sidecar_is_found_unless_it_has_ended(more: dict[str, Any], kinds: list[str]) -> None:
    found = survey([Pod("pod risk/a", "risk", {**POD, **more})], [], Options())
    assert [finding.kind for finding in found] == kinds


def test_a_pod_that_leaves_or_opted_out_is_no_finding_and_a_wrong_annotation_is_one_with_its_reason() -> None:
    leaving = {**POD, "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
    assert survey([Pod("p", "risk", leaving)], [], Options()) == []
    out = {**POD, "metadata": {"labels": {"drift-sidecar/inject": "disabled"}}}
    assert why_missing(out, "risk", Options()) is None
    wrong = {**POD, "metadata": {"annotations": {"drift-sidecar/traffic": "magic"}}}
    for options, words in ((Options(), "refused today"), (Options(invalid="admit"), "invalid")):
        missing = why_missing(wrong, "risk", options)
        assert missing
        assert words in missing[0]


def test_a_pod_asks_by_label_or_annotation_and_the_label_wins() -> None:
    key = "drift-sidecar/inject"
    assert asks_for_sidecar({"metadata": {"annotations": {key: "enabled"}}})
    assert not asks_for_sidecar({"metadata": {"annotations": {key: "enabled"}, "labels": {key: "disabled"}}})
    assert not asks_for_sidecar({})

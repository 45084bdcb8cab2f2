"""Each example, put through the real injector, becomes what a locked-down cluster takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.kubernetes import faults, unrestricted
from sidecar import cli
from sidecar.inject.model_container import NAME
from sidecar.inject.wishes import is_sent
from tests.sinks.test_prometheus import CONTRACT

EXAMPLES = sorted((Path(__file__).parents[2] / "k8s/examples").glob("*.yaml"))
VERSION = "1.34"
OTHERS = {"serving.kserve.io/v1beta1", "keda.sh/v1alpha1"}
"""Kinds of which no schema is at hand."""


def injected(path: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    assert cli.main(["inject", "-f", str(path), "--kubernetes-version", VERSION]) == 0
    return [one for one in yaml.safe_load_all(capsys.readouterr().out) if one]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_gets_a_sidecar_and_stays_valid(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = injected(path, capsys)

    for one in made:
        if one["apiVersion"] not in OTHERS:
            assert faults(one, VERSION) == []
    pods = [one["spec"].get("template") or {"spec": one["spec"]["predictor"]} for one in made if _has_pod(one)]
    assert len(pods) == (not path.stem.startswith("autoscaling"))
    for pod in pods:
        containers = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
        assert [one["name"] for one in containers].count(NAME) == 1
        assert not [reason for reason in unrestricted(pod) if reason.startswith(NAME)]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_webhook_is_asked_about_an_example_whatever_its_namespace_says(path: Path) -> None:
    things = [one for one in yaml.safe_load_all(path.read_text()) if _has_pod(one)]
    templates = [one["spec"].get("template") or {"metadata": one["spec"]["predictor"]} for one in things]

    assert all(is_sent({}, template) for template in templates)


def test_the_predictor_s_port_says_the_protocol_of_its_server() -> None:
    (path,) = (path for path in EXAMPLES if path.stem == "inferenceservice")
    (container,) = yaml.safe_load(path.read_text())["spec"]["predictor"]["containers"]

    assert [port["name"] for port in container["ports"]] == ["http1"], "KServe's own servers speak HTTP/1.1 there"


def _has_pod(one: dict[str, Any]) -> bool:
    return one["kind"] in ("Deployment", "Job", "InferenceService")


def test_every_kind_of_server_that_is_promised_has_an_example() -> None:
    named = {path.stem for path in EXAMPLES}

    servers = {
        "deployment",
        "inferenceservice",
        "mlserver",
        "triton",
        "vllm",
        "mlflow",
        "sagemaker",
        "job",
        "autoscaling-hpa",
        "autoscaling-keda",
    }
    assert servers == named


def test_pods_are_scaled_by_figures_that_there_are_and_the_model_s_own_cpu() -> None:
    paths = [path for path in EXAMPLES if path.stem.startswith("autoscaling")]
    documents = [one for path in paths for one in yaml.safe_load_all(path.read_text())]
    assert len(paths) == len(documents) == 2, "one is applied without the other"
    by_kind = {one["kind"]: one["spec"] for one in documents}
    metrics = {one["type"]: one for one in by_kind["HorizontalPodAutoscaler"]["metrics"]}
    triggers = {one["metadata"]["query"]: one.get("metricType") for one in by_kind["ScaledObject"]["triggers"]}
    recorded = (Path(__file__).parents[2] / "dashboards/rules/drift-sidecar.rules.yml").read_text()

    assert metrics["Pods"]["pods"]["metric"]["name"] in CONTRACT
    assert "record: model:latency_p95:5m" in recorded
    assert metrics["ContainerResource"]["containerResource"]["container"] == "model"
    assert set(metrics) == {"Pods", "External", "ContainerResource"}, "the pod's own CPU would be diluted"
    selector = '{namespace="risk",model_name="fraud"}'
    assert triggers == {
        f"sum(http_server_active_requests{selector})": None,
        f"max(model:latency_p95:5m{selector})": "Value",
    }

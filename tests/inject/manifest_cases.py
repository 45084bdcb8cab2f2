"""A manifest of each kind that has a pod, and what `drift-sidecar inject` makes of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar import cli
from sidecar.commands import manifest_yaml

POD = """\
metadata: {labels: {app: fraud}}
spec:
  %s
  containers: [{name: model, image: "fraud:1", args: [--http_port=8080], ports: [{name: http, containerPort: 8080}]}]
"""

APPS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


def manifest(kind: str) -> dict[str, Any]:
    """A small valid object of each kind that has a pod."""
    pod = yaml.safe_load(POD % ("restartPolicy: Never" if "Job" in kind else ""))
    named = {"name": "fraud", "namespace": "risk"}
    if kind == "Pod":
        return {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {**named, "labels": {"app": "fraud"}},
            "spec": pod["spec"],
        }
    if kind == "CronJob":
        spec: dict[str, Any] = {"schedule": "0 1 * * *", "jobTemplate": {"spec": {"template": pod}}}
        return {"apiVersion": "batch/v1", "kind": kind, "metadata": named, "spec": spec}
    if kind == "InferenceService":
        spec = {"predictor": {"minReplicas": 1, "labels": {"a": "b"}, **pod["spec"]}}
        return {"apiVersion": "serving.kserve.io/v1beta1", "kind": kind, "metadata": named, "spec": spec}
    spec = {"template": pod}
    if kind in APPS:
        spec |= {"selector": {"matchLabels": {"app": "fraud"}}} | (
            {"serviceName": "f"} if kind == "StatefulSet" else {}
        )
    version = "apps/v1" if kind in APPS else "batch/v1" if kind == "Job" else "v1"
    return {"apiVersion": version, "kind": kind, "metadata": named, "spec": spec}


def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str, *arguments: str) -> list[Any]:
    """What the command makes of a manifest."""
    file = tmp_path / "given.yaml"
    file.write_text(given, encoding="utf-8")
    assert cli.main(["inject", "-f", str(file), *arguments]) == 0
    return values(capsys.readouterr().out)


def values(text: str) -> list[Any]:
    """What the documents of a text say, but for empty ones."""
    return [document.value for document in manifest_yaml.read(text) if document.value is not None]


def containers(value: Any) -> list[str]:
    """Names of all containers anywhere in it."""
    if isinstance(value, list):
        return [name for item in value for name in containers(item)]
    if not isinstance(value, dict):
        return []
    here = [one["name"] for field in ("initContainers", "containers") for one in value.get(field, [])]
    return here + [name for item in value.values() for name in containers(item)]

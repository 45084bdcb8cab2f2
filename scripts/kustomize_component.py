"""Writes the patches of k8s/kustomize/component (`make docs`), out of what the injector does to a plain Deployment.

Kustomize's patches cannot look into a pod, so they fit one shape of it, which the component's own file states.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from sidecar.commands.manifest_yaml import write
from sidecar.inject.options import Options
from sidecar.inject.patch import inject
from sidecar.inject.wishes import STATUS

COMPONENT = Path(__file__).parents[1] / "k8s" / "kustomize" / "component"
PLAIN = {
    "spec": {"containers": [{"name": "model", "image": "model:1", "ports": [{"name": "http", "containerPort": 8080}]}]}
}
"""The shape: the model is the first container, and serves at its first port, `http`, 8080."""
_LABELS = {
    "SIDECAR_MODEL_NAME": "metadata.labels['app.kubernetes.io/name']",
    "SIDECAR_MODEL_VERSION": "metadata.labels['app.kubernetes.io/version']",
}
"""What the injector reads from each pod, the component leaves to the downward API."""


def files() -> dict[str, str]:
    """Text of each patch by its file's name."""
    pod = inject(PLAIN, Options(kubernetes_version="1.33")).pod
    (model,) = pod["spec"]["containers"]
    annotations = {name: text for name, text in pod["metadata"]["annotations"].items() if model["name"] not in text}
    annotations.pop(STATUS, None)
    for variable in pod["spec"]["initContainers"][0]["env"]:
        if variable["name"] in _LABELS:
            del variable["value"]
            variable["valueFrom"] = {"fieldRef": {"apiVersion": "v1", "fieldPath": _LABELS[variable["name"]]}}
    spec = {"initContainers": pod["spec"]["initContainers"], "volumes": pod["spec"]["volumes"]}
    whole = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "any"}}
    template = {
        "spec": {
            "template": {"metadata": {"labels": pod["metadata"]["labels"], "annotations": annotations}, "spec": spec}
        }
    }
    return {"sidecar.yaml": write([whole | template]), "model.yaml": write([_operations(model)])}


def _operations(model: dict[str, Any]) -> list[dict[str, Any]]:
    container = "/spec/template/spec/containers/0"
    return [
        {"op": "test", "path": f"{container}/ports/0/containerPort", "value": 8080},
        {"op": "test", "path": f"{container}/ports/0/name", "value": "http"},
        {"op": "replace", "path": f"{container}/ports/0/name", "value": model["ports"][0]["name"]},
        {"op": "add", "path": f"{container}/lifecycle", "value": model["lifecycle"]},
    ]


if __name__ == "__main__":
    for name, text in files().items():
        (COMPONENT / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}", file=sys.stderr)

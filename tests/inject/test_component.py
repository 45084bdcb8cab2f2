"""The kustomize component does what the injector does, with real kustomize."""

from __future__ import annotations

import copy
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.kubernetes import faults, unrestricted
from sidecar.inject.options import Options
from sidecar.inject.patch import inject

ROOT = Path(__file__).parents[2]
COMPONENT = ROOT / "k8s" / "kustomize" / "component"
KUBECTL = Path(sys.executable).with_name("kubectl")
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: fraud, labels: {drift-sidecar/inject: enabled}}
spec:
  selector: {matchLabels: {app: fraud}}
  template:
    metadata: {labels: {app: fraud}, annotations: {mine: kept}}
    spec:
      initContainers: [{name: download, image: "aws-cli:2"}]
      volumes: [{name: models, emptyDir: {}}]
      containers:
        - name: fraud
          image: fraud:7
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /ready, port: 8080}}
"""


def build(folder: Path, *documents: str) -> subprocess.CompletedProcess[str]:
    """Build a kustomization of these resources and the component."""
    overlay = folder / "overlay"
    overlay.mkdir()
    (overlay / "all.yaml").write_text("\n---\n".join(documents))
    component = os.path.relpath(COMPONENT, overlay.resolve())
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump({"resources": ["all.yaml"], "components": [component]}))
    return subprocess.run([KUBECTL, "kustomize", overlay], capture_output=True, text=True, check=False)


def by_name(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {item["name"]: item for item in items}


def test_the_patches_are_fresh() -> None:
    spec = importlib.util.spec_from_file_location("component", ROOT / "scripts" / "kustomize_component.py")
    assert spec is not None
    assert spec.loader is not None
    made: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)

    for name, text in made.files().items():
        assert (COMPONENT / name).read_text(encoding="utf-8") == text, "run `make docs`"


def test_a_labelled_deployment_becomes_what_the_injector_makes_of_it(tmp_path: Path) -> None:
    built = build(tmp_path, DEPLOYMENT)
    assert built.returncode == 0, built.stderr
    made = yaml.safe_load(built.stdout)
    assert faults(made, "1.33") == []
    pod = made["spec"]["template"]
    wanted = inject(yaml.safe_load(DEPLOYMENT)["spec"]["template"], Options(kubernetes_version="1.33")).pod

    assert pod["spec"]["containers"] == wanted["spec"]["containers"]
    assert by_name(pod["spec"]["volumes"]) == by_name(wanted["spec"]["volumes"])
    assert pod["metadata"]["annotations"].items() <= wanted["metadata"]["annotations"].items()
    ours, theirs = (copy.deepcopy(by_name(of["spec"]["initContainers"])) for of in (pod, wanted))
    for containers in (ours, theirs):
        names = [one["name"] for one in containers["drift-sidecar"]["env"]]
        containers["drift-sidecar"]["env"] = [
            one for one in containers["drift-sidecar"]["env"] if not one["name"].startswith("SIDECAR_MODEL_")
        ] + [sorted(names)]
    assert ours == theirs
    assert [reason for reason in unrestricted(pod) if "drift-sidecar" in reason] == []


def test_a_workload_without_the_label_stays_as_it_is(tmp_path: Path) -> None:
    plain = DEPLOYMENT.replace(", labels: {drift-sidecar/inject: enabled}", "")

    assert yaml.safe_load(build(tmp_path, plain).stdout) == yaml.safe_load(plain)


@pytest.mark.parametrize(("is_", "was"), [("name: web", "name: http"), ("containerPort: 80}", "containerPort: 8080}")])
def test_a_pod_of_another_shape_fails_the_build(is_: str, was: str, tmp_path: Path) -> None:
    built = build(tmp_path, DEPLOYMENT.replace(was, is_))

    assert built.returncode != 0
    assert "test" in built.stderr

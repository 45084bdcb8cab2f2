"""What checkov says of everything that is installed and injected; k8s/checkov.yaml has what it is not asked, and why."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.inject.options import convert_options
from sidecar.inject.patch import inject
from tests.k8s.test_chart import VARIANTS, objects

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "k8s/checkov.yaml"
CHECKOV = ROOT / os.environ.get("CHECKOV_VENV", ".venv-checkov") / "bin/checkov"
MODEL = {
    "name": "model",
    "image": f"registry.example/fraud@sha256:{'1' * 64}",
    "imagePullPolicy": "Always",
    "ports": [{"name": "http", "containerPort": 8080}],
    "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
    "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}},
    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 12_000,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
FAULTLESS = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "fraud", "namespace": "fraud", "labels": {"app": "fraud"}},
    "spec": {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [MODEL],
    },
}
POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "all", "namespace": "fraud"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
}
"""Which pods may be reached is not the injector's to say, but checkov wants it said."""
WAYS: dict[str, dict[str, Any]] = {
    "native": {"kubernetes_version": "1.33"},
    "regular": {"kubernetes_version": "1.28"},
    "pinned": {"image": f"r/drift-sidecar@sha256:{'2' * 64}", "image_pull_policy": "Always", "cpu_limit": "1"},
}


def found(folder: Path, things: list[Any], *, asked_all: bool = False) -> set[str]:
    """Numbers of the checks that fail for these objects, those that k8s/checkov.yaml leaves out only where `asked_all`."""
    (folder / "all.yaml").write_text(yaml.safe_dump_all(things))
    assert CHECKOV.exists(), f"{CHECKOV} is missing: `make test` installs it"
    config = ["--framework", "kubernetes", "--skip-download"] if asked_all else ["--config-file", str(CONFIG)]
    ran = subprocess.run(
        [CHECKOV, *config, "-d", folder, "-o", "json"], capture_output=True, text=True, check=False, cwd=folder
    )
    told = json.loads(ran.stdout)
    assert told["summary"]["passed"] > 0, ran.stderr
    assert told["summary"]["parsing_errors"] == 0
    return {one["check_id"] for one in told["results"]["failed_checks"]}


def injected(way: str) -> list[Any]:
    return [POLICY, inject(FAULTLESS, convert_options(WAYS[way], way)).pod]


def skipped() -> set[str]:
    return set(yaml.safe_load(CONFIG.read_text())["skip-check"])


def test_nothing_is_wrong_with_what_is_installed(tmp_path: Path) -> None:
    assert found(tmp_path, list(yaml.safe_load_all((ROOT / "k8s/manifests/install.yaml").read_text()))) == set()


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_is_wrong_with_what_the_chart_makes(name: str, tmp_path: Path) -> None:
    assert found(tmp_path, objects(VARIANTS[name])) == set()


@pytest.mark.parametrize("way", WAYS)
def test_a_pod_without_faults_has_none_with_the_sidecar(way: str, tmp_path: Path) -> None:
    assert found(tmp_path, injected(way)) == set()


def test_the_pod_of_these_tests_is_without_faults_whatever_is_asked(tmp_path: Path) -> None:
    assert found(tmp_path, [POLICY, FAULTLESS], asked_all=True) == set()


def test_a_pod_that_pins_the_image_and_limits_its_cpu_is_left_with_the_user_that_openshift_chooses(
    tmp_path: Path,
) -> None:
    assert found(tmp_path, injected("pinned"), asked_all=True) == {"CKV_K8S_40"}


def test_a_fault_is_found(tmp_path: Path) -> None:
    pod = copy.deepcopy(FAULTLESS)
    pod["spec"]["containers"][0]["securityContext"]["privileged"] = True  # type: ignore[index]
    assert found(tmp_path, [POLICY, pod]) == {"CKV_K8S_16"}


def test_nothing_is_left_out_that_would_pass(tmp_path: Path) -> None:
    everything = [*objects({}), *injected("native")]
    assert found(tmp_path, everything, asked_all=True) == skipped()


def test_what_is_left_out_has_its_reason() -> None:
    text = CONFIG.read_text()
    assert set(re.findall(r"^  # \"[^\"]+\"\S*: .+\n  - (\w+)$", text, re.MULTILINE)) == skipped()

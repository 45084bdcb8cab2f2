"""`drift-sidecar inject`: manifests in, manifests with the sidecar out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.kubernetes import faults
from sidecar.commands import manifest_yaml
from sidecar.inject.manifests import TEMPLATES
from tests.inject.manifest_cases import containers, manifest, run


@pytest.mark.parametrize("kind", TEMPLATES)
def test_every_kind_that_has_a_pod_gets_a_sidecar_is_valid_and_comes_back(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = manifest(kind)

    once = run(tmp_path, capsys, yaml.safe_dump(given), "--kubernetes-version", "1.33")
    twice = run(tmp_path, capsys, manifest_yaml.write(once), "--kubernetes-version", "1.33")
    bare = run(tmp_path, capsys, manifest_yaml.write(twice), "--remove")

    assert containers(once) == ["drift-sidecar", "model"]
    assert twice == once
    assert bare == [given]
    if kind != "InferenceService":  # no schema of Kubernetes
        assert faults(once[0], "1.33") == []


def test_a_predictor_s_model_is_shifted_since_kserve_s_services_go_to_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (made,) = run(tmp_path, capsys, yaml.safe_dump(manifest("InferenceService")))

    predictor = made["spec"]["predictor"]
    assert predictor["containers"][0]["args"] == ["--http_port=18080"]
    assert predictor["labels"] == {"a": "b", "drift-sidecar/injected": "true"}
    assert "drift-sidecar/status" in predictor["annotations"]


def test_what_has_no_pod_passes_as_it_is_and_lists_are_looked_into(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "fraud"}, "spec": {"ports": [{"port": 80}]}}
    whole = {"apiVersion": "v1", "kind": "List", "items": [service, manifest("Deployment")]}

    made = run(tmp_path, capsys, yaml.safe_dump_all([service, whole, None, "text"]))

    assert made[0] == service
    assert made[1]["items"][0] == service
    assert containers(made[1]["items"][1]) == ["model", "drift-sidecar"]
    assert made[2:] == ["text"]

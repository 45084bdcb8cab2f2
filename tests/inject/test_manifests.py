"""`drift-sidecar inject`: manifests in, manifests with the sidecar out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from sidecar import cli
from sidecar.commands import manifest_yaml
from sidecar.inject.manifests import TEMPLATES

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
        kubernetes_validate.validate(once[0], "1.33", strict=True)


def test_a_predictor_s_model_is_shifted_since_kserve_s_services_go_to_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (made,) = run(tmp_path, capsys, yaml.safe_dump(manifest("InferenceService")))

    predictor = made["spec"]["predictor"]
    assert predictor["containers"][0]["args"] == ["--http_port=18080"]
    assert predictor["labels"] == {"a": "b"}
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


def test_manifests_come_from_stdin_and_warnings_go_to_stderr_with_the_object_s_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = manifest("Deployment")
    del given["spec"]["template"]["spec"]["containers"][0]["ports"][0]["name"]
    monkeypatch.setattr("sys.stdin", io.StringIO(yaml.safe_dump(given)))

    assert cli.main(["inject", "-f", "-"]) == 0

    printed = capsys.readouterr()
    assert "Deployment/fraud: port 8080 of container model has no name" in printed.err
    assert containers(values(printed.out)) == ["model", "drift-sidecar"]


def test_options_come_from_a_file_and_flags_win(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "options.yaml"
    config.write_text("image: from-file:1\nkubernetes_version: '1.34'\nsettings: {window.rows: 500}\n")

    (made,) = run(tmp_path, capsys, yaml.safe_dump(manifest("Pod")), "--config", str(config), "--image", "flag:1")

    sidecar = made["spec"]["initContainers"][0]
    assert sidecar["image"] == "flag:1"
    assert {"name": "SIDECAR_WINDOW_ROWS", "value": "500"} in sidecar["env"]


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ("kind: Pod", "", ["Pod/?", "spec"]),
        ("kind: Deployment\nmetadata: {name: a}\nspec: {template: 1}", "", ["Deployment/a", "template"]),
        ("kind: InferenceService\nmetadata: {name: a}\nspec: {predictor: {model: {}}}", "", ["a", "webhook"]),
        ("a: [", "", ["given.yaml", "is not YAML"]),
        ("a: 1", "image: 1", ["options.yaml", "image"]),
        ("a: 1", "imge: x", ["options.yaml", "imge"]),
        ("a: 1", "settings: {window.row: 1}", ["window.row", "Did you mean `window.rows`?"]),
        ("a: 1", "a: [", ["options.yaml", "is not YAML"]),
    ],
)
def test_what_is_wrong_is_named_with_code_2_and_nothing_is_printed(
    given: str, options: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "given.yaml").write_text(given)
    (tmp_path / "options.yaml").write_text(options)

    code = cli.main(["inject", "-f", str(tmp_path / "given.yaml"), "--config", str(tmp_path / "options.yaml")])

    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert all(word in printed.err for word in words), printed.err


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inject", "-f", "absent.yaml"]) == 2
    assert cli.main(["inject", "-f", "-", "--config", "absent.yaml"]) == 2
    assert capsys.readouterr().err.count("absent.yaml: cannot be read") == 2

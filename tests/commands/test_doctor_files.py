"""Manifests are judged by what the webhook would make of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sidecar import cli
from sidecar.commands.doctor_files import check_files
from sidecar.inject.options import Options

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: fraud, namespace: risk}
spec:
  template:
    metadata: {labels: {app: fraud}, annotations: {ANNOTATIONS}}
    spec: {containers: [{name: model, image: "m:1", ports: [{name: http, containerPort: 8080}]}]}
"""

SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: risk}
spec: {selector: {app: fraud}, ports: [{port: 80, targetPort: TARGET}]}
"""

NAMESPACE = """\
---
apiVersion: v1
kind: Namespace
metadata: {name: risk, labels: {LABELS}}
"""

ENABLED = '"drift-sidecar/inject": enabled'


@pytest.mark.parametrize(
    ("annotations", "target", "labels", "found"),
    [
        ("", "http", ENABLED, []),
        ("", "8080", ENABLED, ["Service front has targetPort 8080"]),
        ("", "8080", "", []),
        (ENABLED, "http", "", ["by annotations alone"]),
        ('"drift-sidecar/traffic": nonsense', "http", ENABLED, ["the webhook would refuse it"]),
        ('"drift-sidecar/inject": disabled', "8080", ENABLED, []),
    ],
)
def test_manifests_are_judged_by_what_the_webhook_would_make_of_them(
    annotations: str, target: str, labels: str, found: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(
        DEPLOYMENT.replace("ANNOTATIONS", annotations)
        + SERVICE.replace("TARGET", target)
        + NAMESPACE.replace("LABELS", labels)
    )

    code = cli.main(["doctor", "-f", str(file), "--json"])

    findings = json.loads(capsys.readouterr().out)["findings"]
    assert len(findings) == len(found)
    assert all(part in one["why"] for part, one in zip(found, findings, strict=True))
    assert code == bool(found)


def test_a_manifest_that_inject_has_patched_already_is_checked_for_ways_past(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, patched = tmp_path / "plain.yaml", tmp_path / "patched.yaml"
    plain.write_text(DEPLOYMENT.replace("ANNOTATIONS", "") + SERVICE.replace("TARGET", "8080"))
    assert cli.main(["inject", "-f", str(plain)]) == 0
    patched.write_text(capsys.readouterr().out)

    assert cli.main(["doctor", "-f", str(patched)]) == 1
    assert "bypassed    Deployment/fraud in risk: Service front" in capsys.readouterr().out


def test_a_broken_manifest_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("kind: Service\nmetadata: {name: a}\nspec: {ports: 7}\n")

    assert cli.main(["doctor", "-f", str(file)]) == 2
    assert "Service a" in capsys.readouterr().err
    assert cli.main(["doctor", "-f", str(tmp_path / "none.yaml")]) == 2


def test_findings_and_notes_are_of_every_file_and_a_list_is_looked_into(tmp_path: Path) -> None:
    asking = DEPLOYMENT.replace("ANNOTATIONS", ENABLED) + NAMESPACE.replace("LABELS", "")
    unasked = asking.replace(ENABLED, "").replace("name: fraud", "name: churn")
    paths = []
    for at, text in enumerate((asking, unasked)):
        listed = {"apiVersion": "v1", "kind": "List", "items": list(yaml.safe_load_all(text))}
        paths.append(tmp_path / f"{at}.yaml")
        paths[-1].write_text(yaml.safe_dump(listed))

    report = check_files(list(map(str, paths)), "default", Options())

    (finding,) = report.findings
    assert (finding.namespace, finding.where) == ("risk", "Deployment/fraud in risk")
    assert "its namespace drift-sidecar/inject=enabled" in finding.mend
    assert report.notes == ["Deployment/churn in risk: its namespace asks for no sidecar"]

"""`drift-sidecar doctor`: what is wrong on a cluster or in manifests, each with its mend, and the exit code."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.apiserver import CONFIGS, SLICES, TOKEN, ApiServer, running
from sidecar import cli
from sidecar.inject import cluster
from sidecar.inject.certificates import LEAF_DAYS, CertificateState, advance
from sidecar.inject.options import Options
from sidecar.inject.patch import inject
from sidecar.inject.webhook_check import _SOON_SECONDS
from tests.inject.test_review import POD, pod

Json = dict[str, Any]
SECRET, CONFIG = "/api/v1/namespaces/system/secrets/hook-tls", f"{CONFIGS}/drift-sidecar-webhook"
NAMES = ["hook.system.svc"]


def made(days_ago: float = 0.0) -> CertificateState:
    return advance(None, NAMES, b"", datetime.now(UTC) - timedelta(days=days_ago))


def text(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


def put_webhook(api: ApiServer, kept: CertificateState, bundle: bytes) -> None:
    client = {"service": {"name": "hook", "namespace": "system"}, **({"caBundle": text(bundle)} if bundle else {})}
    api.put(CONFIG, {"webhooks": [{"name": "open", "clientConfig": client}]})
    api.put(SECRET, {"data": {"tls.crt": text(kept.leaf.certificate)}})


def put_pod(api: ApiServer, name: str, thing: Json) -> None:
    metadata = {**thing.get("metadata", {}), "namespace": "fraud"}
    api.put(f"/api/v1/namespaces/fraud/pods/{name}", {**thing, "metadata": metadata})


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    """A cluster on which nothing is wrong."""
    with running(tmp_path) as server:
        kept = made()
        put_webhook(server, kept, kept.bundle)
        server.put(
            f"{SLICES}/hook-1", {"endpoints": [{"conditions": {"ready": True}}, {"conditions": {"ready": False}}]}
        )
        server.put("/api/v1/namespaces/fraud", {"metadata": {"labels": {"drift-sidecar/inject": "enabled"}}})
        server.put("/api/v1/namespaces/system", {"metadata": {"labels": {}}})
        put_pod(server, "with", inject(POD, Options()).pod)
        yield server


@pytest.fixture
def kubeconfig(api: ApiServer, tmp_path: Path) -> Path:
    return write_kubeconfig(tmp_path, api, {"token": TOKEN})


def write_kubeconfig(folder: Path, api: ApiServer, user: Json) -> Path:
    cluster = {"server": f"https://localhost:{api.port}", "certificate-authority-data": text(api.authority)}
    tree = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(tree))
    return path


def doctor(kubeconfig: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[int, list[Json]]:
    code = cli.main(["doctor", "--kubeconfig", str(kubeconfig), "--json", *flags])
    out = capsys.readouterr()
    assert out.out, out.err
    findings: list[Json] = json.loads(out.out)["findings"]
    return code, findings


def test_nothing_is_wrong_on_a_cluster_in_order(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["doctor", "--kubeconfig", str(kubeconfig)]) == 0
    said = capsys.readouterr().out
    for part in (
        "1 pods of the webhook are ready",
        "trusted, and good until",
        "pods with a sidecar: 1",
        "nothing is wrong",
    ):
        assert part in said
    assert not [call for call in api.calls if not call.startswith("GET ")], "it looks and changes nothing"


def test_a_pod_that_was_missed_is_named_with_the_mend(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_pod(api, "missed", POD)
    put_pod(api, "wrong", pod(traffic="take-ovr"))
    put_pod(api, "own-wish", pod(inject="disabled"))

    code, findings = doctor(kubeconfig, capsys)

    assert code == 1
    assert [(one["kind"], one["where"]) for one in findings] == [
        ("no_sidecar", "pod fraud/missed"),
        ("no_sidecar", "pod fraud/wrong"),
    ]
    assert "Delete it" in findings[0]["mend"]
    assert "take-ovr" in findings[1]["why"]


def test_a_service_past_the_sidecar_is_named_with_the_mend(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = {"selector": {"app": "fraud"}, "ports": [{"port": 80, "targetPort": 8080}]}
    api.put("/api/v1/namespaces/fraud/services/front", {"metadata": {"namespace": "fraud"}, "spec": spec})

    code, (finding,) = doctor(kubeconfig, capsys)

    assert (code, finding["kind"]) == (1, "bypassed")
    assert "Service front has targetPort 8080" in finding["why"]
    assert "targetPort" in finding["mend"]


def test_one_namespace_is_looked_at_where_one_is_named(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_pod(api, "missed", POD)

    assert doctor(kubeconfig, capsys, "--namespace", "system") == (0, [])
    assert doctor(kubeconfig, capsys, "--namespace", "fraud")[0] == 1


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("no_config", "there is none"),
        ("no_webhooks", "leads to no Service"),
        ("no_bundle", "no common caBundle"),
        ("stranger", "does not trust the webhook's certificate"),
        ("old", "should have been renewed"),
        ("empty", "there is no certificate in it"),
        ("no_pods", "no pod of the webhook is ready"),
        ("no_secret", "not found"),
    ],
)
def test_a_webhook_out_of_order_is_found(
    wrong: str, why: str, api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, old = made(), made(days_ago=25)
    ways: dict[str, Callable[[], object]] = {
        "no_config": lambda: api.objects.pop(CONFIG),
        "no_webhooks": lambda: api.put(CONFIG, {"webhooks": []}),
        "no_bundle": lambda: put_webhook(api, kept, b""),
        "stranger": lambda: put_webhook(api, kept, made().bundle),
        "old": lambda: put_webhook(api, old, old.bundle),
        "empty": lambda: api.put(SECRET, {}),
        "no_pods": lambda: api.put(f"{SLICES}/hook-1", {"endpoints": [{"conditions": {"ready": False}}]}),
        "no_secret": lambda: api.objects.pop(SECRET),
    }
    ways[wrong]()

    code, (finding,) = doctor(kubeconfig, capsys)

    assert (code, finding["kind"]) == (1, "webhook")
    assert why in finding["why"]
    assert finding["mend"]


def test_a_secret_that_may_not_be_read_is_no_finding_but_is_said(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.forbidden.add(SECRET)

    assert cli.main(["doctor", "--kubeconfig", str(kubeconfig)]) == 0
    assert "the certificate was not looked at" in capsys.readouterr().out


def test_a_cluster_that_does_not_answer_is_an_error_and_no_clean_bill(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.down = True

    assert cli.main(["doctor", "--kubeconfig", str(kubeconfig)]) == 1
    assert "status 503" in capsys.readouterr().err


def test_a_credential_plugin_a_token_file_and_a_plugin_that_fails(
    api: ApiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = json.dumps({"kind": "ExecCredential", "status": {"token": TOKEN}})
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "echo", "args": [answer]}
    (tmp_path / "token").write_text(f"{TOKEN}\n")

    assert doctor(write_kubeconfig(tmp_path, api, {"exec": plugin}), capsys) == (0, [])
    assert doctor(write_kubeconfig(tmp_path, api, {"tokenFile": "token"}), capsys) == (0, [])
    failing = write_kubeconfig(tmp_path, api, {"exec": {**plugin, "command": "false"}})
    assert cli.main(["doctor", "--kubeconfig", str(failing)]) == 2
    assert "false failed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read"),
        ("{}", "has no"),
        ("current-context: a", "among its contexts"),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\nclusters: 7",
            "not where it belongs",
        ),
    ],
)
def test_a_broken_kubeconfig_is_named(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(content)

    assert cli.main(["doctor", "--kubeconfig", str(path)]) == 2
    assert said in capsys.readouterr().err


def test_the_name_of_the_certificate_may_be_another_than_that_of_the_address(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = yaml.safe_load(kubeconfig.read_text())
    chosen = tree["clusters"][0]["cluster"]
    for name, code in (("", 1), ("localhost", 0)):
        chosen |= {"server": f"https://127.0.0.1:{api.port}", "tls-server-name": name}
        kubeconfig.write_text(yaml.safe_dump(tree))
        assert cli.main(["doctor", "--kubeconfig", str(kubeconfig)]) == code
    assert "certificate" in capsys.readouterr().err


def test_a_kubeconfig_wins_over_the_pod_it_is_used_in(
    api: ApiServer, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "localhost")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    monkeypatch.setattr(cluster.in_cluster, "__defaults__", (api.mount,))
    monkeypatch.setenv("KUBECONFIG", f"/gone:{kubeconfig}")

    assert cli.main(["doctor"]) == 0


def test_inside_a_pod_no_kubeconfig_is_needed(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "localhost")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(api.port))
    monkeypatch.setattr(cluster.in_cluster, "__defaults__", (api.mount,))

    assert cli.main(["doctor"]) == 0
    assert "nothing is wrong" in capsys.readouterr().out


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
        (ENABLED, "http", "", ["in a namespace whose pods the webhook is not sent"]),
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


def test_our_own_certificates_are_renewed_well_before_the_doctor_complains() -> None:
    assert LEAF_DAYS / 3 * 86_400 > _SOON_SECONDS

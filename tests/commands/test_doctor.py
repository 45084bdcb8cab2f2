"""`drift-sidecar doctor`: what is wrong on a cluster or in manifests, each with its mend, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from harness.apiserver import SLICES, TOKEN, ApiServer
from sidecar import cli
from sidecar.inject import cluster
from tests.inject.clusters import CONFIG, SECRET, Json, cluster_in_order, put_pod, text
from tests.inject.test_review import POD, pod


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    with cluster_in_order(tmp_path) as server:
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


def test_a_webhook_that_is_missing_is_named_with_the_mend(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del api.objects[CONFIG]

    code, (finding,) = doctor(kubeconfig, capsys)

    assert (code, finding["kind"]) == (1, "webhook")
    assert "there is none" in finding["why"]
    assert "Install the chart" in finding["mend"]


def test_one_namespace_is_looked_at_where_one_is_named(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_pod(api, "missed", POD)

    assert doctor(kubeconfig, capsys, "--namespace", "system") == (0, [])
    assert doctor(kubeconfig, capsys, "--namespace", "fraud")[0] == 1


def test_a_cluster_that_does_not_answer_is_an_error_and_no_clean_bill(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.down = True

    assert cli.main(["doctor", "--kubeconfig", str(kubeconfig)]) == 2
    assert "status 503" in capsys.readouterr().err


def test_rights_to_view_suffice_and_what_they_do_not_reach_is_named(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.forbidden = {CONFIG, SECRET, SLICES}

    assert cli.main(["doctor", "--kubeconfig", str(kubeconfig)]) == 0
    said = capsys.readouterr().out
    assert "the webhook was not looked at" in said
    assert "nothing is wrong" in said
    api.forbidden = {SECRET, SLICES}
    assert cli.main(["doctor", "--kubeconfig", str(kubeconfig)]) == 0
    assert "the webhook's pods were not looked at" in capsys.readouterr().out


def test_pods_that_may_not_be_read_are_no_clean_bill_and_findings_are_findings_all_the_same(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.forbidden = {"/api/v1/pods", "/api/v1/namespaces/system/pods"}

    assert cli.main(["doctor", "--kubeconfig", str(kubeconfig)]) == 2
    said = capsys.readouterr().out
    assert "not read    pods of namespace system: " in said
    assert "nothing is wrong" not in said
    put_pod(api, "missed", POD)
    assert doctor(kubeconfig, capsys)[0] == 1


def test_it_says_that_a_pod_is_older_than_the_webhook(
    api: ApiServer, kubeconfig: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.objects[CONFIG]["metadata"]["creationTimestamp"] = "2026-02-01T00:00:00Z"
    put_pod(api, "missed", {**POD, "metadata": {**POD["metadata"], "creationTimestamp": "2026-01-01T00:00:00Z"}})

    _, (finding,) = doctor(kubeconfig, capsys)

    assert "it is older than the webhook" in finding["why"]


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
    for name, code in (("", 2), ("localhost", 0)):
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

"""The chart, rendered and linted by real Helm, against the schemas of every supported version."""

from __future__ import annotations

import importlib.util
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from helm_python import Chart, HelmError
from helm_python.chart import lint

from harness.kubernetes import VERSIONS, faults, unrestricted
from sidecar.inject.model_container import NAME
from sidecar.inject.options import Options, convert_options
from sidecar.inject.patch import inject
from sidecar.inject.wishes import INJECT, is_sent

ROOT = Path(__file__).parents[2]
CHART = ROOT / "k8s/chart"
CUSTOM = {
    "monitoring.coreos.com/v1": "the Prometheus operator's: no schema is at hand",
    "cert-manager.io/v1": "cert-manager's: no schema is at hand",
}
"""Kinds that are not checked against a schema, with the reason."""
CERT_MANAGER = {"certManager": {"enabled": True, "issuer": {"kind": "ClusterIssuer", "name": "internal"}}}
VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "cert-manager": CERT_MANAGER,
    "everything": {
        "image": {"repository": "registry.example/drift-sidecar", "tag": "9", "pullPolicy": "Always",
                  "pullSecrets": [{"name": "s"}], "digest": f"sha256:{'0' * 64}"},
        "options": {"invalid": "admit", "settings": {"drift.material_psi": 0.2}, "image_pull_secrets": ["registry"]},
        "webhook": {"replicas": 3, "failurePolicy": "Fail", "priorityClassName": "high", "nodeSelector": {"a": "b"},
                    "tolerations": [{"operator": "Exists"}], "apiServerCidrs": ["10.0.0.0/16"],
                    "affinity": {"nodeAffinity": {}}, "podAnnotations": {"a": "b"},
                    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
                                                   "whenUnsatisfiable": "DoNotSchedule"}]},
        "serviceAccount": {"annotations": {"iam.example/role": "webhook"}},
        "networkPolicy": {"namespaces": ["fraud", "credit"], "ports": [8080]},
        "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "prometheusRule": {"enabled": True, "runbook": "https://wiki.example/runbook"},
    },
}  # fmt: skip
each_variant = pytest.mark.parametrize("name", VARIANTS)


def objects(values: dict[str, Any], release: str = "drift-sidecar") -> list[dict[str, Any]]:
    with Chart.load(CHART) as chart:
        made = chart.render(values, name=release, namespace="ops")
    texts = [text for path, text in made.items() if path.endswith(".yaml")]
    return [one for text in texts for one in yaml.safe_load_all(text) if one]


def only(values: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [one for one in objects(values) if one["kind"] == kind]
    return found


def script() -> Any:
    spec = importlib.util.spec_from_file_location("manifests", ROOT / "scripts/manifests.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_rules_dashboards_and_plain_manifests_are_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    made = script()

    for path, content in made.chart_files().items():
        assert (CHART / path).read_text() == content, f"{path} is not fresh: run `make manifests`"
    assert (ROOT / made.INSTALL).read_text() == made.rendered(), "run `make manifests`"


@each_variant
def test_helm_finds_nothing_to_complain_about(name: str) -> None:
    found = lint(CHART, VARIANTS[name])

    assert "[ERROR]" not in str(found)
    assert "[WARNING]" not in str(found)


@each_variant
def test_every_object_is_valid_in_every_version(name: str) -> None:
    for one in objects(VARIANTS[name]):
        if one["apiVersion"] in CUSTOM:
            assert {"metadata", "spec"} <= one.keys()
            continue
        for version in VERSIONS:
            assert faults(one, version) == []


@each_variant
def test_the_webhook_s_pods_pass_the_restricted_standard(name: str) -> None:
    template = only(VARIANTS[name], "Deployment")["spec"]["template"]

    assert unrestricted(template) == []
    (container,) = template["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "cpu" not in container["resources"]["limits"]
    assert "runAsUser" not in container["securityContext"]


@each_variant
def test_the_options_are_such_as_the_injector_reads(name: str) -> None:
    text = next(one for one in objects(VARIANTS[name]) if one["kind"] == "ConfigMap" and "options.yaml" in one["data"])[
        "data"
    ]["options.yaml"]

    options = convert_options(yaml.safe_load(text), "options.yaml")

    assert options.image.endswith(f":9@sha256:{'0' * 64}" if name == "everything" else ":0.1.0")
    assert options.image_pull_secrets == (("registry",) if name == "everything" else ())


def test_its_rights_are_those_of_the_webhook_s_page_and_no_more() -> None:
    section = (ROOT / "docs/webhook.md").read_text().split("## Rights")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(.+)` \|(.*?)\| ([a-z, ]+) \|$", section, re.MULTILINE)
    wanted = {resource: set(verbs.split(", ")) for names, _, verbs in rows for resource in names.split("`, `")}
    found: dict[str, set[str]] = {}
    for one in objects({}):
        for rule in one.get("rules") or () if one["kind"] in ("Role", "ClusterRole") else ():
            for resource in rule["resources"]:
                found.setdefault(resource, set()).update(rule["verbs"])
                named = resource in ("secrets", "mutatingwebhookconfigurations")
                assert bool(rule.get("resourceNames")) is named

    assert found == wanted


def test_with_cert_manager_it_may_touch_neither_secret_nor_configuration() -> None:
    kinds = [one["kind"] for one in objects(CERT_MANAGER)]
    rights = only(CERT_MANAGER, "ClusterRole")["rules"]

    assert "Role" not in kinds
    assert "Secret" not in kinds
    assert {resource for rule in rights for resource in rule["resources"]} == {
        "namespaces",
        "pods",
        "services",
        "events",
    }
    assert only(CERT_MANAGER, "Certificate")["spec"]["dnsNames"] == ["drift-sidecar-webhook.ops.svc"]


def test_reviews_are_asked_for_as_the_webhook_wants_them() -> None:
    hooks = {one["name"]: one for one in only({}, "MutatingWebhookConfiguration")["webhooks"]}

    assert [one["failurePolicy"] for one in hooks.values()] == ["Ignore", "Fail", "Ignore", "Fail"]
    for one in hooks.values():
        assert (one["sideEffects"], one["reinvocationPolicy"]) == ("NoneOnDryRun", "IfNeeded")
        assert [(rule["operations"], rule["resources"]) for rule in one["rules"]] == [(["CREATE"], ["pods"])]
        assert "hostNetwork" in one["matchConditions"][0]["expression"]


WORDS = ("enabled", "True", "YES", "on", "oN", "disabled", "no", "Off", "maybe", None)


def chooses(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a label selector chooses labels, by the rules of Kubernetes."""
    told: dict[str, Callable[[Any, Any], bool]] = {
        "In": lambda value, among: value in among,
        "NotIn": lambda value, among: value not in among,
        "Exists": lambda value, _: value is not None,
        "DoesNotExist": lambda value, _: value is None,
    }
    expressions = selector["matchExpressions"]
    return all(told[one["operator"]](labels.get(one["key"]), one.get("values")) for one in expressions)


@pytest.mark.parametrize("closed", ["enabled", "yes", "no", None])
def test_a_pod_is_reviewed_at_most_once_and_just_where_the_survey_expects_it(closed: str | None) -> None:
    hooks = only({}, "MutatingWebhookConfiguration")["webhooks"]

    for of_namespace, of_pod in itertools.product(WORDS, WORDS):
        namespace = {INJECT: of_namespace} if of_namespace else {}
        pod = {INJECT: of_pod} if of_pod else {}
        everything = namespace | ({"drift-sidecar/fail-closed": closed} if closed else {})
        chosen = [
            one["failurePolicy"]
            for one in hooks
            if chooses(one["namespaceSelector"], everything) and chooses(one["objectSelector"], pod)
        ]
        expected = ["Fail" if closed in ("enabled", "yes") else "Ignore"]
        assert chosen == (expected if is_sent(namespace, {"metadata": {"labels": pod}}) else []), (of_namespace, of_pod)


@pytest.mark.parametrize("left_out", ["kube-system", "kube-node-lease", "kube-public", "ops"])
def test_no_pod_of_a_system_s_namespace_or_the_webhook_s_own_is_reviewed(left_out: str) -> None:
    labels = {INJECT: "enabled", "kubernetes.io/metadata.name": left_out}

    assert not [one for one in only({}, "MutatingWebhookConfiguration")["webhooks"]
                if chooses(one["namespaceSelector"], labels)]  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [{"webhook": {"replicas": 0}}, {"webhook": {"failurePolicy": "Maybe"}}, {"imagee": {}},
     {"podMonitor": {"interval": "often"}}],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(values: dict[str, Any]) -> None:
    with Chart.load(CHART) as chart, pytest.raises(HelmError):
        chart.validate_schema(values)


def test_the_bypass_is_closed_in_the_namespaces_that_are_named() -> None:
    policies = [one for one in objects(VARIANTS["everything"]) if one["kind"] == "NetworkPolicy"]
    closed = [one for one in policies if one["metadata"]["name"] == "through-the-drift-sidecar"]

    assert [one["metadata"]["namespace"] for one in closed] == ["fraud", "credit"]
    assert [port["port"] for port in closed[0]["spec"]["ingress"][0]["ports"]] == [9480, 9481, 9482, 8080]


def test_the_bypass_is_closed_at_pods_with_a_sidecar_and_no_other_pod_is_shut() -> None:
    policies = [one for one in objects(VARIANTS["everything"]) if one["metadata"].get("namespace") == "fraud"]
    plain = {"metadata": {"labels": {"app": "fraud"}}, "spec": {"containers": [
        {"name": "m", "image": "m", "ports": [{"name": "http", "containerPort": 8080}]}]}}  # fmt: skip

    (policy,) = policies

    assert chooses(policy["spec"]["podSelector"], inject(plain, Options()).pod["metadata"]["labels"])
    assert not chooses(policy["spec"]["podSelector"], {"app": "fraud", INJECT: "enabled"})


def kinds(values: dict[str, Any], release: str = "drift-sidecar") -> set[str]:
    return {one["kind"] for one in objects(values, release)}


def test_without_the_operator_s_kinds_nothing_of_them_is_made_unless_it_is_forced() -> None:
    assert not {"PodMonitor", "PrometheusRule"} & kinds({})
    forced = {"podMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}}
    assert {"PodMonitor", "PrometheusRule"} <= kinds(forced)
    assert not {"PodMonitor", "PrometheusRule"} & kinds({part: {"enabled": False} for part in forced})


def test_the_pods_and_their_account_get_what_the_values_say() -> None:
    pod = only(VARIANTS["everything"], "Deployment")["spec"]["template"]

    assert pod["metadata"]["annotations"]["a"] == "b"
    assert pod["spec"]["affinity"] == {"nodeAffinity": {}}
    assert pod["spec"]["priorityClassName"] == "high"
    assert [one["topologyKey"] for one in pod["spec"]["topologySpreadConstraints"]] == ["topology.kubernetes.io/zone"]
    assert only(VARIANTS["everything"], "ServiceAccount")["metadata"]["annotations"] == {"iam.example/role": "webhook"}


def test_on_the_host_s_network_names_of_services_are_still_found() -> None:
    values = {"webhook": {"hostNetwork": True, "port": 9443}}
    deployment = only(values, "Deployment")

    assert (
        deployment["spec"]["template"]["spec"]["hostNetwork"],
        deployment["spec"]["template"]["spec"]["dnsPolicy"],
    ) == (
        True,
        "ClusterFirstWithHostNet",
    )
    assert all(faults(one, version) == [] for one in objects(values) for version in VERSIONS)


def test_two_releases_share_no_object_and_no_namespace() -> None:
    everything = {**VARIANTS["everything"], "dashboards": {"enabled": True}}
    first, canary = objects(everything), objects({**everything, "revision": "canary"}, release="canary")

    def names(of: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
        return {(one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]) for one in of}

    assert not names(first) & names(canary)
    assert not {"PrometheusRule"} & {one["kind"] for one in canary}, "rules are loaded once"
    for revision in ({}, {"drift-sidecar/revision": "canary"}):
        labels = {INJECT: "enabled", **revision}
        asked = [
            hook["clientConfig"]["service"]["name"]
            for release in (first, canary)
            for one in release
            if one["kind"] == "MutatingWebhookConfiguration"
            for hook in one["webhooks"]
            if chooses(hook["namespaceSelector"], labels) and chooses(hook["objectSelector"], {})
        ]
        assert asked == (["canary-drift-sidecar-webhook"] if revision else ["drift-sidecar-webhook"])


def test_the_webhook_may_be_reached_by_the_api_server_s_addresses_and_by_prometheus_alone() -> None:
    policies = {
        one["metadata"]["name"]: one for one in objects(VARIANTS["everything"]) if one["kind"] == "NetworkPolicy"
    }

    (rule,) = policies["drift-sidecar-webhook"]["spec"]["ingress"]

    prometheus = {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}
    assert rule["from"] == [
        {"ipBlock": {"cidr": "10.0.0.0/16"}},
        {"namespaceSelector": {}, "podSelector": prometheus},
    ]
    assert [port["port"] for port in rule["ports"]] == [8443]


def test_every_port_at_which_a_sidecar_takes_traffic_by_name_stays_open() -> None:
    (policy,) = [one for one in objects({"networkPolicy": {"namespaces": ["fraud"]}})
                 if one["metadata"]["name"] == "through-the-drift-sidecar"]  # fmt: skip
    case = yaml.safe_load((ROOT / "tests/inject/cases/two_ports.yaml").read_text())
    (sidecar,) = [one for part in ("initContainers", "containers") for one in case["after"]["spec"].get(part, ())
                  if one["name"] == NAME]  # fmt: skip

    opened = {port["port"] for port in policy["spec"]["ingress"][0]["ports"]}

    assert {port["containerPort"] for port in sidecar["ports"]} <= opened


def test_rules_carry_the_runbook_s_address_and_dashboards_their_label() -> None:
    rule = only(VARIANTS["everything"], "PrometheusRule")
    boards = [one for one in objects({}) if "grafana_dashboard" in one["metadata"].get("labels", {})]

    assert "https://wiki.example/runbook#modelfeaturedrift" in yaml.safe_dump(rule)
    assert len(boards) == 5

"""Pods before and after, readable in `cases`, and what holds for every pod."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import jsonpatch
import pytest
import yaml
from hypothesis import given, reject, settings

from harness.kubernetes import VERSIONS, invalid, unrestricted
from sidecar.inject.options import Options, convert_options
from sidecar.inject.patch import Patched, Refused, inject, remove
from sidecar.inject.wishes import STATUS
from sidecar.settings.catalogue import catalogue
from sidecar.settings.load import load
from tests.inject.pods import OPTIONS, pods

Json = dict[str, Any]
CASES = sorted(Path(__file__).with_name("cases").glob("*.yaml"))
MODEL = {"name": "model", "image": "fraud:1", "ports": [{"name": "http", "containerPort": 8080}]}
CHANGED = re.compile(
    r"/metadata(/annotations(/.*)?|/labels(/drift-sidecar~1injected)?)?|/spec/resources/(requests|limits)/(cpu|memory)"
    r"|/spec/(imagePullSecrets(/-)?|shareProcessNamespace|initContainers(/-)?|containers/-|volumes(/-)?)"
    r"|/spec/containers/\d+/(ports/\d+/(name|containerPort)|(env|args|command|lifecycle|\w+Probe)(/.*)?)"
)
"""The documented fields."""


def pod(annotations: dict[str, str] | None = None, **spec: Any) -> Json:
    """A pod with one model."""
    given = {f"drift-sidecar/{name}": text for name, text in (annotations or {}).items()}
    return copy.deepcopy({"metadata": {"annotations": given}, "spec": {"containers": [MODEL], **spec}})


def sidecar(patched: Patched) -> Json:
    """The container that was added."""
    spec = patched.pod["spec"]
    found: list[Json] = [
        one for one in [*spec.get("initContainers", []), *spec["containers"]] if one["name"] == "drift-sidecar"
    ]
    assert len(found) == 1
    return found[0]


def environment(patched: Patched) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in sidecar(patched)["env"]}


def try_inject(given: Json, options: Options) -> Patched:
    """Those pods only that are not refused."""
    try:
        return inject(given, options)
    except Refused:
        reject()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_pod_becomes_what_its_case_says_and_is_valid_and_restricted_and_comes_back(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    before = copy.deepcopy(case["before"])

    patched = inject(before, convert_options(case["options"], "case"))

    assert before == case["before"], "the pod that was given is not touched"
    assert patched.warnings == case["warnings"]
    assert patched.skipped == case.get("skipped")
    after = copy.deepcopy(patched.pod)
    after.get("metadata", {}).get("annotations", {}).pop(STATUS, None)
    assert after == case.get("after", case["before"])
    assert remove(patched.pod) == case["before"]
    if patched.skipped is None:
        assert invalid(patched.pod) == []
        assert [reason for reason in unrestricted(patched.pod) if "drift-sidecar" in reason] == []


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_sidecar_understands_the_environment_that_it_is_given(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    patched = inject(case["before"], convert_options(case["options"], "case"))
    if patched.skipped is None:
        given = environment(patched)
        settings = load(None, given, {}).settings
        assert settings.upstream.startswith("127.0.0.1:")
        assert settings.drain.timeout_seconds + settings.drain.flush_seconds <= 30


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(before=pods(), options=OPTIONS)
def test_patching_twice_is_patching_once_and_removing_gives_the_original(before: Json, options: Options) -> None:
    untouched = copy.deepcopy(before)
    once = try_inject(before, options)
    twice = inject(once.pod, options)

    assert before == untouched
    assert twice.pod == once.pod
    assert twice.operations == []
    assert (twice.warnings, twice.skipped) == (once.warnings, once.skipped)
    assert remove(once.pod) == before
    assert remove(before) == before


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(before=pods(), options=OPTIONS)
def test_the_operations_make_the_pod_and_change_documented_fields_only(before: Json, options: Options) -> None:
    patched = try_inject(before, options)

    assert jsonpatch.apply_patch(before, patched.operations) == patched.pod
    for operation in patched.operations:
        assert operation["op"] in ("add", "replace")
        assert CHANGED.fullmatch(operation["path"]), operation
    for name, text in ((before.get("metadata") or {}).get("annotations") or {}).items():
        now = patched.pod["metadata"]["annotations"][name]
        assert now == text or name.endswith(("-ports", "Ports", "-volumes"))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(before=pods(), options=OPTIONS)
def test_a_valid_pod_stays_valid_in_every_version_and_no_less_restricted(before: Json, options: Options) -> None:
    patched = try_inject(before, options)
    native = any(one["name"] == "drift-sidecar" for one in patched.pod["spec"].get("initContainers", []))

    assert invalid(before) == []
    assert invalid(patched.pod, VERSIONS if native else VERSIONS[::3]) == []
    assert unrestricted(patched.pod) == unrestricted(before)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(before=pods(), options=OPTIONS)
def test_the_drain_always_fits_into_the_grace_period(before: Json, options: Options) -> None:
    patched = try_inject(before, options)
    if patched.skipped is None:
        drain = load(None, environment(patched), {}).settings.drain
        grace = before["spec"].get("terminationGracePeriodSeconds", 30)
        assert drain.notice_seconds <= drain.timeout_seconds <= max(0, grace - drain.flush_seconds)


def test_other_options_bring_an_old_sidecar_up_to_date() -> None:
    old = inject(pod(), Options(image="drift-sidecar:1"))

    new = inject(old.pod, Options(image="drift-sidecar:2", kubernetes_version="1.33"))

    assert sidecar(new)["image"] == "drift-sidecar:2"
    assert new.pod == inject(pod(), Options(image="drift-sidecar:2", kubernetes_version="1.33")).pod
    assert jsonpatch.apply_patch(old.pod, new.operations) == new.pod


def test_what_others_changed_meanwhile_stays_when_it_is_run_again_or_removed() -> None:
    between = inject(pod(), Options(kubernetes_version="1.33")).pod
    model = between["spec"]["containers"][0]
    model["readinessProbe"] = {"httpGet": {"path": "/app-health/model/readyz", "port": 15020}}
    model["lifecycle"]["preStop"] = {"httpGet": {"path": "/app-lifecycle/model/prestopz", "port": 15020}}
    model["ports"][0]["protocol"] = "TCP"  # the API server fills it in
    between["spec"]["initContainers"].insert(0, {"name": "istio-proxy", "image": "p", "restartPolicy": "Always"})
    between["spec"]["volumes"].append({"name": "istio-envoy", "emptyDir": {}})
    between["metadata"]["annotations"]["sidecar.istio.io/status"] = "{}"

    again = inject(between, Options(kubernetes_version="1.33"))
    bare = remove(again.pod)

    assert [one["name"] for one in again.pod["spec"]["initContainers"]] == ["istio-proxy", "drift-sidecar"]
    assert again.pod["metadata"]["annotations"]["traffic.sidecar.istio.io/excludeInboundPorts"] == "9481"
    assert bare["spec"]["initContainers"] == [{"name": "istio-proxy", "image": "p", "restartPolicy": "Always"}]
    assert bare["spec"]["volumes"] == [{"name": "istio-envoy", "emptyDir": {}}]
    assert bare["spec"]["containers"][0]["readinessProbe"] == model["readinessProbe"]
    assert bare["spec"]["containers"][0]["lifecycle"]["preStop"] == model["lifecycle"]["preStop"]
    assert bare["spec"]["containers"][0]["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    assert bare["metadata"]["annotations"] == {"sidecar.istio.io/status": "{}"}


def test_a_pod_that_asks_to_be_left_alone_loses_the_sidecar_that_it_has() -> None:
    patched = inject(pod(), Options()).pod
    patched["metadata"]["labels"] = {"drift-sidecar/inject": "disabled"}

    left = inject(patched, Options())

    assert left.skipped == "disabled by drift-sidecar/inject"
    assert left.pod["spec"] == pod()["spec"]
    assert jsonpatch.apply_patch(patched, left.operations) == left.pod


@pytest.mark.parametrize(
    "journal", ["", "x", "{}", "[1]", '[{"at":["spec","containers"],"was":[]}]', '[{"at":[]}]', '[{"at":["status"]}]']
)
def test_a_journal_that_the_injector_did_not_write_is_refused(journal: str) -> None:
    patched = inject(pod(), Options()).pod
    patched["metadata"]["annotations"][STATUS] = journal

    with pytest.raises(Refused, match=r"drift-sidecar/status.*not written by the injector"):
        remove(patched)


def test_a_journal_without_a_sidecar_means_nothing() -> None:
    assert inject(pod({"status": "x"}), Options()).skipped is None


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({"tap.body_limt_bytes": "1"}, ["tap.body_limt_bytes", "Did you mean `drift-sidecar/tap.body_limit_bytes`"]),
        ({"refrence": "x"}, ["Did you mean `drift-sidecar/reference`"]),
        ({"qqq": "x"}, ["is not known", "docs/annotations.md"]),
        ({"tap.body_limit_bytes": "many"}, ["drift-sidecar/tap.body_limit_bytes = 'many'", "expected", "int"]),
        ({"tap.sample_ratio": "2"}, ["drift-sidecar/tap.sample_ratio", "<= 1"]),
        ({"upstream": "1.2.3.4:5"}, ["made by the injector", "drift-sidecar/port"]),
        ({"listen": "0.0.0.0:1"}, ["drift-sidecar/listen-port"]),
        ({"traffic": "magic"}, ["drift-sidecar/traffic = 'magic'", "take-over"]),
        ({"native": "maybe"}, ["drift-sidecar/native"]),
        ({"memory-limit": "lots"}, ["drift-sidecar/memory-limit"]),
        ({"listen-port": "99999"}, ["drift-sidecar/listen-port", "65535"]),
        ({"listen-port": "9481"}, ["drift-sidecar/listen-port = '9481'", "used"]),
        ({"admin-port": "8080"}, ["drift-sidecar/admin-port", "used"]),
        ({"admin-port": "15020"}, ["drift-sidecar/admin-port", "mesh"]),
        ({"container": "other"}, ["drift-sidecar/container", "no container", "model"]),
        ({"port": "grpc"}, ["drift-sidecar/port", "no port 'grpc'"]),
        ({"port": "70000"}, ["drift-sidecar/port"]),
        ({"port": "http,http"}, ["drift-sidecar/port", "twice"]),
        ({"reference": "configmap:A_B"}, ["drift-sidecar/reference", "configmap:NAME"]),
        ({"reference": "configmap:a/../b"}, ["drift-sidecar/reference"]),
        ({"reference": "secret:a/b/c"}, ["drift-sidecar/reference", "key"]),
        ({"reference": "file"}, ["drift-sidecar/reference"]),
        ({"share-process-namespace": "yes"}, ["drift-sidecar/share-process-namespace"]),
        ({"on-invalid": "perhaps"}, ["drift-sidecar/on-invalid"]),
        ({"traffic": "shift"}, ["container model", "no known variable or flag", "drift-sidecar/port-variable"]),
        ({"traffic": "loopback"}, ["container model", "drift-sidecar/host-variable"]),
        ({"traffic": "shift", "port-variable": "a b"}, ["drift-sidecar/port-variable"]),
        ({"capture.path": "relative.jsonl"}, ["drift-sidecar/capture.path", "no directory"]),
        ({"capture.path": "/etc/passwd"}, ["drift-sidecar/capture.path"]),
        ({"drain.timeout_seconds": "300"}, ["drift-sidecar/drain.timeout_seconds", "30 s of grace"]),
    ],
    ids=lambda value: "-".join(f"{key}={text}" for key, text in value.items()) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_wrong_annotation_is_refused_with_its_name_and_the_mend_or_admitted_with_a_warning(
    annotations: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(Refused) as refused:
        inject(pod(annotations), Options())
    assert all(word in str(refused.value) for word in words), str(refused.value)

    admitted = inject(pod(annotations), Options(invalid="admit"))
    assert admitted.pod == pod(annotations)
    assert admitted.operations == []
    assert admitted.skipped is not None
    assert all(word in admitted.warnings[0] for word in words)


@pytest.mark.parametrize("key", [key for key, setting in catalogue().items() if setting.writes_file])
def test_whatever_file_is_to_be_written_has_a_volume_beneath_it(key: str) -> None:
    patched = inject(pod({key: "/var/written/one.jsonl"}), Options())

    mounts = {one["mountPath"]: one["name"] for one in sidecar(patched)["volumeMounts"] if not one.get("readOnly")}
    volumes = {one["name"]: one["emptyDir"]["sizeLimit"] for one in patched.pod["spec"]["volumes"]}
    assert volumes[mounts["/var/written"]] == {"capture.path": "144Mi", "cloudevents.spool": "528Mi"}.get(key, "64Mi")


def test_a_refused_annotation_is_named_without_its_credentials() -> None:
    with pytest.raises(Refused) as refused:
        inject(pod({"metrics.merge": "ftp://me:hush@model/metrics?key=hush"}), Options())

    assert "drift-sidecar/metrics.merge = 'ftp://model/metrics'" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_pod_may_choose_to_be_admitted_whatever_is_wrong_with_it() -> None:
    assert inject(pod({"on-invalid": "admit", "qqq": "x"}), Options()).skipped
    with pytest.raises(Refused):
        inject(pod({"on-invalid": "refuse", "qqq": "x"}), Options(invalid="admit"))


def test_native_sidecars_are_refused_where_there_are_none_and_warned_of_where_services_do_not_find_their_ports() -> (
    None
):
    with pytest.raises(Refused, match=r"1\.28 has no native sidecars"):
        inject(pod({"native": "yes"}), Options(kubernetes_version="1.28"))
    assert "1.32" in inject(pod({"native": "yes"}), Options(kubernetes_version="1.31")).warnings[0]
    assert inject(pod({"native": "yes"}), Options()).warnings == []
    assert (
        inject(pod({"native": "no"}), Options(kubernetes_version="1.36")).pod["spec"]["containers"][1]["name"]
        == "drift-sidecar"
    )


@pytest.mark.parametrize(
    "containers",
    [
        [MODEL, {"name": "other", "image": "o", "ports": [{"containerPort": 9000}]}],
        [{"name": "istio-proxy", "image": "p"}],
        [{"name": "model", "image": "m"}],
        [{"name": "model", "image": "m", "ports": [{"containerPort": 53, "protocol": "UDP"}]}],
    ],
)
def test_a_pod_whose_model_or_port_cannot_be_told_is_refused(containers: list[Json]) -> None:
    with pytest.raises(Refused, match=r"drift-sidecar/(container|port)"):
        inject({"spec": {"containers": containers}}, Options())


@pytest.mark.parametrize("hostile", [None, [], "x", {}, {"spec": None}, {"spec": {"containers": [1]}},
                                     {"spec": {"containers": [MODEL]}, "metadata": {"annotations": {"a": 1}}},
                                     {"spec": {"containers": [{**MODEL, "ports": [{"containerPort": "http"}]}]}},
                                     {"spec": {"containers": [{**MODEL, "livenessProbe": []}]}}])  # fmt: skip
def test_what_is_no_pod_is_refused_whatever_the_policy(hostile: Any) -> None:
    with pytest.raises(Refused, match="pod"):
        inject(hostile, Options(invalid="admit"))


def test_names_of_ports_stay_within_their_limit_and_apart() -> None:
    containers = [
        {"name": "model", "image": "m", "ports": [{"name": "prediction-port", "containerPort": 8080}]},
        {"name": "helper", "image": "h", "ports": [{"name": "app-prediction", "containerPort": 1}]},
    ]
    patched = inject(pod({"container": "model"}, containers=containers), Options())

    assert patched.pod["spec"]["containers"][0]["ports"][0]["name"] == "app-predictio-2"
    assert sidecar(patched)["ports"][0]["name"] == "prediction-port"
    assert invalid(patched.pod) == []


def test_pods_of_kubernetes_itself_are_left_alone() -> None:
    assert inject(pod(), Options(), "kube-system").skipped == "namespace kube-system is Kubernetes' own"
    assert inject(pod(), Options(), "risk").skipped is None


def test_on_a_cluster_with_ipv6_only_it_listens_there() -> None:
    given = environment(inject(pod(), Options(host="[::]")))
    assert (given["SIDECAR_LISTEN"], given["SIDECAR_ADMIN"]) == ("[::]:9480", "[::]:9481")


def test_ports_without_names_get_names_that_differ() -> None:
    ports = [{"containerPort": 8080}, {"containerPort": 8081}]
    patched = inject(pod(containers=[{"name": "model", "image": "fraud:1", "ports": ports}]), Options())

    assert [port["name"] for port in sidecar(patched)["ports"]] == ["http", "http-2", "drift-admin"]


def test_lists_of_unknown_fields_whose_items_have_names_that_are_none_are_left_alone() -> None:
    odd = pod(env=[{"name": ["x"]}])

    assert remove(inject(odd, Options()).pod) == odd


def test_ways_that_take_the_model_s_number_may_take_that_of_the_sidecar_too() -> None:
    own = [{"name": "model", "image": "m", "args": ["--port=9480"], "ports": [{"name": "http", "containerPort": 9480}]}]

    assert inject(pod({"traffic": "shift"}, containers=own), Options()).skipped is None
    with pytest.raises(Refused, match="listen-port"):
        inject(pod({"traffic": "take-over"}, containers=own), Options())


@pytest.mark.parametrize(
    ("version", "traffic", "warned"),
    [("1.31", "take-over", True), ("1.32", "take-over", False), ("1.31", "shift", False), (None, "take-over", False)],
)
def test_of_named_ports_it_warns_before_1_32_and_only_where_services_need_them(
    version: str | None, traffic: str, warned: bool
) -> None:
    containers = [{**MODEL, "args": ["--port=8080"]}]
    patched = inject(
        pod({"native": "yes", "traffic": traffic}, containers=containers), Options(kubernetes_version=version)
    )

    assert any("before Kubernetes 1.32" in warning for warning in patched.warnings) is warned


def test_lists_in_annotations_are_added_to_and_keep_what_they_had() -> None:
    before = pod()
    skip = "config.linkerd.io/skip-inbound-ports"
    before["metadata"]["annotations"] |= {"linkerd.io/inject": "enabled", skip: "25, 26,9481,"}

    assert inject(before, Options()).pod["metadata"]["annotations"][skip] == "25,26,9481"


def test_secrets_for_pulling_are_given_to_a_pod_that_has_none_and_each_once() -> None:
    patched = inject(pod(), Options(image_pull_secrets=("ours", "ours", "more")))

    assert patched.pod["spec"]["imagePullSecrets"] == [{"name": "ours"}, {"name": "more"}]


def test_scrapes_of_the_model_come_to_the_sidecar_where_it_answers_for_both() -> None:
    before = pod({"metrics.merge": "/metrics"})
    scrape = {"prometheus.io/port": "8080", "prometheus.io/path": "/m", "prometheus.io/scheme": "https"}
    before["metadata"]["annotations"] |= scrape

    now = inject(before, Options()).pod["metadata"]["annotations"]

    assert {name: now[name] for name in scrape} == {
        "prometheus.io/port": "9481",
        "prometheus.io/path": "/metrics",
        "prometheus.io/scheme": "http",
    }
    assert not any(name.startswith("prometheus.io") for name in inject(pod(), Options()).pod["metadata"]["annotations"])


LIMITS = {"cpu": "1", "memory": "1Gi"}
OURS = {"cpu_request": "50m", "cpu_limit": "50m", "memory_request": "128Mi", "memory_limit": "128Mi"}


@pytest.mark.parametrize(
    ("resources", "ours", "warned"),
    [
        ({"limits": LIMITS}, {}, True),
        ({"limits": LIMITS, "requests": LIMITS}, {}, True),
        ({"limits": LIMITS, "requests": {"cpu": "1", "memory": "512Mi"}}, {}, False),
        ({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}, {}, False),
        ({"requests": LIMITS}, {}, False),
        ({}, {}, False),
        ({"limits": LIMITS}, OURS, False),
        ({"limits": LIMITS}, {**OURS, "memory_limit": "256Mi"}, True),
    ],
)
def test_it_warns_of_a_pod_that_is_guaranteed_no_longer(resources: Json, ours: Json, warned: bool) -> None:
    patched = inject(pod(containers=[{**MODEL, "resources": resources}]), Options(**ours))

    assert any("no longer of class Guaranteed" in warning for warning in patched.warnings) is warned


@pytest.mark.parametrize(
    ("restart", "owner", "version", "outcome"),
    [
        ("OnFailure", None, None, "skipped"),
        ("Never", None, "1.28", "skipped"),
        ("Always", "Job", None, "skipped"),
        ("Always", "ReplicaSet", None, "regular"),
        ("Always", None, "1.32", "regular"),
        ("Always", None, "1.33", "native"),
        ("Never", None, "1.29", "native"),
        ("Always", "Job", "1.29", "native"),
    ],
)
def test_what_ends_needs_a_native_sidecar_or_gets_none(
    restart: str, owner: str | None, version: str | None, outcome: str
) -> None:
    before = pod(restartPolicy=restart)
    if owner:
        before["metadata"]["ownerReferences"] = [{"kind": "Node"}, {"kind": owner}]

    patched = inject(before, Options(kubernetes_version=version))

    if outcome == "skipped":
        why = "a regular sidecar would keep this Job from ending: set kubernetes_version or drift-sidecar/native, from 1.29 on"
        assert (patched.skipped, patched.warnings, patched.operations) == (why, [why], [])
    else:
        assert patched.skipped is None
        assert ("initContainers" in patched.pod["spec"]) is (outcome == "native")
    with pytest.raises(Refused) as refused:
        inject(pod({"native": "yes"}), Options(kubernetes_version="1.28"))
    assert (refused.value.what, refused.value.mend) == ("drift-sidecar/native = 'yes'", "Write no, or auto")


def test_a_record_of_changes_that_cannot_be_read_says_why_and_what_to_do() -> None:
    patched = inject(pod(), Options()).pod
    for text, why in (("x", "malformed"), ("[1]", "Expected `object`"), ('[{"at":["status"]}]', "['status'], which")):
        patched["metadata"]["annotations"][STATUS] = text
        with pytest.raises(Refused) as refused:
            remove(patched)
        assert why in refused.value.why
        assert refused.value.mend == "Remove it, and container drift-sidecar"


def test_a_mirror_of_a_static_pod_is_left_alone() -> None:
    before = pod()
    before["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "x"

    patched = inject(before, Options())

    assert (patched.pod, patched.operations) == (before, [])
    assert patched.skipped == "it mirrors a static pod, which cannot be changed"


def test_a_sidecar_that_a_pod_may_not_keep_is_taken_out_by_the_patch() -> None:
    job = inject(pod(restartPolicy="Never"), Options(kubernetes_version="1.29")).pod

    left = inject(job, Options())

    assert left.skipped
    assert left.pod == pod(restartPolicy="Never")
    assert jsonpatch.apply_patch(job, left.operations) == left.pod


def test_operations_change_parts_of_the_pod_and_1_29_has_native_sidecars() -> None:
    before = pod()
    patched = inject(before, Options())
    assert jsonpatch.apply_patch(before, patched.operations) == patched.pod
    assert {one["op"] for one in patched.operations} <= {"add", "replace"}
    assert not [one for one in patched.operations if one["path"] == ""]
    assert inject(pod({"native": "yes"}), Options(kubernetes_version="1.29")).skipped is None

"""An AdmissionReview in, an answer out: right for what is meant well, harmless for what is not."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonpatch
import msgspec
import pytest
import yaml

from harness.kubernetes import VERSIONS, invalid, unrestricted
from sidecar.inject.bypass import Service
from sidecar.inject.options import Options, convert_options
from sidecar.inject.patch import inject
from sidecar.inject.review import Reviewed, review
from tests.inject.hostile import refused_by_api, review_of, reviews

Json = dict[str, Any]
CASES = sorted(Path(__file__).with_name("cases").glob("*.yaml"))
OPTIONS = Options(kubernetes_version="1.33")
OTHER_OPTIONS = Options(traffic="shift", mesh="istio", invalid="admit", cpu_limit="1")
POD: Json = {
    "metadata": {
        "generateName": "fraud-7f9-",
        "labels": {"app": "fraud"},
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "fraud-7f9", "uid": "u", "controller": True}
        ],
    },
    "spec": {"containers": [{"name": "model", "image": "m:1", "ports": [{"name": "http", "containerPort": 8080}]}]},
}


def pod(**annotations: str) -> Json:
    named = {f"drift-sidecar/{name.replace('_', '-')}": text for name, text in annotations.items()}
    return {**POD, "metadata": {**POD["metadata"], "annotations": named}}


def asked(thing: Any, options: Options = OPTIONS, services: list[Service] | None = None, **request: Any) -> Reviewed:
    return review(json.dumps(review_of(thing, **request)).encode(), options, services or [])


def answer(reviewed: Reviewed) -> Json:
    whole: Json = json.loads(reviewed.body)
    assert reviewed.status == 200
    assert (whole["apiVersion"], whole["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    found: Json = whole["response"]
    return found


def patch_in(reviewed: Reviewed) -> list[Json]:
    response = answer(reviewed)
    if "patch" not in response:
        return []
    assert response["patchType"] == "JSONPatch"
    operations: list[Json] = json.loads(base64.b64decode(response["patch"], validate=True))
    return operations


def service(target: int | str | None, port: int = 80, **selector: str) -> Service:
    spec = {"selector": selector or {"app": "fraud"}, "ports": [{"port": port, "targetPort": target}]}
    return msgspec.convert({"metadata": {"name": "front", "namespace": "fraud"}, "spec": spec}, Service)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_answer_s_patch_makes_the_pod_that_the_injector_makes(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    options = convert_options(case["options"], "case")

    reviewed = asked(case["before"], options)

    wanted = inject(case["before"], options, "fraud")
    assert answer(reviewed)["allowed"] is True
    assert jsonpatch.apply_patch(case["before"], patch_in(reviewed)) == wanted.pod
    assert len(answer(reviewed).get("warnings", [])) >= len(wanted.warnings)


def test_the_answer_is_to_the_review_s_uid_and_names_pod_and_owner_for_the_log() -> None:
    reviewed = asked(POD, uid="another-uid")

    assert answer(reviewed)["uid"] == "another-uid"
    assert (reviewed.result, reviewed.namespace, reviewed.pod) == ("injected", "fraud", "fraud-7f9-")
    assert reviewed.owner == POD["metadata"]["ownerReferences"][0]


def test_a_pod_that_was_patched_before_is_left_unchanged_when_it_is_reviewed_again() -> None:
    reviewed = asked(inject(POD, OPTIONS, "fraud").pod)

    assert (reviewed.result, patch_in(reviewed)) == ("unchanged", [])


def test_a_wrong_annotation_refuses_the_pod_with_its_name_and_the_mend() -> None:
    response = answer(asked(pod(traffic="take-ovr")))

    assert response["allowed"] is False
    assert "drift-sidecar/traffic = 'take-ovr'" in response["status"]["message"]
    assert response["status"]["code"] == 422
    assert "patch" not in response


def test_a_wrong_annotation_is_admitted_with_a_warning_where_the_policy_says_so() -> None:
    reviewed = asked(pod(traffic="take-ovr", on_invalid="admit"))

    assert answer(reviewed)["allowed"] is True
    assert "drift-sidecar/traffic = 'take-ovr'" in answer(reviewed)["warnings"][0]
    assert (reviewed.result, patch_in(reviewed)) == ("skipped", [])
    assert reviewed.why


@pytest.mark.parametrize(
    "containers",
    [
        [{"name": "worker", "image": "w"}],
        [{"name": one, "image": one, "ports": [{"containerPort": 80}]} for one in ("nginx", "redis")],
    ],
    ids=["serves nothing", "two that could be it"],
)
def test_a_pod_that_wished_nothing_and_is_unfit_starts_without_and_one_that_asks_is_refused(
    containers: list[Json],
) -> None:
    unfit = {**POD, "spec": {"containers": containers}}
    reviewed = asked(unfit)

    assert answer(reviewed)["allowed"] is True
    assert (reviewed.result, patch_in(reviewed)) == ("skipped", [])
    assert reviewed.why.startswith("unfit: ")
    assert answer(reviewed)["warnings"][0].startswith("no drift-sidecar: ")
    for wish in ({"labels": {"drift-sidecar/inject": "enabled"}}, {"annotations": {"drift-sidecar/model-name": "m"}}):
        assert answer(asked({**unfit, "metadata": {**POD["metadata"], **wish}}))["allowed"] is False


def test_a_skipped_pod_gets_a_warning_that_says_why() -> None:
    host = {**POD, "spec": {**POD["spec"], "hostNetwork": True}}

    assert answer(asked(host))["warnings"] == ["no drift-sidecar: hostNetwork: the sidecar's ports would be the node's"]


def test_a_pod_that_wishes_no_sidecar_gets_none_without_a_word() -> None:
    reviewed = asked(pod(inject="disabled"))

    assert (reviewed.result, reviewed.why) == ("skipped", "")
    assert answer(reviewed) == {"uid": "705ab4f5-6393", "allowed": True}


@pytest.mark.parametrize(
    "request_",
    [{"operation": "DELETE"}, {"operation": "UPDATE"}, {"object": None}],
    ids=["deletion", "update", "nothing"],
)
def test_a_review_that_creates_no_pod_is_allowed_and_changes_nothing(request_: Json) -> None:
    assert answer(asked(POD, **request_)) == {"uid": "705ab4f5-6393", "allowed": True}


@pytest.mark.parametrize(
    "thing", [[], "pod", {"spec": {}}, {"spec": {"containers": [{}]}}, {"kind": "Deployment"}, {**POD, "kind": "Job"}]
)
def test_what_is_no_pod_is_left_to_the_api_server_with_a_warning(thing: Any) -> None:
    reviewed = asked(thing)

    assert reviewed.result == "unreadable"
    assert answer(reviewed)["allowed"] is True
    assert answer(reviewed)["warnings"][0].startswith("no drift-sidecar: it cannot be read as a pod")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"nonsense",
        b"\xff",
        b"{}",
        b'{"a":' * 100_000,
        b"[" * 100_000,
        json.dumps({**review_of(POD), "apiVersion": "admission.k8s.io/v1beta1"}).encode(),
        json.dumps({**review_of(POD), "kind": "Pod"}).encode(),
        json.dumps({**review_of(POD), "request": None}).encode(),
        json.dumps(review_of(POD, uid=7)).encode(),
    ],
)
def test_what_is_no_review_is_a_bad_request_that_says_why(body: bytes) -> None:
    reviewed = review(body, OPTIONS)

    assert (reviewed.result, reviewed.status) == ("malformed", 400)
    assert reviewed.body.startswith(b"not an AdmissionReview")


def test_a_pod_nested_deeper_than_can_be_copied_is_a_bad_request() -> None:
    deep = json.dumps(review_of(POD)).replace('"m:1"', '"m:1", "x": ' + "[" * 600 + "]" * 600)

    assert review(deep.encode(), OPTIONS).status == 400


def test_warnings_fit_into_the_header_that_they_are_sent_in() -> None:
    (warning,) = answer(asked(pod(traffic="ü\n" + "x" * 5000, on_invalid="admit")))["warnings"]

    assert len(warning) <= 256
    assert warning.isascii()
    assert warning.isprintable()


def test_a_pod_whose_annotations_would_become_too_long_is_skipped() -> None:
    reviewed = asked(pod(model_name="x") | {"metadata": {"annotations": {"a": "x" * 262_000}}})

    assert reviewed.result == "skipped"
    assert "256 KiB" in answer(reviewed)["warnings"][0]


@pytest.mark.parametrize(
    ("target", "port", "past"),
    [
        (8080, 80, True),
        (None, 8080, True),
        ("http", 80, False),
        (9480, 80, False),
        ("app-http", 80, True),
        (9090, 80, False),
    ],
)
def test_a_service_that_leads_to_the_model_s_own_port_is_warned_of(target: Any, port: int, past: bool) -> None:
    reviewed = asked(POD, services=[service(target, port)])

    assert bool(reviewed.bypasses) is past
    warned = [text for text in answer(reviewed).get("warnings", []) if "Service front" in text]
    assert bool(warned) is past


def test_a_service_is_not_warned_of_where_the_sidecar_has_the_model_s_number_or_other_pods_are_meant() -> None:
    headless = msgspec.convert({"metadata": {"name": "none", "namespace": "fraud"}, "spec": {}}, Service)
    loopback = {**pod(traffic="loopback", host_variable="HOST")}

    assert not asked(loopback, services=[service(8080)]).bypasses
    assert not asked(POD, services=[service(8080, app="churn")]).bypasses
    assert not asked(POD, services=[service(8080)], namespace="elsewhere").bypasses
    assert not asked(POD, services=[headless]).bypasses


@pytest.mark.slow
def test_ten_thousand_hostile_reviews_crash_nothing_and_make_no_pod_invalid() -> None:
    results: Counter[str] = Counter()
    for number, body in enumerate(reviews(seed=5, count=10_000)):
        reviewed = review(body, (OPTIONS, OTHER_OPTIONS)[number % 2])
        results[reviewed.result] += 1
        if reviewed.result == "malformed":
            continue
        response = answer(reviewed)
        assert isinstance(response["uid"], str)
        if "patch" in response:
            before = json.loads(body.decode(errors="replace"))["request"]["object"]
            after = jsonpatch.apply_patch(before, patch_in(reviewed))
            check_no_worse(before, after, (VERSIONS[0], VERSIONS[-1], VERSIONS[number % len(VERSIONS)]))
            assert reviewed.result != "injected" or not sidecar_s_privileges(after)
    assert min(results[kind] for kind in ("injected", "skipped", "refused", "unreadable", "malformed")) > 100, results


def check_no_worse(before: Json, after: Json, versions: tuple[str, ...]) -> None:
    """What is wrong with a patched pod was wrong with it before."""
    wrong = invalid(after, versions)
    assert not wrong or invalid(before, versions), wrong
    wrong = refused_by_api(after)
    assert not wrong or refused_by_api(before), wrong


def sidecar_s_privileges(pod: Json) -> list[str]:
    """What Pod Security *restricted* would refuse our container for."""
    return [reason for reason in unrestricted(pod) if reason.startswith("drift-sidecar:")]


@pytest.mark.parametrize("word", ["true", "Yes", "ON", "enabled"])
def test_every_usual_word_for_yes_asks_for_a_sidecar(word: str) -> None:
    assert asked(pod(inject=word)).result == "injected"


def test_a_word_that_is_neither_yes_nor_no_starts_the_pod_without_and_is_warned_of() -> None:
    found = asked(pod(inject="maybe"))

    assert found.result == "skipped"
    assert "drift-sidecar/inject = 'maybe' is neither enabled nor disabled" in found.why
    assert found.why in json.loads(found.body)["response"]["warnings"][0]

"""Pods that should have a sidecar and have none, with the true reason, in objects alone."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.inject.options import Options
from sidecar.inject.survey import Finding, Namespace, Pod, examine, examine_namespace, label_written
from sidecar.inject.wishes import INJECT

POD: dict[str, Any] = {
    "metadata": {"labels": {"app": "fraud"}},
    "spec": {"containers": [{"name": "m", "image": "m", "ports": [{"name": "http", "containerPort": 8080}]}]},
}
SENT, SILENT, OUT = Namespace("risk", {INJECT: "enabled"}), Namespace("risk", {}), Namespace("risk", {INJECT: "off"})


def found(
    pod: dict[str, Any], namespace: Namespace = SENT, installed: str = "", options: Options | None = None
) -> list[Finding]:
    return examine(Pod("pod risk/a", namespace, pod), [], options or Options(), installed)


def pod(label: str | None = None, created: str = "", fields: Any = (), **annotations: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"labels": {} if label is None else {INJECT: label}, "creationTimestamp": created}
    metadata["annotations"] = {f"drift-sidecar/{name}": text for name, text in annotations.items()}
    return {**POD, "metadata": {**metadata, "managedFields": list(fields)}}


def written(time: str, label: str = INJECT) -> dict[str, Any]:
    """An entry of managed fields that owns a label."""
    return {"manager": "kubectl-label", "time": time, "fieldsV1": {"f:metadata": {"f:labels": {f"f:{label}": {}}}}}


@pytest.mark.parametrize(
    ("more", "kinds"),
    [({}, ["no_sidecar"]), ({"status": {"phase": "Failed"}}, []), ({"status": {"phase": "Running"}}, ["no_sidecar"])],
)
def test_a_pod_without_a_sidecar_is_found_unless_it_has_ended(more: dict[str, Any], kinds: list[str]) -> None:
    assert [finding.kind for finding in found({**POD, **more})] == kinds


def test_a_pod_that_leaves_or_opted_out_is_no_finding_and_a_wrong_annotation_is_one_with_its_reason() -> None:
    assert found({**POD, "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}) == []
    assert found(pod("disabled")) == []
    assert found(pod(inject="no")) == []
    for options, words in ((Options(), "refused today"), (Options(invalid="admit"), "invalid")):
        (finding,) = found(pod(traffic="magic"), options=options)
        assert words in finding.why


@pytest.mark.parametrize(
    ("thing", "namespace", "why"),
    [
        (pod(inject="enabled"), SILENT, "by annotations alone"),
        (pod(port="http"), SILENT, "by annotations alone"),
        (pod(inject="maybe"), SILENT, "by annotations alone"),
        (pod(inject="enabled"), OUT, "its namespace opted out"),
        (pod("yes"), OUT, "its namespace opted out"),
    ],
)
def test_a_wish_that_the_webhook_is_not_asked_about_is_told_with_its_reason(
    thing: dict[str, Any], namespace: Namespace, why: str
) -> None:
    (finding,) = found(thing, namespace)

    assert finding.kind == "unmet"
    assert why in finding.why


def test_who_wishes_nothing_is_no_finding_where_the_namespace_asks_for_nothing() -> None:
    for thing in (POD, pod("off"), pod(inject="off"), pod("off", inject="on")):
        assert found(thing, SILENT) == found(thing, OUT) == []


def test_a_pod_s_own_label_suffices() -> None:
    assert [one.kind for one in found(pod("true"), SILENT)] == ["no_sidecar"]


@pytest.mark.parametrize("label", ["on", "maybe"])
def test_a_wish_that_cannot_be_met_is_a_finding_and_an_unfit_pod_that_wished_nothing_is_none(label: str) -> None:
    host = {**POD["spec"], "hostNetwork": True}

    assert found({**POD, "spec": host}) == []
    (finding,) = found({**pod(label), "spec": host})
    assert ("hostNetwork" if label == "on" else "neither enabled nor disabled") in finding.why


@pytest.mark.parametrize(
    ("thing", "namespace", "installed", "why"),
    [
        (pod(created="2026-01-02T00:00:00Z"), SENT._replace(written="2026-01-03T00:00:00Z"), "", "its namespace's label"),
        (pod(created="2026-01-03T00:00:00Z"), SENT._replace(written="2026-01-03T00:00:00Z"), "", "did not answer"),
        (pod("on", "2026-01-02T00:00:00Z", [written("2026-01-04T00:00:00Z")]), SILENT, "", "older than its own label"),
        (pod(created="2026-01-02T00:00:00Z"), SENT, "2026-01-05T00:00:00Z", "older than the webhook"),
        (pod(created="2026-01-06T00:00:00Z"), SENT, "2026-01-05T00:00:00Z", "did not answer"),
        (POD, SENT, "2026-01-05T00:00:00Z", "did not answer"),
    ],
)  # fmt: skip
def test_why_a_pod_was_missed_follows_from_what_is_older_than_what(
    thing: dict[str, Any], namespace: Namespace, installed: str, why: str
) -> None:
    (finding,) = found(thing, namespace, installed)

    assert why in finding.why


def test_the_first_of_several_managers_wrote_the_label() -> None:
    entries = [
        written("2026-01-03T00:00:00Z"),
        written("2026-01-02T00:00:00Z"),
        written("2026-01-01T00:00:00Z", "other"),
    ]

    assert label_written({"metadata": {"managedFields": entries}}) == "2026-01-02T00:00:00Z"
    assert label_written({"metadata": {"managedFields": entries[2:]}}) == label_written({}) == ""


def test_a_namespace_is_a_finding_only_where_its_word_is_none() -> None:
    assert examine_namespace(SENT) == examine_namespace(SILENT) == examine_namespace(OUT) == []
    assert "'enable'" in examine_namespace(Namespace("risk", {INJECT: "enable"}))[0].why

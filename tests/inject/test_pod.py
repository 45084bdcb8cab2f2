"""A pod is checked in the fields that the injector reads, and in no others."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.inject.options import Refused
from sidecar.inject.pod import all_containers, annotations_of, check_pod, ensure, handlers, labels_of


def test_a_pod_with_fields_that_nobody_knows_passes() -> None:
    check_pod({"spec": {"containers": [{"name": "m", "novel": [1]}], "novel": {}}, "novel": 1})


@pytest.mark.parametrize(
    ("pod", "field"),
    [
        ({"spec": {"containers": [{"name": 1}]}}, "spec.containers"),
        ({"spec": {"containers": []}, "metadata": {"labels": {"a": 1}}}, "metadata.labels"),
        ({"spec": {"containers": [], "hostNetwork": "yes"}}, "spec.hostNetwork"),
        ({"spec": {"containers": [], "imagePullSecrets": [{"name": 1}]}}, "spec.imagePullSecrets"),
        ({"spec": {"containers": [{"name": "a", "livenessProbe": {"httpGet": {}}}]}}, "livenessProbe.httpGet"),
        ({}, "spec"),
    ],
)
def test_a_field_of_a_wrong_type_is_named(pod: Any, field: str) -> None:
    with pytest.raises(Refused) as refused:
        check_pod(pod)
    assert field in refused.value.why


def test_what_is_absent_or_null_reads_as_empty() -> None:
    for pod in ({}, {"metadata": None}, {"metadata": {"labels": None, "annotations": None}}):
        assert (annotations_of(pod), labels_of(pod)) == ({}, {})


def test_init_containers_come_first_and_probes_and_hooks_go_by_their_names() -> None:
    model = {"name": "m", "livenessProbe": {"a": 1}, "startupProbe": None, "lifecycle": {"preStop": {"b": 1}}}
    assert [
        one["name"] for one in all_containers({"spec": {"initContainers": [{"name": "i"}], "containers": [model]}})
    ] == ["i", "m"]
    assert handlers(model) == [("livenessProbe", {"a": 1}), ("preStop", {"b": 1})]


def test_a_collection_is_put_where_there_is_none_and_kept_where_there_is() -> None:
    parent: dict[str, Any] = {"a": [1], "b": None}
    assert ensure(parent, "a", []) is parent["a"]
    ensure(parent, "b", []).append(2)
    assert parent == {"a": [1], "b": [2]}

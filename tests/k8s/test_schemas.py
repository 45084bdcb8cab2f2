"""The compiled schemas judge every pod as kubernetes-validate itself does."""

from __future__ import annotations

import json
from typing import Any

import kubernetes_validate
import pytest

from harness.kubernetes import VERSIONS, faults, invalid
from tests.inject.hostile import reviews

POD: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "model", "image": "m:1"}]}}


def hostile_pods(count: int) -> list[dict[str, Any]]:
    """Pods of reviews that are wrong in all sorts of ways; those that are no objects are left out."""
    pods = []
    for body in reviews(seed=6, count=count):
        try:
            pod = json.loads(body)["request"]["object"]
        except (ValueError, KeyError, TypeError):
            continue
        if isinstance(pod, dict):
            pods.append({**pod, "apiVersion": "v1", "kind": "Pod"})
    return pods


def judged_by_the_package(pod: dict[str, Any], version: str) -> bool:
    try:
        kubernetes_validate.validate(pod, version, strict=True)
    except kubernetes_validate.ValidationError:
        return False
    return True


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_hostile_pods_are_valid_here_if_they_are_there(version: str) -> None:
    pods = hostile_pods(120)
    verdicts = [judged_by_the_package(pod, version) for pod in pods]

    assert [not faults(pod, version) for pod in pods] == verdicts
    assert 10 < sum(verdicts) < len(verdicts) - 10, "it would say little"


def test_a_fault_names_version_place_and_reason() -> None:
    wrong = {**POD, "spec": {"containers": [{"name": "model", "image": 7}]}}

    assert faults(POD, "1.33") == []
    (fault,) = faults(wrong, "1.33")
    assert fault.startswith("1.33: spec/containers/0/image: 7 is not of type")


def test_a_pod_whose_keys_cannot_be_written_as_utf_8_is_invalid() -> None:
    assert invalid({**POD, "metadata": {"annotations": {"\ud800": "x"}}}) != []


def test_a_kind_that_a_version_does_not_have_is_no_object_of_it() -> None:
    with pytest.raises(FileNotFoundError):
        faults({"apiVersion": "v9", "kind": "Pod"}, "1.33")

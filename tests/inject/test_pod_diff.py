"""Differences of pods: a patch that makes one of the other, and changes that can be undone after others changed it too."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
import pytest

from sidecar.inject.pod_diff import changes, json_patch, undo

BEFORE: dict[str, Any] = {
    "metadata": {"annotations": {"a/b~c": "1"}},
    "spec": {"containers": [{"name": "model", "args": ["x", "y"], "env": [{"name": "A", "value": "1"}]}]},
}


def after() -> dict[str, Any]:
    made = copy.deepcopy(BEFORE)
    made["metadata"]["annotations"]["new"] = "2"
    model = made["spec"]["containers"][0]
    model["args"][1] = "z"
    model["env"].append({"name": "B"})
    made["spec"]["containers"].append({"name": "sidecar"})
    made["spec"]["volumes"] = [{"name": "tmp"}]
    return made


def test_a_patch_makes_one_pod_of_the_other_and_escapes_its_paths() -> None:
    changed = after()
    changed["metadata"]["annotations"]["a/b~c"] = "3"

    operations = list(json_patch(BEFORE, changed))

    assert jsonpatch.apply_patch(BEFORE, operations) == changed
    assert {"op": "replace", "path": "/metadata/annotations/a~1b~0c", "value": "3"} in operations
    assert {"op": "add", "path": "/spec/containers/-", "value": {"name": "sidecar"}} in operations


@pytest.mark.parametrize(("one", "other"), [([1, 2], [1]), (1, True), ({"a": 1}, {}), (None, {"a": []})])
def test_a_patch_replaces_what_shrinks_or_changes_its_type(one: Any, other: Any) -> None:
    assert jsonpatch.apply_patch({"x": one}, list(json_patch({"x": one}, {"x": other}))) == {"x": other}
    assert list(json_patch(one, one)) == []


def test_undone_changes_give_the_original() -> None:
    made = after()
    undo(made, list(changes(BEFORE, made)))
    assert made == BEFORE


def test_the_same_changes_come_of_any_order_of_keys() -> None:
    made = after()
    turned = dict(reversed([(key, dict(reversed(value.items()))) for key, value in made.items()]))
    assert list(changes(BEFORE, made)) == list(changes(BEFORE, turned))


def test_what_others_changed_since_stays_and_what_they_added_to_is_not_removed() -> None:
    made = after()
    recorded = list(changes(BEFORE, made))
    made["spec"]["containers"].insert(0, {"name": "mesh"})
    made["spec"]["volumes"].append({"name": "theirs"})
    made["spec"]["containers"][1]["args"][1] = "theirs"

    undo(made, recorded)

    assert [one["name"] for one in made["spec"]["containers"]] == ["mesh", "model"]
    assert made["spec"]["volumes"] == [{"name": "theirs"}]
    assert made["spec"]["containers"][1]["args"] == ["x", "theirs"]


def test_changes_of_places_that_are_gone_are_no_error() -> None:
    recorded = list(changes(BEFORE, after()))
    for left in ({}, {"spec": None}, {"metadata": {}, "spec": {"containers": [1]}}):
        undo(copy.deepcopy(left), recorded)

"""A pod is reviewed again after others changed it: what they changed stays, and what nobody touched follows the options."""

from __future__ import annotations

import base64
import copy
import json
import random
from collections.abc import Callable
from typing import Any

import jsonpatch
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.inject.options import Options, Refused
from sidecar.inject.patch import inject, remove
from sidecar.inject.pod import all_containers
from sidecar.inject.review import Reviewed, review
from sidecar.inject.wishes import STATUS
from tests.inject.hostile import refused_by_api, review_of, reviews
from tests.inject.pods import OPTIONS, served_pods

Json = dict[str, Any]
NATIVE = Options(kubernetes_version="1.33")
TOKEN = {"name": "kube-api-access-x7", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True}
POD: Json = {
    "metadata": {},
    "spec": {"containers": [{"name": "model", "image": "fraud:1", "ports": [{"name": "http", "containerPort": 8080}]}]},
}


def _token(pod: Json) -> None:
    """The ServiceAccount plugin, for whose mount nearly every pod is reviewed a second time."""
    pod["spec"]["volumes"] = [
        *(pod["spec"].get("volumes") or []),
        {"name": TOKEN["name"], "projected": {"sources": []}},
    ]
    for container in all_containers(pod):
        container["volumeMounts"] = [*(container.get("volumeMounts") or []), TOKEN]


def _always_pulled(pod: Json) -> None:
    for container in all_containers(pod):
        container["imagePullPolicy"] = "Always"


def _mirrored(pod: Json) -> None:
    for container in all_containers(pod):
        container["image"] = f"mirror.example/{container.get('image')}"


def _limited(pod: Json) -> None:
    for container in all_containers(pod):
        resources = container.get("resources") or {}
        container["resources"] = resources | {"limits": {"cpu": "2"} | (resources.get("limits") or {})}


def _recommended(pod: Json) -> None:
    """A vertical autoscaler."""
    for container in all_containers(pod):
        container["resources"] = (container.get("resources") or {}) | {"requests": {"cpu": "77m", "memory": "333Mi"}}


def _less_limited(pod: Json) -> None:
    for container in all_containers(pod):
        (container.get("resources") or {}).pop("limits", None)


def _probed_by_a_mesh(pod: Json) -> None:
    for container in all_containers(pod):
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            if "httpGet" in (container.get(probe) or {}):
                container[probe]["httpGet"] = {"path": f"/app-health/{container['name']}/{probe}", "port": 15_020}


def _with_variables(pod: Json) -> None:
    for container in all_containers(pod):
        container["env"] = [*(container.get("env") or []), {"name": "CLUSTER", "value": "blue"}]


def _with_other_values(pod: Json) -> None:
    for container in all_containers(pod):
        for variable in container.get("env") or []:
            if "value" in variable and variable["name"] != "PORT":
                variable["value"] = "theirs"


def _with_defaults(pod: Json) -> None:
    """As the API server fills fields in."""
    pod["spec"] |= {"dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler"}
    for container in all_containers(pod):
        container |= {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
        for port in container.get("ports") or []:
            port.setdefault("protocol", "TCP")


def _with_another_container(pod: Json) -> None:
    pod["spec"]["containers"].append({"name": "vault-agent", "image": "vault"})
    pod["spec"]["initContainers"] = [{"name": "vault-init", "image": "i"}, *(pod["spec"].get("initContainers") or [])]


def _with_annotations(pod: Json) -> None:
    pod["metadata"]["annotations"]["theirs/hash"] = "abc"
    pod["metadata"]["labels"] = {"theirs": "1"} | (pod["metadata"].get("labels") or {})


def _unhooked(pod: Json) -> None:
    for container in all_containers(pod):
        container.pop("lifecycle", None)


FOREIGN = [
    _token, _always_pulled, _mirrored, _limited, _recommended, _less_limited, _probed_by_a_mesh, _with_variables,
    _with_other_values, _with_defaults, _with_another_container, _with_annotations, _unhooked,
]  # fmt: skip
"""What other admission does to a pod after ours, each of which the injector once undid."""


def changed_by(one: Json, others: list[Callable[[Json], None]]) -> Json:
    """The pod after the others' admission."""
    there = copy.deepcopy(one)
    for change in others:
        change(there)
    return there


@pytest.mark.parametrize("change", FOREIGN, ids=lambda change: change.__name__)
@pytest.mark.parametrize("options", [Options(), NATIVE], ids=["regular", "native"])
def test_a_second_review_leaves_what_others_changed(change: Callable[[Json], None], options: Options) -> None:
    there = changed_by(inject(POD, options).pod, [change])

    again = inject(there, options)

    assert (again.operations, again.pod, again.skipped) == ([], there, None)


@pytest.mark.parametrize("change", FOREIGN, ids=lambda change: change.__name__)
def test_other_options_change_what_nobody_else_touched_and_nothing_more(change: Callable[[Json], None]) -> None:
    old = Options(image="drift-sidecar:1", memory_limit="512Mi")
    new = Options(image="drift-sidecar:2", memory_limit="600Mi", admin_port=9500)
    there = changed_by(inject(POD, old).pod, [change])

    again = inject(there, new)

    assert jsonpatch.apply_patch(there, again.operations) == again.pod
    want, got, given_ = (_sidecar(one) for one in (inject(POD, new).pod, again.pod, there))
    was = _sidecar(inject(POD, old).pod)
    for field in ("image", "imagePullPolicy"):
        assert got.get(field) == (want.get(field) if given_.get(field) == was.get(field) else given_.get(field))
    limits = [(one.get("resources") or {}).get("limits", {}).get("memory") for one in (was, given_, want, got)]
    assert limits[3] == (limits[2] if limits[1] == limits[0] else limits[1])
    assert TOKEN not in given_["volumeMounts"] or TOKEN in got["volumeMounts"]
    variables = {one["name"]: one.get("value") for one in got["env"]}
    assert variables["SIDECAR_ADMIN"] == ("theirs" if change is _with_other_values else "0.0.0.0:9500")
    assert {"name": "CLUSTER", "value": "blue"} in got["env"] or change is not _with_variables


def _sidecar(pod: Json) -> Json:
    return next(one for one in all_containers(pod) if one["name"] == "drift-sidecar")


def test_a_sidecar_that_becomes_native_takes_along_what_others_made_of_it() -> None:
    there = changed_by(inject(POD, Options()).pod, [_mirrored, _recommended, _token])

    again = inject(there, NATIVE).pod["spec"]

    assert [one["name"] for one in again["containers"]] == ["model"]
    (moved,) = again["initContainers"]
    assert (moved["restartPolicy"], moved["image"]) == ("Always", _sidecar(there)["image"])
    assert (moved["resources"]["requests"]["cpu"], moved["volumeMounts"][-1]) == ("77m", TOKEN)


def test_a_record_without_what_was_added_brings_a_sidecar_up_to_date_as_before() -> None:
    there = inject(POD, Options(image="drift-sidecar:1")).pod
    known = there["metadata"]["annotations"]
    recorded = msgspec.json.decode(known[STATUS])
    for change in recorded:
        if "was" not in change:
            change.pop("now", None)
    known[STATUS] = msgspec.json.encode(recorded).decode()

    new = Options(image="drift-sidecar:2")
    assert inject(there, new).pod["spec"] == inject(POD, new).pod["spec"]


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(before=served_pods(), options=OPTIONS, others=st.lists(st.sampled_from(FOREIGN), unique=True, max_size=5))
def test_whatever_others_change_a_second_review_undoes_nothing_and_refuses_nothing(
    before: Json, options: Options, others: list[Callable[[Json], None]]
) -> None:
    try:
        once = inject(before, options)
    except Refused:
        return
    if once.skipped:
        return
    there = changed_by(once.pod, others)

    untouched = copy.deepcopy(there)
    again = inject(there, options)
    third = inject(again.pod, options)

    assert there == untouched
    assert jsonpatch.apply_patch(there, again.operations) == again.pod
    assert third.operations == []
    for operation in again.operations:
        assert operation["op"] == "add" or _was_ours(operation, once.pod, there), (operation, others)
    assert remove(again.pod)["spec"].keys() >= {"containers"}


def _was_ours(operation: Json, ours: Json, there: Json) -> bool:
    """Whether what is replaced still stood as the injector had set it, or is its record."""
    place = jsonpatch.JsonPointer(operation["path"])
    return str(operation["path"]).endswith(STATUS.replace("/", "~1")) or place.resolve(there) == place.resolve(
        ours, None
    )


@pytest.mark.slow
def test_ten_thousand_hostile_reviews_with_changes_between_undo_none_and_refuse_nobody_the_second_time() -> None:
    chance = random.Random(9)
    injected = 0
    for body in reviews(seed=9, count=10_000):
        if review(body, NATIVE).result != "injected":
            continue
        request = json.loads(body.decode(errors="replace"))["request"]
        once = jsonpatch.apply_patch(request["object"], patch_in(review(body, NATIVE)))
        if refused_by_api(once):
            continue  # it never gets as far as others
        there = changed_by(once, chance.sample(FOREIGN, chance.randint(0, 4)))

        again = review(json.dumps(review_of(there)).encode(), NATIVE)

        injected += 1
        assert again.result in ("unchanged", "injected"), again.why
        for operation in patch_in(again):
            assert operation["op"] == "add" or _was_ours(operation, once, there), operation
    assert injected > 1000


def patch_in(reviewed: Reviewed) -> list[Json]:
    response = json.loads(reviewed.body)["response"]
    return list(json.loads(base64.b64decode(response["patch"]))) if "patch" in response else []

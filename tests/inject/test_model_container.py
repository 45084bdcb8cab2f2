"""The model is found in a pod, or the pod is refused; its ports, name, version and mesh are read from it."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.inject.annotations import read_annotations
from sidecar.inject.model_container import (
    find_model,
    free_port,
    mesh_of,
    model_name,
    model_version,
    served_ports,
    targets_numbers,
)
from sidecar.inject.options import Options, Refused

SERVING = [{"name": "http", "containerPort": 8080}]


def pod(*containers: dict[str, Any], annotations: dict[str, str] | None = None, **labels: str) -> dict[str, Any]:
    named = {name.replace("__", "/"): text for name, text in labels.items()}
    return {"metadata": {"annotations": annotations or {}, "labels": named}, "spec": {"containers": list(containers)}}


@pytest.mark.parametrize(
    ("names", "annotations", "found"),
    [
        (["model"], {}, "model"),
        (["istio-proxy", "model", "queue-proxy"], {}, "model"),
        (["helper", "kserve-container"], {}, "kserve-container"),
        (["helper", "model"], {"kubectl.kubernetes.io/default-container": "model"}, "model"),
        (["helper", "model"], {"drift-sidecar/container": "helper"}, "helper"),
        (["istio-proxy", "model"], {"drift-sidecar/container": "istio-proxy"}, "istio-proxy"),
    ],
)
def test_the_model_is_what_is_named_or_what_is_left(names: list[str], annotations: dict[str, str], found: str) -> None:
    given = pod(*({"name": name} for name in names), annotations=annotations)
    assert find_model(given, read_annotations(given, Options()))["name"] == found


def test_of_several_the_one_with_ports_is_the_model_and_two_with_ports_are_refused() -> None:
    one = pod({"name": "a"}, {"name": "b", "ports": SERVING})
    assert find_model(one, read_annotations(one, Options()))["name"] == "b"
    two = pod({"name": "a", "ports": SERVING}, {"name": "b", "ports": SERVING})
    with pytest.raises(Refused, match="could be the model: a, b"):
        find_model(two, read_annotations(two, Options()))


@pytest.mark.parametrize(
    ("ports", "asked", "numbers"),
    [
        ([("http", 1), ("metrics", 2), ("grpc", 3)], "", [1, 3]),
        ([("grpc", 3), ("rest", 1)], "", [1, 3]),
        ([("http", 1), ("metrics", 2)], "metrics", [2]),
        ([("http", 1), ("grpc", 3)], "3, http", [3, 1]),
        ([("http", 1)], "9000", [9000]),
    ],
)
def test_ports_that_serve_are_taken_the_main_one_first(
    ports: list[tuple[str, int]], asked: str, numbers: list[int]
) -> None:
    model = {"name": "m", "ports": [{"name": name, "containerPort": number} for name, number in ports]}
    given = pod(model, annotations={"drift-sidecar/port": asked} if asked else {})
    assert [port["containerPort"] for port in served_ports(model, read_annotations(given, Options()))] == numbers


def test_a_free_port_is_the_next_one_up_or_down_that_nobody_has() -> None:
    given = pod({"name": "m", "ports": [{"containerPort": 9000}, {"containerPort": 65_535}]})
    assert free_port(given, 9000, {9001}) == 9002
    assert free_port(given, 65_535, set()) == 65_534
    assert free_port(given, 15_000, set()) == 15_091, "a mesh has those between"


def test_name_and_version_come_from_labels_or_the_container() -> None:
    model = {"name": "m", "image": "registry:5000/fraud:3.1"}
    assert (model_name(pod(model), model), model_version(pod(model), model)) == ("m", "3.1")
    labelled = pod(model, app="a", app__kubernetes__io="x")
    assert model_name(labelled, model) == "a"
    labelled["metadata"]["labels"] |= {"app.kubernetes.io/name": "n", "app.kubernetes.io/version": "7"}
    assert (model_name(labelled, model), model_version(labelled, model)) == ("n", "7")
    assert model_version(pod(model), {"name": "m", "image": "m@sha256:" + "ab" * 32}) == "ab" * 6
    assert model_version(pod(model), {"name": "m", "image": "registry:5000/m"}) == ""


@pytest.mark.parametrize(
    ("annotations", "labels", "mesh"),
    [
        ({}, {}, "none"),
        ({"linkerd.io/inject": "enabled"}, {}, "linkerd"),
        ({"linkerd.io/inject": "disabled"}, {}, "none"),
        ({"sidecar.istio.io/status": "{}"}, {}, "istio"),
        ({"sidecar.istio.io/status": "{}"}, {"sidecar.istio.io/inject": "false"}, "none"),
        ({}, {"istio.io/rev": "a"}, "istio"),
    ],
)
def test_the_mesh_shows_in_annotations_labels_and_containers(
    annotations: dict[str, str], labels: dict[str, str], mesh: str
) -> None:
    given = pod({"name": "m"}, annotations=annotations, **labels)
    assert mesh_of(given, "auto") == mesh
    assert mesh_of(given, "linkerd") == "linkerd"
    assert mesh_of(pod({"name": "istio-proxy"}), "auto") == "istio"


def test_services_of_kserve_and_knative_go_to_numbers() -> None:
    assert targets_numbers(pod(serving__x="a")) is False
    for label in ("serving.kserve.io/inferenceservice", "serving.knative.dev/revision"):
        assert targets_numbers({"metadata": {"labels": {label: "iris"}}})

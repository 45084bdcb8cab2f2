"""Finds the model in a pod: its container, the ports it serves on, and what stands beside it. Changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from sidecar.inject.options import Mesh, Refused
from sidecar.inject.shape import Json, all_containers, annotations_of, labels_of
from sidecar.inject.wishes import Wishes, refused

NAME = "drift-sidecar"
"""Of our container; our volumes begin with it."""

_BESIDE = frozenset(
    {
        NAME,
        "istio-proxy",
        "linkerd-proxy",
        "queue-proxy",
        "agent",
        "daprd",
        "vault-agent",
        "otc-container",
        "cloud-sql-proxy",
    }
)
"""Containers that other injectors add, which are no models."""
KSERVE_LABEL = "serving.kserve.io/inferenceservice"
"""On every pod that KServe makes; its value is the model's name."""
_KNATIVE_LABEL = "serving.knative.dev/revision"
_KSERVE_CONTAINER = "kserve-container"
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_NOT_SERVED = re.compile(r"metric|prom|admin|debug|probe|health|profil|monitor")
"""Names of ports that carry no inference."""
_GRPC = re.compile(r"grpc|h2")
_RESERVED = frozenset({*range(15_000, 15_091), 4140, 4143, 4190, 4191, 8012, 8013, 8022, 9081, 9091})
"""Ports of the proxies of Istio, Linkerd, Knative and KServe, which may be added to the pod after us."""


def find_model(pod: Json, wishes: Wishes) -> Json:
    """The model's container, in the pod given. Raises Refused if it could be more than one."""
    containers: list[Json] = pod["spec"]["containers"]
    named = wishes.own.get("container")
    if named:
        found = [one for one in containers if one["name"] == named]
        if not found:
            names = ", ".join(one["name"] for one in containers)
            raise refused("container", named, "is no container of this pod", f"It has {names}")
        return found[0]
    candidates = [one for one in containers if one["name"] not in _BESIDE]
    for likely in (_KSERVE_CONTAINER, annotations_of(pod).get(_DEFAULT_CONTAINER)):
        candidates = [one for one in candidates if one["name"] == likely] or candidates
    if len(candidates) > 1:
        candidates = [one for one in candidates if one.get("ports")] or candidates
    if len(candidates) != 1:
        names = ", ".join(one["name"] for one in candidates) or "none"
        raise Refused("spec.containers", f"could be the model: {names}", "Name it with drift-sidecar/container")
    return candidates[0]


def served_ports(model: Json, wishes: Wishes) -> list[Json]:
    """The ports that the sidecar stands before, the first being the main one. Raises Refused if there are none."""
    ports = [port for port in model.get("ports") or [] if port.get("protocol") in (None, "TCP")]
    asked = wishes.own.get("port")
    if asked:
        found = [_asked(ports, text.strip(), asked, model) for text in asked.split(",")]
        if len({port["containerPort"] for port in found}) < len(found):
            raise refused("port", asked, "names one port twice", "Name each once, the main one first")
        return found
    served = [port for port in ports if not _NOT_SERVED.search(port.get("name") or "")]
    if not served:
        where = f"container {model['name']}"
        raise Refused(where, "declares no port that it serves on", "Declare it, or name it with drift-sidecar/port")
    return sorted(served, key=lambda port: bool(_GRPC.search(port.get("name") or "")))


def _asked(ports: list[Json], text: str, asked: str, model: Json) -> Json:
    for port in ports:
        if text in (port.get("name"), str(port["containerPort"])):
            return port
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise refused(
            "port", asked, f"container {model['name']} has no port {text!r}", "Give a declared name, or a number"
        )
    return {"containerPort": int(text)}


def check_own_ports(pod: Json, wishes: Wishes, taken: set[int]) -> None:
    """Raise Refused if one of the sidecar's ports is used, or belongs to a mesh. `taken`: what it takes over on purpose."""
    options = wishes.options
    used = {port["containerPort"] for port in all_ports(pod)} | _RESERVED
    for name, port in (("listen-port", options.port), ("admin-port", options.admin_port)):
        if port in used - taken or options.port == options.admin_port:
            raise refused(
                name, str(port), "is used by another container, a mesh, or both ways in", "Choose a free port"
            )


def all_ports(pod: Json) -> list[Json]:
    """Every declared port of every container."""
    return [port for container in all_containers(pod) for port in container.get("ports") or []]


def free_port(pod: Json, wanted: int, taken: set[int]) -> int:
    """The first number from `wanted` on that nobody declares."""
    used = {port["containerPort"] for port in all_ports(pod)} | _RESERVED | taken
    candidates: Iterator[int] = chain(range(wanted, 65_536), range(wanted, 1023, -1))
    return next(number for number in candidates if number not in used)


def targets_numbers(pod: Json) -> bool:
    """Whether the pod's Services go to port numbers, as those that KServe and Knative make do."""
    return KSERVE_LABEL in labels_of(pod) or _KNATIVE_LABEL in labels_of(pod)


def mesh_of(pod: Json, wish: Mesh) -> str:
    """`istio`, `linkerd` or `none`: as wished, or what the pod itself shows."""
    if wish != "auto":
        return wish
    names = {container["name"] for container in all_containers(pod)}
    marks = {**annotations_of(pod), **labels_of(pod)}
    if marks.get("sidecar.istio.io/inject") == "false":
        return "none"
    if "istio-proxy" in names or any(mark.startswith(("sidecar.istio.io/", "istio.io/rev")) for mark in marks):
        return "istio"
    if "linkerd-proxy" in names or marks.get("linkerd.io/inject") in ("enabled", "ingress"):
        return "linkerd"
    return "none"


def model_name(pod: Json, model: Json) -> str:
    """What the pod calls its model, where no annotation says it."""
    known = labels_of(pod)
    for label in (KSERVE_LABEL, "app.kubernetes.io/name", "app"):
        if known.get(label):
            return known[label]
    return str(model["name"])


def model_version(pod: Json, model: Json) -> str:
    """A label, or the tag of the image; empty if neither tells."""
    if labels_of(pod).get("app.kubernetes.io/version"):
        return labels_of(pod)["app.kubernetes.io/version"]
    image, _, digest = str(model.get("image") or "").partition("@")
    tag = image.rpartition("/")[2].partition(":")[2]
    return tag or digest.removeprefix("sha256:")[:12]

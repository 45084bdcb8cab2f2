"""Finds the model in a pod: its container, the ports it serves on, its name and version, and the mesh around it.

Changes nothing. Where a pod does not say which container is the model, other injectors' containers are ruled out, and what
is left must be one: guessing wrong would watch the wrong traffic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from sidecar.inject.annotations import PodConfig, refused
from sidecar.inject.options import Mesh, Refused
from sidecar.inject.pod import Json, all_containers, annotations_of, labels_of

NAME = "drift-sidecar"
"""Name of the sidecar's container, and prefix of its volumes' names."""

_INJECTED_BY_OTHERS = frozenset(
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
"""Containers that other injectors add. They are never the model."""
KSERVE_LABEL = "serving.kserve.io/inferenceservice"
"""Label of every pod that KServe creates; its value is the model's name."""
_KNATIVE_LABEL = "serving.knative.dev/revision"
_KSERVE_CONTAINER = "kserve-container"
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_AUXILIARY_PORT = re.compile(r"metric|prom|admin|debug|probe|health|profil|monitor")
"""Parts of the names of ports that carry no inference."""
_GRPC = re.compile(r"grpc|h2")
_RESERVED = frozenset({*range(15_000, 15_091), 4140, 4143, 4190, 4191, 8012, 8013, 8022, 9081, 9091})
"""Ports of the proxies of Istio, Linkerd, Knative and KServe, which may be injected after the sidecar."""


def find_model(pod: Json, config: PodConfig) -> Json:
    """The model's container (the pod's own mapping, no copy). Raises Refused if none or several could be it."""
    containers: list[Json] = pod["spec"]["containers"]
    named = config.own.get("container")
    if named:
        found = [one for one in containers if one["name"] == named]
        if not found:
            names = ", ".join(one["name"] for one in containers)
            raise refused("container", named, "is no container of this pod", f"It has {names}")
        return found[0]
    candidates = [one for one in containers if one["name"] not in _INJECTED_BY_OTHERS]
    for likely in (_KSERVE_CONTAINER, annotations_of(pod).get(_DEFAULT_CONTAINER)):
        candidates = [one for one in candidates if one["name"] == likely] or candidates
    if len(candidates) > 1:
        candidates = [one for one in candidates if one.get("ports")] or candidates
    if len(candidates) != 1:
        names = ", ".join(one["name"] for one in candidates) or "none"
        raise Refused("spec.containers", f"could be the model: {names}", "Name it with drift-sidecar/container")
    return candidates[0]


def served_ports(model: Json, config: PodConfig) -> list[Json]:
    """The model's ports that the sidecar takes over, the main one first. Raises Refused if there are none."""
    ports = [port for port in model.get("ports") or [] if port.get("protocol") in (None, "TCP")]
    asked = config.own.get("port")
    if asked:
        found = [_asked(ports, text.strip(), asked, model) for text in asked.split(",")]
        if len({port["containerPort"] for port in found}) < len(found):
            raise refused("port", asked, "names one port twice", "Name each once, the main one first")
        return found
    served = [port for port in ports if not _AUXILIARY_PORT.search(port.get("name") or "")]
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


def check_own_ports(pod: Json, config: PodConfig, taken: set[int]) -> None:
    """Raise Refused if one of the sidecar's ports is used in the pod or reserved by a mesh.

    `taken` are ports of the model that the sidecar takes over on purpose.
    """
    options = config.options
    used = {port["containerPort"] for port in all_ports(pod)} | _RESERVED
    for name, port in (("listen-port", options.port), ("admin-port", options.admin_port)):
        if port in used - taken or options.port == options.admin_port:
            raise refused(
                name,
                str(port),
                "is used by another container, by a mesh, or for traffic and admin alike",
                "Choose a free port",
            )


def all_ports(pod: Json) -> list[Json]:
    """Every declared port of every container."""
    return [port for container in all_containers(pod) for port in container.get("ports") or []]


def free_port(pod: Json, wanted: int, taken: set[int]) -> int:
    """The first port from `wanted` upwards, else downwards, that is not declared, reserved or in `taken`."""
    used = {port["containerPort"] for port in all_ports(pod)} | _RESERVED | taken
    candidates: Iterator[int] = chain(range(wanted, 65_536), range(wanted, 1023, -1))
    return next(number for number in candidates if number not in used)


def targets_numbers(pod: Json) -> bool:
    """Whether the pod's Services target port numbers, as those of KServe and Knative do."""
    return KSERVE_LABEL in labels_of(pod) or _KNATIVE_LABEL in labels_of(pod)


def mesh_of(pod: Json, setting: Mesh) -> str:
    """`istio`, `linkerd` or `none`: the setting, or for `auto` what the pod itself shows."""
    if setting != "auto":
        return setting
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
    """Default of `model.name`: a label, else the container's name."""
    known = labels_of(pod)
    for label in (KSERVE_LABEL, "app.kubernetes.io/name", "app"):
        if known.get(label):
            return known[label]
    return str(model["name"])


def model_version(pod: Json, model: Json) -> str:
    """Default of `model.version`: a label, else tag or digest of the image; empty if there is none."""
    if labels_of(pod).get("app.kubernetes.io/version"):
        return labels_of(pod)["app.kubernetes.io/version"]
    image, _, digest = str(model.get("image") or "").partition("@")
    tag = image.rpartition("/")[2].partition(":")[2]
    return tag or digest.removeprefix("sha256:")[:12]

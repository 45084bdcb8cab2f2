"""Finds pods that should have a sidecar and have none, and Services that bypass one. Pure: objects in, findings out.

Admission that fails open lets pods through without a sidecar; this is how they are found. Whether a pod should have one is
asked of `patch` itself, so that survey and webhook cannot disagree. Neighbour: `scan`, which reads the objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from sidecar.errors import SidecarError
from sidecar.inject.annotations import INJECT
from sidecar.inject.model_container import NAME, all_ports
from sidecar.inject.options import Options
from sidecar.inject.patch import inject
from sidecar.inject.pod import Json, all_containers, annotations_of, labels_of
from sidecar.inject.sidecar_container import ADMIN_PORT
from sidecar.settings.catalogue import catalogue

_ENDED = ("Succeeded", "Failed")
_RETARGET = "Give it the port's name as targetPort, or the sidecar's number"


class ServicePort(msgspec.Struct, frozen=True):
    """A port of a Service; without a target it targets its own number."""

    port: int
    targetPort: int | str | None = None  # noqa: N815  # as Kubernetes writes it


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    namespace: str = ""
    uid: str = ""


class _ServiceSpec(msgspec.Struct, frozen=True):
    selector: dict[str, str] | None = None
    ports: list[ServicePort] | None = None


class Service(msgspec.Struct, frozen=True):
    """The fields of a Service that matter here."""

    metadata: _Metadata
    spec: _ServiceSpec = _ServiceSpec()


class Pod(NamedTuple):
    """A pod or pod template, and where it was found."""

    where: str
    """For people, such as `pod fraud/model-0`."""
    namespace: str
    pod: Json


class Finding(NamedTuple):
    """A problem, and how to fix it."""

    kind: str
    """`no_sidecar`, `bypassed` or `webhook`."""
    namespace: str
    where: str
    why: str
    mend: str
    service: Service | None = None
    """The Service that bypasses the sidecar, for `bypassed`."""


class Report(NamedTuple):
    """The result of a check: problems, and notes about what is in order or was not looked at."""

    findings: list[Finding]
    notes: list[str]


def has_sidecar(pod: Json) -> bool:
    """Whether a pod has the sidecar's container."""
    return any(container["name"] == NAME for container in all_containers(pod))


def is_enabled(labels: dict[str, str]) -> bool:
    """Whether the pods of a namespace with these labels are sent to the webhook."""
    return labels.get(INJECT) == "enabled"


def survey(pods: Iterable[Pod], services: Sequence[Service], options: Options) -> list[Finding]:
    """Findings about pods whose namespace is sent to the webhook. `services` may be of any namespace."""
    return [finding for pod in pods for finding in _examine(pod, services, options)]


def _examine(one: Pod, services: Sequence[Service], options: Options) -> list[Finding]:
    leaving = "deletionTimestamp" in (one.pod.get("metadata") or {})
    if leaving or (one.pod.get("status") or {}).get("phase") in _ENDED:
        return []
    if has_sidecar(one.pod):
        return [
            Finding("bypassed", one.namespace, one.where, text, _RETARGET, service)
            for service, text in _bypassing(one.pod, one.namespace, services)
        ]
    missing = why_missing(one.pod, one.namespace, options)
    return [Finding("no_sidecar", one.namespace, one.where, *missing)] if missing else []


def why_missing(pod: Json, namespace: str, options: Options) -> tuple[str, str] | None:
    """Why a pod should have a sidecar and has none, and the fix; None if it should have none."""
    try:
        patched = inject(pod, options, namespace, asked=False)
    except SidecarError as error:
        return f"its annotations would be refused today: {error}", "Fix them, and create the pod anew"
    if patched.skipped is None:
        return "it was created when the webhook did not answer", "Delete it, and its owner makes it anew"
    if patched.skipped.startswith("invalid"):
        return patched.skipped, "Fix the annotation, and create the pod anew"
    return None


def bypasses(pod: Json, namespace: str, services: Sequence[Service]) -> list[str]:
    """One warning for each port of a Service that leads to the model of this pod, past its sidecar."""
    return [text for _, text in _bypassing(pod, namespace, services)]


def _bypassing(pod: Json, namespace: str, services: Sequence[Service]) -> list[tuple[Service, str]]:
    watched = _upstream_ports(pod) - _own_ports(pod)
    names = {port["name"]: port["containerPort"] for port in all_ports(pod) if port.get("name")}
    labels = labels_of(pod)
    found = []
    for service in services:
        selector = service.spec.selector
        if service.metadata.namespace != namespace or not selector or not selector.items() <= labels.items():
            continue
        for port in service.spec.ports or []:
            target = port.port if port.targetPort in (None, "", 0) else port.targetPort
            number = names.get(target) if isinstance(target, str) else target
            if number in watched:
                text = f"Service {service.metadata.name} has targetPort {target}, which leads past the sidecar"
                found.append((service, text))
    return found


def _own_ports(pod: Json) -> set[int]:
    own = (container for container in all_containers(pod) if container["name"] == NAME)
    return {port["containerPort"] for one in own for port in one.get("ports") or [] if port.get("name") != ADMIN_PORT}


def _upstream_ports(pod: Json) -> set[int]:
    """Ports of the model that the sidecar forwards to, read from its environment."""
    known = catalogue()
    found = set()
    for container in all_containers(pod):
        if container["name"] != NAME:
            continue
        values = {one["name"]: one.get("value") or "" for one in container.get("env") or []}
        addresses = [values.get(known["upstream"].env, "")]
        addresses += [pair.rpartition("=")[2] for pair in values.get(known["also"].env, "").split(",")]
        found |= {int(port) for port in (address.rpartition(":")[2] for address in addresses) if port.isdecimal()}
    return found


def asks_for_sidecar(pod: Json) -> bool:
    """Whether a pod itself asks for a sidecar, by label or annotation."""
    return labels_of(pod).get(INJECT, annotations_of(pod).get(INJECT)) == "enabled"

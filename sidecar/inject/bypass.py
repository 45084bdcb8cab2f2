"""Finds Services that lead to the model of a pod, past its sidecar. Pure: objects in, Services and texts out.

Only what the sidecar itself forwards to counts: other ports of a pod are nobody's business here. Neighbours: `survey` makes
findings of it, `review` warnings.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sidecar.inject.model_container import NAME, all_ports
from sidecar.inject.pod import Json, all_containers, labels_of
from sidecar.inject.sidecar_container import ADMIN_PORT
from sidecar.settings.catalogue import catalogue


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


def bypasses(pod: Json, namespace: str, services: Sequence[Service]) -> list[tuple[Service, str]]:
    """Each Service of this namespace that leads past the pod's sidecar, with a warning for each of its ports that does."""
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

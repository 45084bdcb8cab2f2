"""A pod as plain JSON: a check of the parts that the injector reads, and short ways to read them.

A pod that passes `check_pod` can be handled without further checks of types. All other fields are passed on unread, so that
newer fields of Kubernetes survive. The types here only validate: pods stay dictionaries. Knows nothing of sidecars.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sidecar.inject.options import Refused

Json = dict[str, Any]
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HOOKS = ("postStart", "preStop")


class _Metadata(msgspec.Struct):
    annotations: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    ownerReferences: list[dict[str, Any]] | None = None  # noqa: N815  # as Kubernetes writes it


class _Port(msgspec.Struct):
    containerPort: int  # noqa: N815
    name: str | None = None
    protocol: str | None = None
    hostPort: int | None = None  # noqa: N815


class _Named(msgspec.Struct):
    name: str


class _Secret(msgspec.Struct):
    name: str | None = None


class _Variable(msgspec.Struct):
    name: str
    value: str | None = None


class _Target(msgspec.Struct):
    port: int | str


class _Handler(msgspec.Struct):
    httpGet: _Target | None = None  # noqa: N815
    tcpSocket: _Target | None = None  # noqa: N815
    grpc: _Target | None = None
    exec: dict[str, Any] | None = None


class _Lifecycle(msgspec.Struct):
    postStart: _Handler | None = None  # noqa: N815
    preStop: _Handler | None = None  # noqa: N815


class _Resources(msgspec.Struct):
    limits: dict[str, Any] | None = None
    requests: dict[str, Any] | None = None


class _Container(msgspec.Struct):
    name: str
    image: str | None = None
    command: list[str] | None = None
    args: list[str] | None = None
    ports: list[_Port] | None = None
    env: list[_Variable] | None = None
    livenessProbe: _Handler | None = None  # noqa: N815
    readinessProbe: _Handler | None = None  # noqa: N815
    startupProbe: _Handler | None = None  # noqa: N815
    lifecycle: _Lifecycle | None = None
    resources: _Resources | None = None


class _Spec(msgspec.Struct):
    containers: list[_Container]
    initContainers: list[_Container] | None = None  # noqa: N815
    volumes: list[_Named] | None = None
    imagePullSecrets: list[_Secret] | None = None  # noqa: N815
    hostNetwork: bool | None = None  # noqa: N815
    shareProcessNamespace: bool | None = None  # noqa: N815
    restartPolicy: str | None = None  # noqa: N815
    terminationGracePeriodSeconds: int | None = None  # noqa: N815
    securityContext: dict[str, Any] | None = None  # noqa: N815
    os: _Named | None = None
    resources: _Resources | None = None


class _Pod(msgspec.Struct):
    spec: _Spec
    metadata: _Metadata | None = None


def check_pod(pod: Any) -> None:
    """Raise Refused, which names the field, if a field that the injector reads has a wrong type."""
    try:
        msgspec.convert(pod, _Pod)
    except msgspec.ValidationError as error:
        raise Refused("pod", str(error), "Fix the manifest; `kubectl explain pod` documents its fields") from error


def annotations_of(pod: Json) -> dict[str, str]:
    """Annotations of a pod or namespace, to read; empty if there are none."""
    return (pod.get("metadata") or {}).get("annotations") or {}


def labels_of(pod: Json) -> dict[str, str]:
    """Labels of a pod or namespace, to read; empty if there are none."""
    return (pod.get("metadata") or {}).get("labels") or {}


def ensure(parent: Json, name: str, empty: Any) -> Any:
    """The list or mapping at `name`, to change; `empty` is put there if there is none."""
    if not parent.get(name):
        parent[name] = empty
    return parent[name]


def all_containers(pod: Json) -> list[Json]:
    """Init containers and containers, in this order."""
    return [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]


def handlers(container: Json) -> list[tuple[str, Json]]:
    """Probes and lifecycle hooks of a container, as pairs of name and handler."""
    lifecycle = container.get("lifecycle") or {}
    found = [(name, container.get(name)) for name in PROBES] + [(name, lifecycle.get(name)) for name in HOOKS]
    return [(name, handler) for name, handler in found if handler]

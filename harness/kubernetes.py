"""What a cluster says to a pod: the schemas of its version, and the Pod Security standard `restricted`.

The schemas are those of kubernetes-validate, compiled by jsonschema-rs: it judges as that package does, which a test compares,
in a hundredth of the time. The standard is https://kubernetes.io/docs/concepts/security/pod-security-standards, as far as a pod
can break it with the fields that the injector may touch, or that its container could have.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import kubernetes_validate

VERSIONS = tuple(f"1.{minor}" for minor in range(28, 38))
_SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
_GROUP = re.compile(r"^([^./]*)(?:\.[^/]*)?/")
_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret", "image",
}  # fmt: skip


@functools.cache
def _validator(version: str, api_version: str, kind: str) -> jsonschema_rs.Validator:
    """Raises FileNotFoundError for a kind that this version of Kubernetes does not have."""
    (folder,) = _SCHEMAS.glob(f"v{version}.*-local-strict")
    definitions = json.loads((folder / "_definitions.json").read_text())
    group = _GROUP.sub(r"\1-", api_version)  # rbac.authorization.k8s.io/v1 is rbac-v1
    registry = jsonschema_rs.Registry([(definitions["$id"], definitions)])
    return jsonschema_rs.validator_for(
        json.loads((folder / f"{kind.lower()}-{group}.json").read_text()), registry=registry
    )


def faults(thing: dict[str, Any], version: str) -> list[str]:
    """What the schemas of a version say against an object, strictly: unknown fields are wrong."""
    try:
        errors = list(_validator(version, thing["apiVersion"], thing["kind"]).iter_errors(thing))
    except UnicodeEncodeError as error:
        return [f"{version}: cannot be written as UTF-8 ({error})"]
    return [f"{version}: {'/'.join(map(str, error.instance_path))}: {error.message}" for error in errors]


def invalid(pod: dict[str, Any], versions: tuple[str, ...] = VERSIONS) -> list[str]:
    """What these versions say against a pod."""
    whole = {"apiVersion": "v1", "kind": "Pod", **pod}
    return [fault for version in versions for fault in faults(whole, version)]


def unrestricted(pod: dict[str, Any]) -> list[str]:
    """What `pod-security.kubernetes.io/enforce=restricted` would refuse a pod for, as `container: reason`."""
    spec = pod["spec"]
    found = [f"pod: {field}" for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]
    for volume in spec.get("volumes") or []:
        found += [f"pod: volume of type {kind}" for kind in volume.keys() - {"name"} - _VOLUMES]
    for container in [*(spec.get("initContainers") or []), *spec["containers"]]:
        reasons = _container(container, container.get("securityContext") or {}, spec.get("securityContext") or {})
        found += [f"{container['name']}: {reason}" for reason in reasons]
    return found


def _container(container: dict[str, Any], own: dict[str, Any], pods: dict[str, Any]) -> Iterator[str]:
    capabilities = own.get("capabilities") or {}
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if "ALL" not in (capabilities.get("drop") or []):
        yield "does not drop ALL capabilities"
    if set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}:
        yield "adds capabilities"
    if own.get("runAsNonRoot", pods.get("runAsNonRoot")) is not True:
        yield "may run as root"
    if own.get("runAsUser", pods.get("runAsUser")) == 0:
        yield "runs as root"
    if (own.get("seccompProfile") or pods.get("seccompProfile") or {}).get("type") not in (
        "RuntimeDefault",
        "Localhost",
    ):
        yield "has no seccomp profile"
    if any(port.get("hostPort") for port in container.get("ports") or []):
        yield "has a hostPort"

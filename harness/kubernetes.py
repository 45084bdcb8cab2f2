"""What a cluster says to a pod: the schemas of its version, and the Pod Security standard `restricted`.

The standard is https://kubernetes.io/docs/concepts/security/pod-security-standards, as far as a pod can break it with the
fields that the injector may touch, or that its container could have.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import kubernetes_validate

VERSIONS = tuple(f"1.{minor}" for minor in range(28, 38))
_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret", "image",
}  # fmt: skip


def invalid(pod: dict[str, Any], versions: tuple[str, ...] = VERSIONS) -> list[str]:
    """What the schemas of these versions say against a pod, strictly: unknown fields are wrong."""
    whole = {"apiVersion": "v1", "kind": "Pod", **pod}
    found = []
    for version in versions:
        try:
            kubernetes_validate.validate(whole, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{version}: {'/'.join(map(str, error.path))}: {error.message}")
    return found


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

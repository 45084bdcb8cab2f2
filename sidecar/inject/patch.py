"""The patch: a pod in, the same pod with the sidecar out. Pure: no socket, no clock, and the pod given is not touched.

What was changed is written into one annotation, so that a second run finds it done and `remove` can undo it, and only
it: what others changed since stays theirs. The steps are in the neighbours: `wishes` reads annotations, `model` finds
the container, `redirect` moves ports, `container` makes the sidecar.
"""

from __future__ import annotations

import copy
import re
from typing import Any, NamedTuple

import msgspec

from sidecar.inject.container import make_container, volume_names, wait_for_drain
from sidecar.inject.journal import Change, changes, operations, undo
from sidecar.inject.model import NAME, check_own_ports, find_model, mesh_of, served_ports, targets_numbers
from sidecar.inject.options import Options, Refused, at_least
from sidecar.inject.redirect import redirect
from sidecar.inject.shape import Json, all_containers, annotations_of, check_shape, filled
from sidecar.inject.wishes import PREFIX, STATUS, Wishes, disabled, on_invalid, read_wishes

__all__ = ["Options", "Patched", "Refused", "inject", "remove"]

_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_EVICTABLE = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
_SYSTEM = frozenset({"kube-system", "kube-public", "kube-node-lease"})
_PAST_MESH = {
    "istio": "traffic.sidecar.istio.io/excludeInboundPorts",
    "linkerd": "config.linkerd.io/skip-inbound-ports",
}
"""Probes, hooks and scrapes come to the admin port in plain text, which a strict mesh would refuse."""
_OURS = re.compile(
    rf"metadata(/annotations(/.*)?)?|spec/(shareProcessNamespace|initContainers|imagePullSecrets(/[^/]*)?|volumes(/{NAME}-[^/]*)?)"
    rf"|spec/(initContainers|containers)/{NAME}"
    r"|spec/containers/[^/]+/(ports|env|args|command|lifecycle|(liveness|readiness|startup)Probe)(/.*)?"
)
"""Fields that the injector changes; a journal that names others was not written by it."""


class Patched(NamedTuple):
    """What became of a pod."""

    pod: dict[str, Any]
    operations: list[dict[str, Any]]
    """A JSON patch (RFC 6902) from the pod given to this one; empty if nothing changes."""
    warnings: list[str]
    """For whoever created the pod: what is not watched, or not as it seems."""
    skipped: str | None
    """Why the pod got no sidecar; None if it has one."""


def inject(pod: dict[str, Any], options: Options, namespace: str = "") -> Patched:
    """Add the sidecar to a pod, or bring it up to these options. `namespace` is where the pod will be, if known.

    Raises Refused, which names the annotation or field, the reason and the mend, unless pod or options say `admit`.
    """
    check_shape(pod)
    try:
        return _inject(pod, options, namespace)
    except Refused as error:
        if on_invalid(pod, options) == "refuse":
            raise
        return Patched(pod, [], [f"no drift-sidecar: {error}"], f"invalid: {error}")


def remove(pod: dict[str, Any]) -> dict[str, Any]:
    """The pod without the sidecar and all that came with it; an unpatched pod comes back as it is.

    Raises Refused if what the injector wrote about its changes cannot be read.
    """
    check_shape(pod)
    if not _injected(pod):
        return pod
    journal = _journal(annotations_of(pod)[STATUS])
    bare: dict[str, Any] = copy.deepcopy(pod)
    del bare["metadata"]["annotations"][STATUS]
    undo(bare, journal)
    check_shape(bare)
    return bare


def _inject(pod: Json, options: Options, namespace: str) -> Patched:
    bare = remove(pod)
    skipped = _skip(bare, namespace)
    if skipped:
        return Patched(bare, list(operations(pod, bare)), [], skipped)
    wishes = read_wishes(bare, options)
    if targets_numbers(bare) and f"{PREFIX}traffic" not in annotations_of(bare):
        wishes = wishes._replace(options=msgspec.structs.replace(wishes.options, traffic="shift"))
    native = _native(bare, wishes)
    if native is None:
        return Patched(bare, list(operations(pod, bare)), [_JOB], _JOB)
    made = copy.deepcopy(bare)
    warnings = _add(made, wishes, native)
    journal = [change for change in changes(bare, made) if change.at[-1] != STATUS]
    made["metadata"]["annotations"][STATUS] = msgspec.json.encode(journal).decode()
    return Patched(made, list(operations(pod, made)), warnings, None)


def _add(pod: Json, wishes: Wishes, native: bool) -> list[str]:
    """Change the pod; returns the warnings."""
    options = wishes.options
    model = find_model(pod, wishes)
    ports = served_ports(model, wishes)
    owned = set() if options.traffic == "take-over" else {port["containerPort"] for port in ports}
    check_own_ports(pod, wishes, owned)
    made = redirect(pod, model, ports, wishes)
    container, volumes = make_container(pod, model, made, wishes, native)
    warnings = [*made.warnings, *_quality(pod, options), *_hook(model, options)]
    if native and options.traffic == "take-over" and at_least(options.kubernetes_version, 32) is False:
        warnings.append(
            "before Kubernetes 1.32, Services do not find named ports of native sidecars: use shift or loopback"
        )
    spec = pod["spec"]
    filled(spec, "initContainers" if native else "containers", []).append(container)
    filled(spec, "volumes", []).extend(volumes)
    _pull_with(spec, options.image_pull_secrets)
    if wishes.share_processes:
        spec["shareProcessNamespace"] = True
    _annotate(pod, model, wishes, volume_names(volumes))
    return warnings


def _annotate(pod: Json, model: Json, wishes: Wishes, evictable: list[str]) -> None:
    known = filled(filled(pod, "metadata", {}), "annotations", {})
    known.setdefault(_DEFAULT_CONTAINER, model["name"])
    _add_to_list(known, _EVICTABLE, evictable)
    if wishes.effective.metrics.merge:
        known |= {name: text for name, text in _one_scrape(wishes.options.admin_port).items() if name in known}
    past = _PAST_MESH.get(mesh_of(pod, wishes.options.mesh))
    if past:
        _add_to_list(known, past, [str(wishes.options.admin_port)])
    known[STATUS] = ""


def _pull_with(spec: Json, secrets: tuple[str, ...]) -> None:
    known = {secret.get("name") for secret in spec.get("imagePullSecrets") or []}
    added = [{"name": secret} for secret in dict.fromkeys(secrets) if secret not in known]
    if added:
        filled(spec, "imagePullSecrets", []).extend(added)


def _one_scrape(port: int) -> dict[str, str]:
    """Where scrapes go that found the model by its annotations, once the sidecar answers for both."""
    return {"prometheus.io/port": str(port), "prometheus.io/path": "/metrics", "prometheus.io/scheme": "http"}


def _add_to_list(known: dict[str, str], name: str, items: list[str]) -> None:
    given = [item.strip() for item in known.get(name, "").split(",") if item.strip()]
    known[name] = ",".join([*given, *(item for item in items if item not in given)])


def _hook(model: Json, options: Options) -> list[str]:
    """Have the model wait for the drain before it is told to stop; its own hook goes first."""
    lifecycle = filled(model, "lifecycle", {})
    if lifecycle.get("preStop"):
        return [
            f"container {model['name']} keeps its own preStop hook: let it last until GET :{options.admin_port}/drained answers"
        ]
    lifecycle["preStop"] = wait_for_drain(options)
    return []


def _quality(pod: Json, options: Options) -> list[str]:
    """A pod whose containers all have limits equal to requests loses that class to a sidecar without."""
    amounts = [container.get("resources") or {} for container in all_containers(pod)]
    guaranteed = all({"cpu", "memory"} <= (of.get("limits") or {}).keys() for of in amounts) and all(
        (of.get("requests") or of["limits"]) == of["limits"] for of in amounts
    )
    ours = (options.cpu_request, options.memory_request) == (options.cpu_limit, options.memory_limit)
    if not guaranteed or ours:
        return []
    return [
        "the pod is no longer of class Guaranteed: give drift-sidecar/cpu-limit and memory-limit the values of the requests"
    ]


def _skip(pod: Json, namespace: str) -> str | None:
    spec = pod["spec"]
    if disabled(pod):
        return "disabled by drift-sidecar/inject"
    if namespace in _SYSTEM:
        return f"namespace {namespace} is Kubernetes' own"
    if any(container["name"] == NAME for container in all_containers(pod)):
        return f"it has a container {NAME} that the injector did not add"
    if spec.get("hostNetwork"):
        return "hostNetwork: the sidecar's ports would be the node's"
    if (spec.get("os") or {}).get("name") == "windows":
        return "the sidecar does not run on Windows"
    if "kubernetes.io/config.mirror" in annotations_of(pod):
        return "it mirrors a static pod, which cannot be changed"
    return None


_JOB = "a regular sidecar would keep this Job from ending: set kubernetes_version or drift-sidecar/native, from 1.29 on"


def _native(pod: Json, wishes: Wishes) -> bool | None:
    """Whether the sidecar becomes an init container; None if the pod can have no other and that is not to be had."""
    version = wishes.options.kubernetes_version
    owners = (pod.get("metadata") or {}).get("ownerReferences") or []
    ends = pod["spec"].get("restartPolicy") in ("OnFailure", "Never") or any(
        owner.get("kind") == "Job" for owner in owners
    )
    native = wishes.options.native
    if native == "yes" and at_least(version, 29) is False:
        raise Refused(
            "drift-sidecar/native = 'yes'", f"Kubernetes {version} has no native sidecars", "Write no, or auto"
        )
    if native == "auto":
        native = "yes" if at_least(version, 29 if ends else 33) else "no"
    return None if ends and native == "no" else native == "yes"


def _injected(pod: Json) -> bool:
    return STATUS in annotations_of(pod) and any(container["name"] == NAME for container in all_containers(pod))


def _journal(text: str) -> list[Change]:
    try:
        journal = msgspec.json.decode(text, type=list[Change])
    except msgspec.ValidationError as error:
        raise _foreign(str(error)) from error
    except msgspec.DecodeError as error:
        raise _foreign(str(error)) from error
    for change in journal:
        if not _OURS.fullmatch("/".join(map(str, change.at))):
            raise _foreign(f"names {change.at!r}, which the injector never changes")
    return journal


def _foreign(why: str) -> Refused:
    return Refused(
        f"annotation {STATUS}", f"was not written by the injector ({why})", f"Remove it, and container {NAME}"
    )

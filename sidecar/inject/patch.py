"""The patch: a pod in, the same pod with the sidecar out. Pure: no socket, no clock, and the given pod is not modified.

Every change is recorded in one annotation (`drift-sidecar/status`). So a second run changes only what is wanted otherwise by now,
and keeps what others changed (`three_way`); `remove` undoes exactly these changes. The neighbours do the steps: `annotations`
reads what the pod asks for, `model_container` finds the model, `redirect` brings its traffic to the sidecar,
`sidecar_container` builds that, and `pod_diff` computes patch and record.
"""

from __future__ import annotations

import copy
import re
from typing import Any, NamedTuple

import msgspec

from sidecar.inject.annotations import PodConfig, on_invalid, read_annotations
from sidecar.inject.model_container import NAME, check_own_ports, find_model, mesh_of, served_ports, targets_numbers
from sidecar.inject.options import Options, Refused, at_least
from sidecar.inject.pod import Json, all_containers, annotations_of, check_pod, ensure
from sidecar.inject.pod_diff import Change, changes, json_patch, redo, undo
from sidecar.inject.pod_resources import guaranteed, raise_pod_level, stays_guaranteed
from sidecar.inject.redirect import redirect
from sidecar.inject.sidecar_container import drain_hook, make_container, volume_names
from sidecar.inject.three_way import merge
from sidecar.inject.wishes import INJECT, INJECTED, PREFIX, STATUS, SYSTEM_NAMESPACES, asks, word_of

__all__ = ["Options", "Patched", "Refused", "inject", "remove"]

_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_EVICTABLE = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
_MESH_EXCLUDED_PORTS = {
    "istio": "traffic.sidecar.istio.io/excludeInboundPorts",
    "linkerd": "config.linkerd.io/skip-inbound-ports",
}
"""Annotations that keep a mesh away from ports: probes, hooks and scrapes reach the admin port in plain text, which a mesh in
strict mode would refuse."""
_CHANGEABLE = re.compile(
    rf"metadata(/annotations(/.*)?|/labels(/{INJECTED.replace('/', '~1')})?)?"
    rf"|spec/(resources/(requests|limits)/(cpu|memory)|shareProcessNamespace|initContainers|imagePullSecrets(/[^/]*)?|volumes(/{NAME}-[^/]*)?)"
    rf"|spec/(initContainers|containers)/{NAME}"
    r"|spec/containers/[^/]*/(ports|env|args|command|lifecycle|(liveness|readiness|startup)Probe)(/.*)?"
)
"""Paths that the injector changes. A record that names any other was not written by it, and is not undone."""


class Patched(NamedTuple):
    """The result of `inject`."""

    pod: dict[str, Any]
    operations: list[dict[str, Any]]
    """JSON patch (RFC 6902) from the given pod to this one; empty if nothing changes."""
    warnings: list[str]
    """For whoever created the pod: traffic that bypasses the sidecar, and side effects."""
    skipped: str | None
    """Why the pod gets no sidecar; None if it has one."""


def inject(pod: dict[str, Any], options: Options, namespace: str = "", asked: bool = True) -> Patched:
    """Add the sidecar to a pod, or update it to these options. `namespace` is where the pod will run, if known.

    `asked` says that somebody wants the sidecar in this very pod; a webhook sees all pods of a namespace, and only a pod that
    asks by itself is meant. Raises Refused, which names the annotation or field, the reason and the fix, where such a wish
    cannot be met, unless pod or options say `admit`. Other pods that cannot have a sidecar are skipped.
    """
    check_pod(pod)
    try:
        return _inject(pod, options, namespace)
    except Refused as error:
        if not asked and not asks(pod):
            return Patched(pod, [], [f"no drift-sidecar: {error}"], f"unfit: {error}")
        if on_invalid(pod, options) == "refuse":
            raise
        return Patched(pod, [], [f"no drift-sidecar: {error}"], f"invalid: {error}")


def remove(pod: dict[str, Any]) -> dict[str, Any]:
    """The pod without the sidecar and all that came with it. A pod that was never patched is returned as it is.

    Raises Refused if the status annotation cannot be read.
    """
    check_pod(pod)
    if not _is_injected(pod):
        return pod
    recorded = _read_changes(annotations_of(pod)[STATUS])
    bare: dict[str, Any] = copy.deepcopy(pod)
    del bare["metadata"]["annotations"][STATUS]
    undo(bare, recorded)
    check_pod(bare)
    return bare


def _inject(pod: Json, options: Options, namespace: str) -> Patched:
    bare = remove(pod)
    skipped = _why_skipped(bare, namespace)
    if skipped:
        return Patched(bare, list(json_patch(pod, bare)), [], skipped)
    config = read_annotations(bare, options)
    if targets_numbers(bare) and f"{PREFIX}traffic" not in annotations_of(bare):
        config = config._replace(options=msgspec.structs.replace(config.options, traffic="shift"))
    native = _choose_native(bare, config)
    if native is None:
        return Patched(bare, list(json_patch(pod, bare)), [_JOB], _JOB)
    made = copy.deepcopy(bare)
    try:
        warnings = _add(made, config, native)
    except Refused as error:  # what others changed does not fit any more: what was set fitted, and they have seen it
        if not _is_injected(pod):
            raise
        return Patched(pod, [], [f"the sidecar stays as it was set before: {error}"], None)
    recorded = [change for change in changes(bare, made) if change.at[-1] != STATUS]
    made["metadata"]["annotations"][STATUS] = msgspec.json.encode(recorded).decode()
    if _is_injected(pod):
        made = _with_foreign_changes(pod, bare, made)
    return Patched(made, list(json_patch(pod, made)), warnings, None)


def _with_foreign_changes(pod: Json, bare: Json, made: Json) -> Json:
    """The pod as it is wanted now, with what others changed since it was injected; the pod as it is, record and all, if it has
    all that is wanted.
    """
    was: Json = copy.deepcopy(bare)
    redo(was, _read_changes(annotations_of(pod)[STATUS]), pod)
    status = annotations_of(made)[STATUS]
    ensure(ensure(was, "metadata", {}), "annotations", {})[STATUS] = status
    container = _sidecar(made)
    merged = copy.deepcopy(merge(_sidecar(was), _sidecar(pod), container))  # also where it moves to another list
    container.clear()
    container.update(merged)
    kept: Json = copy.deepcopy(merge(was, pod, made))
    if kept != pod:
        kept["metadata"]["annotations"] |= {STATUS: status}
    return kept


def _sidecar(pod: Json) -> Json:
    found: Json = next(one for one in all_containers(pod) if one["name"] == NAME)
    return found


def _add(pod: Json, config: PodConfig, native: bool) -> list[str]:
    """Add the sidecar to the pod, in place; returns the warnings."""
    options = config.options
    model = find_model(pod, config)
    ports = served_ports(model, config)
    owned = set() if options.traffic == "take-over" else {port["containerPort"] for port in ports}
    check_own_ports(pod, config, owned)
    made = redirect(pod, model, ports, config)
    container, volumes = make_container(pod, model, made, config, native)
    warnings = [*made.warnings, *_check_quality_class(pod, options), *_add_pre_stop_hook(model, options)]
    if native and options.traffic == "take-over" and at_least(options.kubernetes_version, 32) is False:
        warnings.append(
            "before Kubernetes 1.32, Services do not find named ports of native sidecars: use shift or loopback"
        )
    spec = pod["spec"]
    raise_pod_level(spec, container["resources"])
    ensure(spec, "initContainers" if native else "containers", []).append(container)
    ensure(spec, "volumes", []).extend(volumes)
    _add_pull_secrets(spec, options.image_pull_secrets)
    if config.share_processes:
        spec["shareProcessNamespace"] = True
    _annotate(pod, model, config, volume_names(volumes))
    return warnings


def _annotate(pod: Json, model: Json, config: PodConfig, evictable: list[str]) -> None:
    known = ensure(ensure(pod, "metadata", {}), "annotations", {})
    known.setdefault(_DEFAULT_CONTAINER, model["name"])
    _add_to_list(known, _EVICTABLE, evictable)
    if config.effective.metrics.merge:
        known |= {name: text for name, text in _merged_scrape(config.options.admin_port).items() if name in known}
    past = _MESH_EXCLUDED_PORTS.get(mesh_of(pod, config.options.mesh))
    if past:
        _add_to_list(known, past, [str(config.options.admin_port)])
    known[STATUS] = ""
    ensure(pod["metadata"], "labels", {})[INJECTED] = "true"


def _add_pull_secrets(spec: Json, secrets: tuple[str, ...]) -> None:
    known = {secret.get("name") for secret in spec.get("imagePullSecrets") or []}
    added = [{"name": secret} for secret in dict.fromkeys(secrets) if secret not in known]
    if added:
        ensure(spec, "imagePullSecrets", []).extend(added)


def _merged_scrape(port: int) -> dict[str, str]:
    """Scrape annotations that lead to the sidecar, which answers for the model too where `metrics.merge` is set."""
    return {"prometheus.io/port": str(port), "prometheus.io/path": "/metrics", "prometheus.io/scheme": "http"}


def _add_to_list(known: dict[str, str], name: str, items: list[str]) -> None:
    given = [item.strip() for item in known.get(name, "").split(",") if item.strip()]
    known[name] = ",".join([*given, *(item for item in items if item not in given)])


def _add_pre_stop_hook(model: Json, options: Options) -> list[str]:
    """Make the model wait for the drain before it is stopped. A preStop hook of its own is kept, with a warning."""
    lifecycle = ensure(model, "lifecycle", {})
    if lifecycle.get("preStop"):
        return [
            f"container {model['name']} keeps its own preStop hook: let it last until GET :{options.admin_port}/drained answers"
        ]
    lifecycle["preStop"] = drain_hook(options)
    return []


def _check_quality_class(pod: Json, options: Options) -> list[str]:
    """Warn where a pod of quality-of-service class Guaranteed loses it, as it does by a sidecar without equal limits."""
    if not guaranteed(pod) or stays_guaranteed(options):
        return []
    return [
        "the pod is no longer of class Guaranteed: give drift-sidecar/cpu-limit and memory-limit the values of the requests"
    ]


def _why_skipped(pod: Json, namespace: str) -> str | None:
    spec = pod["spec"]
    word, text = word_of(pod) or ("on", "")
    if word != "on":
        return f"disabled by {INJECT}" if word == "off" else f"{INJECT} = {text[:63]!r} is neither enabled nor disabled"
    if namespace in SYSTEM_NAMESPACES:
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


def _choose_native(pod: Json, config: PodConfig) -> bool | None:
    """Whether the sidecar is native, that is an init container that restarts. None if it has to be and cannot."""
    version = config.options.kubernetes_version
    owners = (pod.get("metadata") or {}).get("ownerReferences") or []
    ends = pod["spec"].get("restartPolicy") in ("OnFailure", "Never") or any(
        owner.get("kind") == "Job" for owner in owners
    )
    native = config.options.native
    if native == "yes" and at_least(version, 29) is False:
        raise Refused(
            "drift-sidecar/native = 'yes'", f"Kubernetes {version} has no native sidecars", "Write no, or auto"
        )
    if native == "auto":
        native = "yes" if at_least(version, 29 if ends else 33) else "no"
    return None if ends and native == "no" else native == "yes"


def _is_injected(pod: Json) -> bool:
    return STATUS in annotations_of(pod) and any(container["name"] == NAME for container in all_containers(pod))


def _read_changes(text: str) -> list[Change]:
    try:
        recorded = msgspec.json.decode(text, type=list[Change])
    except msgspec.ValidationError as error:
        raise _unreadable_status(str(error)) from error
    except msgspec.DecodeError as error:
        raise _unreadable_status(str(error)) from error
    for change in recorded:
        if not _CHANGEABLE.fullmatch("/".join(str(step).replace("/", "~1") for step in change.at)):
            raise _unreadable_status(f"names {change.at!r}, which the injector never changes")
    return recorded


def _unreadable_status(why: str) -> Refused:
    return Refused(
        f"annotation {STATUS}", f"was not written by the injector ({why})", f"Remove it, and container {NAME}"
    )

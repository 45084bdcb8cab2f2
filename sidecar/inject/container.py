"""Makes the sidecar's container and its volumes: what every namespace admits, however restricted, and nothing more.

No fixed user (clusters give ranges), no CPU limit, nothing writable but empty directories, and no probe of ours waits for
the model but readiness: the model starts only when a native sidecar has started.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from sidecar.inject.model import NAME, model_name, model_version
from sidecar.inject.options import Options
from sidecar.inject.redirect import Redirect
from sidecar.inject.reference import DIRECTORY, VOLUME, read_reference_wish
from sidecar.inject.shape import Json
from sidecar.inject.wishes import Wishes, refused
from sidecar.settings import Settings, catalogue, lookup

ADMIN_PORT = "drift-admin"
"""Name of the admin port, by which a PodMonitor finds it."""
DRAINED = "/drained"
"""Answers when the last exchange is over; the model's preStop hook waits for it."""

_USER = 65_532
"""Who the sidecar is where the whole pod is root, which it refuses to be; elsewhere the image or the cluster says it."""
_MODEL_STOP_SECONDS = 5.0
"""Part of the grace period that is left to the model, after the drain."""
_DEFAULT_GRACE = 30
_RESOURCE = (
    ("POD_NAME", "metadata.name", "k8s.pod.name"),
    ("POD_NAMESPACE", "metadata.namespace", "k8s.namespace.name"),
    ("NODE_NAME", "spec.nodeName", "k8s.node.name"),
)
"""Variable, field of the downward API, attribute of spans."""


def make_container(pod: Json, model: Json, made: Redirect, wishes: Wishes, native: bool) -> tuple[Json, list[Json]]:
    """The container and the pod's new volumes. Raises Refused if the settings do not fit the pod."""
    volumes, mounts = _writable(wishes.effective)
    reference = read_reference_wish(wishes)
    if reference.volume:
        volumes.append(reference.volume)
        mounts.append({"name": VOLUME, "mountPath": DIRECTORY, "readOnly": True})
    options = wishes.options
    settings = _settings(pod, model, made, wishes) | ({"reference": reference.setting} if reference.setting else {})
    container = {
        "name": NAME,
        "image": options.image,
        **({"imagePullPolicy": options.image_pull_policy} if options.image_pull_policy else {}),
        "args": ["run"],
        "ports": [*made.ports, {"name": ADMIN_PORT, "containerPort": options.admin_port, "protocol": "TCP"}],
        "env": _environment(settings),
        **({"restartPolicy": "Always"} if native else {}),
        **_probes(options.admin_port),
        **({"lifecycle": {"preStop": {"exec": {"command": ["drift-sidecar", "drain"]}}}} if native else {}),
        "resources": _resources(options),
        "securityContext": _security(pod),
        "volumeMounts": mounts,
    }
    return container, volumes


def wait_for_drain(options: Options) -> Json:
    """The model's preStop hook: the model outlives the last exchange."""
    return {"httpGet": {"path": DRAINED, "port": options.admin_port, "scheme": "HTTP"}}


def _settings(pod: Json, model: Json, made: Redirect, wishes: Wishes) -> dict[str, str]:
    (listen, upstream), *also = made.pairs
    settings = {"model.name": model_name(pod, model), "model.version": model_version(pod, model)}
    if wishes.share_processes:
        settings["container.model_processes"] = "true"
    settings |= {key: text for key, text in wishes.settings.items() if key != "reference"}
    settings |= {"upstream": upstream, "listen": listen, "admin": f"{wishes.options.host}:{wishes.options.admin_port}"}
    if also:
        settings["also"] = ",".join(f"{come}={go}" for come, go in also)
    return settings | _drain(pod, wishes)


def _drain(pod: Json, wishes: Wishes) -> dict[str, str]:
    """The drain, so that it and what follows fit into the pod's grace period."""
    given = pod["spec"].get("terminationGracePeriodSeconds")
    grace = _DEFAULT_GRACE if given is None else max(0, given)
    drain = wishes.effective.drain
    room = max(0.0, grace - drain.flush_seconds - _MODEL_STOP_SECONDS)
    if "drain.timeout_seconds" in wishes.settings:
        if drain.timeout_seconds + drain.flush_seconds > grace:
            raise refused(
                "drain.timeout_seconds",
                wishes.settings["drain.timeout_seconds"],
                f"and drain.flush_seconds ({drain.flush_seconds:g}) do not fit into the pod's {grace} s of grace",
                "Raise terminationGracePeriodSeconds, or lower it",
            )
        return {}
    settings = {"drain.timeout_seconds": f"{min(room, 3600.0):g}"}
    if drain.notice_seconds > room:
        settings["drain.notice_seconds"] = f"{room / 2:g}"
    return settings


def _environment(settings: dict[str, str]) -> list[Json]:
    fields = [("POD_IP", "status.podIP"), *((name, path) for name, path, _ in _RESOURCE)]
    downward = [
        {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}} for name, path in fields
    ]
    attributes = ",".join(f"{attribute}=$({name})" for name, _, attribute in _RESOURCE)
    known = catalogue()
    ours = [{"name": known[key].env, "value": _literal(key, text)} for key, text in settings.items()]
    return [*downward, {"name": "OTEL_RESOURCE_ATTRIBUTES", "value": attributes}, *ours]


def _literal(key: str, text: str) -> str:
    """Text that Kubernetes shall not expand; addresses are ours, and name POD_IP on purpose."""
    return text if key in ("listen", "also") else text.replace("$(", "$$(")


def _probes(port: int) -> Json:
    def ask(path: str, period: int, failures: int) -> Json:
        request = {"path": path, "port": port, "scheme": "HTTP"}
        return {"httpGet": request, "periodSeconds": period, "timeoutSeconds": 3, "failureThreshold": failures}

    return {
        "startupProbe": ask("/livez", 1, 60),
        "readinessProbe": ask("/readyz", 2, 3),
        "livenessProbe": ask("/livez", 10, 6),
    }


def _resources(options: Options) -> Json:
    amounts = {
        "requests": {"cpu": options.cpu_request, "memory": options.memory_request},
        "limits": {"cpu": options.cpu_limit, "memory": options.memory_limit},
    }
    some = {kind: {name: amount for name, amount in of.items() if amount} for kind, of in amounts.items()}
    return {kind: of for kind, of in some.items() if of}


def _security(pod: Json) -> Json:
    root = (pod["spec"].get("securityContext") or {}).get("runAsUser") == 0
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        **({"runAsUser": _USER} if root else {}),
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _writable(settings: Settings) -> tuple[list[Json], list[Json]]:
    """Volumes and mounts for what the sidecar may write: /tmp, and the directories of the files that it is to write."""
    room = {"/tmp": 64}  # noqa: S108  # the sidecar's own, in its own file system  # MiB
    for key, setting in catalogue().items():
        if setting.writes_file and (path := lookup(settings, key)):
            directory = _directory(key, path)
            room[directory] = room.get(directory, 0) + _mebibytes(settings, key)
    volumes: list[Json] = []
    mounts: list[Json] = []
    for number, (directory, mebibytes) in enumerate(room.items()):
        name = f"{NAME}-{'tmp' if number == 0 else f'data-{number}'}"
        volumes.append({"name": name, "emptyDir": {"sizeLimit": f"{mebibytes}Mi"}})
        mounts.append({"name": name, "mountPath": directory})
    return volumes, mounts


def _mebibytes(settings: Settings, key: str) -> int:
    """Room for what is written: two generations of at most `max_bytes`, where the section says so, and some more."""
    bound = f"{key.rpartition('.')[0]}.max_bytes"
    return lookup(settings, bound) * 2 // 2**20 + 16 if bound in catalogue() else 64


def _directory(key: str, path: str) -> str:
    directory = PurePosixPath(path).parent
    safe = len(directory.parts) > 1 and directory.parts[1] not in (
        "etc",
        "usr",
        "lib",
        "bin",
        "proc",
        "sys",
        "dev",
        "opt",
        "app",
    )
    if not directory.is_absolute() or ".." in directory.parts or not safe or ":" in path:
        raise refused(
            key, path, "is in no directory that can be made writable", "Give a file like /var/drift-sidecar/file.jsonl"
        )
    return str(directory)


def volume_names(volumes: list[Json]) -> list[Any]:
    """Names of those volumes that are empty directories, whose loss never matters to anyone."""
    return [volume["name"] for volume in volumes if "emptyDir" in volume]

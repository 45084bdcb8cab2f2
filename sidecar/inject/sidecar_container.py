"""Builds the sidecar's container and its volumes, such that the Pod Security Standard *restricted* admits them.

No fixed user, since clusters assign ranges; no CPU limit, since throttling is latency; nothing writable but emptyDirs. Only
the readiness probe depends on the model: Kubernetes starts the model after a native sidecar has started, so a startup or
liveness probe that waited for the model would never succeed. Changes no pod: `patch` adds what is built here.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from sidecar.inject.annotations import PodConfig, refused
from sidecar.inject.model_container import NAME, model_name, model_version
from sidecar.inject.options import Options
from sidecar.inject.pod import Json
from sidecar.inject.redirect import Redirect
from sidecar.inject.reference_volume import DIRECTORY, VOLUME, find_reference
from sidecar.settings import Settings
from sidecar.settings.catalogue import catalogue, lookup

ADMIN_PORT = "drift-admin"
"""Name of the admin port; PodMonitors select it."""
DRAINED = "/drained"
"""Path that answers once the last exchange is over; the model's preStop hook waits for it."""

_USER = 65_532
"""User of the sidecar where the pod's security context says root. Elsewhere the image or the cluster decides."""
_MODEL_STOP_SECONDS = 5.0
"""Seconds of the grace period left to the model after the drain."""
_DEFAULT_GRACE = 30
_RESOURCE = (
    ("POD_NAME", "metadata.name", "k8s.pod.name"),
    ("POD_NAMESPACE", "metadata.namespace", "k8s.namespace.name"),
    ("NODE_NAME", "spec.nodeName", "k8s.node.name"),
)
"""Environment variable, field of the downward API, OpenTelemetry resource attribute."""


def make_container(pod: Json, model: Json, made: Redirect, config: PodConfig, native: bool) -> tuple[Json, list[Json]]:
    """The sidecar's container and the volumes it needs. Raises Refused if the settings do not fit the pod."""
    volumes, mounts = _writable(config.effective)
    reference = find_reference(config)
    if reference.volume:
        volumes.append(reference.volume)
        mounts.append({"name": VOLUME, "mountPath": DIRECTORY, "readOnly": True})
    options = config.options
    settings = _settings(pod, model, made, config) | ({"reference": reference.setting} if reference.setting else {})
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


def drain_hook(options: Options) -> Json:
    """A preStop hook that returns after the drain, so that the model outlives the last exchange."""
    return {"httpGet": {"path": DRAINED, "port": options.admin_port, "scheme": "HTTP"}}


def _settings(pod: Json, model: Json, made: Redirect, config: PodConfig) -> dict[str, str]:
    (listen, upstream), *also = made.pairs
    settings = {"model.name": model_name(pod, model), "model.version": model_version(pod, model)}
    if config.share_processes:
        settings["container.model_processes"] = "true"
    settings |= {key: text for key, text in config.settings.items() if key != "reference"}
    settings |= {"upstream": upstream, "listen": listen, "admin": f"{config.options.host}:{config.options.admin_port}"}
    if also:
        settings["also"] = ",".join(f"{come}={go}" for come, go in also)
    return settings | _drain(pod, config)


def _drain(pod: Json, config: PodConfig) -> dict[str, str]:
    """Drain settings such that drain, flush and the model's stop fit into the pod's grace period."""
    given = pod["spec"].get("terminationGracePeriodSeconds")
    grace = _DEFAULT_GRACE if given is None else max(0, given)
    drain = config.effective.drain
    room = max(0.0, grace - drain.flush_seconds - _MODEL_STOP_SECONDS)
    if "drain.timeout_seconds" in config.settings:
        if drain.timeout_seconds + drain.flush_seconds > grace:
            raise refused(
                "drain.timeout_seconds",
                config.settings["drain.timeout_seconds"],
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
    """Text escaped from Kubernetes' `$(VAR)` expansion. Addresses are ours and refer to POD_IP on purpose."""
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
    """Volumes and mounts of the writable directories: /tmp, and those of every setting that names a file to write."""
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
    """Room for what is written: two generations of `max_bytes`, where the section says so, and some more."""
    bound = f"{key.rpartition('.')[0]}.max_bytes"
    return lookup(settings, bound) * 2 // 2**20 + 16 if bound in catalogue() else 64


def _directory(key: str, path: str) -> str:
    directory = PurePosixPath(path) if path.endswith("/") else PurePosixPath(path).parent
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
    """Names of the emptyDirs among some volumes: losing them must not keep a node from scaling down."""
    return [volume["name"] for volume in volumes if "emptyDir" in volume]

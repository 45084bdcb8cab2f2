"""Patches the pods inside manifests: of workloads, Lists and KServe's predictors. Other objects pass unchanged.

Works on plain values, and must not modify what it is given. Neighbours: `patch` is applied to each pod; the command `inject`
reads and writes the YAML.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from sidecar.errors import UserError
from sidecar.inject.model_container import KSERVE_LABEL
from sidecar.inject.options import Refused
from sidecar.inject.pod import Json

TEMPLATES = {
    "Pod": (),  # itself
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "InferenceService": ("spec", "predictor"),
}
"""Path of the pod template in each kind."""

PatchPod = Callable[[Json, str, str], Json]
"""Takes a pod, its namespace and the object's name, and returns the new pod."""


def patch_manifest(manifest: Any, patch: PatchPod, namespace: str = "") -> Any:
    """A copy of an object with its pods patched. `namespace` is used for objects that name none.

    Raises UserError, which names the object.
    """
    if not isinstance(manifest, dict):
        return manifest
    kind = str(manifest.get("kind"))
    if kind == "List" and isinstance(manifest.get("items"), list):
        return {**manifest, "items": [patch_manifest(item, patch, namespace) for item in manifest["items"]]}
    if kind not in TEMPLATES:
        return manifest
    metadata = manifest.get("metadata") if isinstance(manifest.get("metadata"), dict) else {}
    where = f"{kind}/{(metadata or {}).get('name', '?')}"
    try:
        return _patched(manifest, kind, patch, str((metadata or {}).get("namespace") or namespace), where)
    except Refused as error:
        raise UserError(f"{where}: {error.what}", error.why, error.mend) from error


def _patched(manifest: Json, kind: str, patch: PatchPod, namespace: str, where: str) -> Any:
    whole = {"": copy.deepcopy(manifest)}
    *path, last = ("", *TEMPLATES[kind])
    parent: Json = whole
    for step in path:
        parent = _inside(parent, step)
    pod = _inside(parent, last)
    if kind == "InferenceService":
        name = where.partition("/")[2]
        parent[last] = _predictor_of(patch(_pod_of(pod, name), namespace, where), pod)
    else:
        parent[last] = patch(pod, namespace, where)
    return whole[""]


def _inside(parent: Json, step: str) -> Json:
    found = parent.get(step)
    if not isinstance(found, dict):
        raise Refused(step, "is missing, or no mapping", "Fix the manifest")
    return found


def _pod_of(predictor: Json, name: str) -> Json:
    """A predictor as a pod: it is a pod's spec with labels and annotations inside. KServe adds its label, so it is added here."""
    if not predictor.get("containers"):
        fix = "Label the predictor drift-sidecar/inject: enabled, and the webhook patches its pods"
        raise Refused("spec.predictor", "names a model, and KServe makes the pod from it", fix)
    metadata = {key: predictor[key] for key in ("labels", "annotations") if key in predictor}
    spec = {key: value for key, value in predictor.items() if key not in metadata}
    return {"metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), KSERVE_LABEL: name}}, "spec": spec}


def _predictor_of(pod: Json, before: Json) -> Json:
    metadata = dict(pod["metadata"])
    labels = {key: value for key, value in metadata.pop("labels").items() if key != KSERVE_LABEL}
    predictor: Json = metadata | ({"labels": labels} if labels or "labels" in before else {}) | pod["spec"]
    return predictor

"""Translates the annotation `drift-sidecar/reference` into the setting `reference` and the volume that it needs.

Fetches nothing: whether the object or URL exists is found out when the pod starts. Neighbour: `sidecar_container`, which
mounts the volume.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sidecar.inject.annotations import PodConfig, refused
from sidecar.inject.pod import Json

VOLUME = "drift-sidecar-reference"
DIRECTORY = "/etc/drift-sidecar/reference"
_FORMS = "Write configmap:NAME[/KEY], secret:NAME[/KEY], pvc:CLAIM/PATH, https://... or a path"
_OBJECT = re.compile(r"(configmap|secret|pvc):([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)(?:/(.+))?")
_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}")


class Reference(NamedTuple):
    """The setting `reference`, and the volume that it needs if it is an object of the cluster."""

    setting: str
    volume: Json | None = None


def find_reference(config: PodConfig) -> Reference:
    """The reference of the annotation, else of the options. Raises Refused if it has none of the known forms."""
    text = config.own.get("reference", config.effective.reference)
    if not text or text.startswith(("https://", "http://")):
        return Reference(text)
    if ".." in text.split("/"):
        raise refused("reference", text, "leads out of its directory", _FORMS)
    if text.startswith("/"):
        return Reference(text)
    parts = _OBJECT.fullmatch(text)
    if parts is None:
        raise refused("reference", text, "is none of the forms of a reference", _FORMS)
    kind, name, path = parts[1], parts[2], parts[4] or "reference.json"
    if kind != "pvc" and not _KEY.fullmatch(path):
        raise refused("reference", text, f"{path!r} cannot be a key", _FORMS)
    source = {
        "configmap": {"configMap": {"name": name}},
        "secret": {"secret": {"secretName": name}},
        "pvc": {"persistentVolumeClaim": {"claimName": name, "readOnly": True}},
    }[kind]
    return Reference(f"{DIRECTORY}/{path}", {"name": VOLUME, **source})

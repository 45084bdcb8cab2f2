"""Where a pod's reference comes from, as its annotation says it, and the volume that brings it in. Fetches nothing."""

from __future__ import annotations

import re
from typing import NamedTuple

from sidecar.inject.shape import Json
from sidecar.inject.wishes import Wishes, refused

VOLUME = "drift-sidecar-reference"
DIRECTORY = "/etc/drift-sidecar/reference"
_FORMS = "Write configmap:NAME[/KEY], secret:NAME[/KEY], pvc:CLAIM/PATH, https://... or a path"
_OBJECT = re.compile(r"(configmap|secret|pvc):([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)(?:/(.+))?")
_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}")


class Reference(NamedTuple):
    """The setting `reference`, and the volume that it needs."""

    setting: str
    volume: Json | None = None


def read_reference_wish(wishes: Wishes) -> Reference:
    """Raises Refused if the annotation has none of the known forms. Without one, the reference of the options."""
    text = wishes.own.get("reference", wishes.effective.reference)
    if not text or text.startswith(("https://", "http://")):
        return Reference(text)
    if ".." in text.split("/"):
        raise refused("reference", text, "leads out of its directory", _FORMS)
    if text.startswith("/"):
        return Reference(text)
    parts = _OBJECT.fullmatch(text)
    if parts is None:
        raise refused("reference", text, "is no place that a reference can come from", _FORMS)
    kind, name, path = parts[1], parts[2], parts[4] or "reference.json"
    if kind != "pvc" and not _KEY.fullmatch(path):
        raise refused("reference", text, f"{path!r} cannot be a key", _FORMS)
    source = {
        "configmap": {"configMap": {"name": name}},
        "secret": {"secret": {"secretName": name}},
        "pvc": {"persistentVolumeClaim": {"claimName": name, "readOnly": True}},
    }[kind]
    return Reference(f"{DIRECTORY}/{path}", {"name": VOLUME, **source})

"""What a pod asks for in its annotations, checked. Every setting of the sidecar can be one, by its dotted key.

An annotation that nobody knows is refused with the nearest one that is known: a wish that is silently ignored is worse
than a pod that does not start. Nothing is changed here.
"""

from __future__ import annotations

import difflib
from typing import Any, NamedTuple, get_type_hints

import msgspec

from sidecar.errors import SettingsError
from sidecar.inject.options import Options, Refused
from sidecar.inject.shape import Json, annotations_of, labels_of
from sidecar.settings import Settings, catalogue, load, shown

PREFIX = "drift-sidecar/"
INJECT = f"{PREFIX}inject"
STATUS = f"{PREFIX}status"

ANNOTATIONS = {
    "inject": "`enabled` or `disabled`; as a label too, which wins, and on a namespace. Other pods are left to the selectors.",
    "container": "The model's container, where several could be it.",
    "port": "The model's port by name or number, `http,grpc` for several, the main one first. Default: all that are served.",
    "traffic": "How traffic gets to the sidecar: `take-over` (of the port's name), `loopback` (the model listens on 127.0.0.1) "
    "or `shift` (the model moves to another port). Default for KServe and Knative: `shift`.",
    "port-variable": "`shift`: environment variable or `--flag` that tells the model its port. Known ones need not be named.",
    "host-variable": "`loopback`: environment variable or `--flag` that tells the model its address.",
    "listen-port": "Where the sidecar takes traffic (9480).",
    "admin-port": "Where the sidecar answers for health, metrics and the live page (9481).",
    "reference": "`configmap:NAME[/KEY]`, `secret:NAME[/KEY]`, `pvc:CLAIM/PATH`, `https://...`, or a path in the image. "
    "KEY is `reference.json` if not given.",
    "model-name": "Label `model_name`. Default: the InferenceService, `app.kubernetes.io/name`, `app`, or the container.",
    "model-version": "Label `model_version`. Default: `app.kubernetes.io/version`, or the tag of the model's image.",
    "native": "`yes`, `no` or `auto`: whether the sidecar is an init container that restarts. `auto`: from 1.33 on.",
    "share-process-namespace": "`true`: the sidecar sees the model's processes, and measures them.",
    "mesh": "`istio`, `linkerd`, `none` or `auto`: whose annotations let probes and scrapes reach the admin port.",
    "image": "The sidecar's image.",
    "image-pull-policy": "`Always`, `IfNotPresent` or `Never`.",
    "image-pull-secrets": "Secrets of the pod's namespace by which the sidecar's image is pulled, with commas between them.",
    "cpu-request": "Request of CPU (50m); `cpu-limit`, `memory-request` and `memory-limit` likewise. An empty one is not set.",
    "cpu-limit": "None by default: a limit throttles, and throttling is latency.",
    "memory-request": "128Mi.",
    "memory-limit": "512Mi.",
    "on-invalid": "`refuse` or `admit`: what becomes of this pod if an annotation is wrong; `admit` starts it without a sidecar.",
    "status": "Written by the injector: what it changed, so that it can be undone.",
}
"""Every annotation but the settings, and its help. docs/annotations.md prints them."""

_OPTIONS = {
    "traffic": "traffic", "native": "native", "mesh": "mesh", "image": "image", "image-pull-policy": "image_pull_policy",
    "image-pull-secrets": "image_pull_secrets",
    "listen-port": "port", "admin-port": "admin_port", "cpu-request": "cpu_request", "cpu-limit": "cpu_limit",
    "memory-request": "memory_request", "memory-limit": "memory_limit", "on-invalid": "invalid",
}  # fmt: skip
"""Annotations that win over an option, and the option's name."""
_LISTS = {"image-pull-secrets"}
"""Those with commas between their items."""

INJECTOR_MADE = {
    "upstream": "Name the model's port with `drift-sidecar/port`",
    "listen": "Choose a port with `drift-sidecar/listen-port`",
    "also": "Name the model's ports with `drift-sidecar/port`",
    "admin": "Choose a port with `drift-sidecar/admin-port`",
}
"""Settings that the injector makes itself, and what to say instead."""


class Wishes(NamedTuple):
    """What one pod asks for, over the options of the cluster."""

    options: Options
    own: dict[str, str]
    """Annotations that only a pod can have, by name."""
    settings: dict[str, str]
    """Settings of the sidecar by dotted key, as text."""
    effective: Settings
    """What the sidecar will make of them, but for its addresses and reference."""

    @property
    def share_processes(self) -> bool:
        """Whether the sidecar shall see the model's processes."""
        return self.own.get("share-process-namespace", "false") == "true"


def disabled(pod: Json) -> bool:
    """Whether a pod asks to be left alone. Raises Refused if it says neither `enabled` nor `disabled`."""
    wish = labels_of(pod).get(INJECT, annotations_of(pod).get(INJECT, "enabled"))
    if wish not in ("enabled", "disabled"):
        raise Refused(f"{INJECT} = {wish!r}", "is neither enabled nor disabled", "Write one of them, in quotes")
    return wish == "disabled"


def on_invalid(pod: Json, options: Options) -> str:
    """`refuse` or `admit`; a pod that says neither has the policy of the options."""
    wish = annotations_of(pod).get(f"{PREFIX}on-invalid")
    return wish if wish in ("refuse", "admit") else options.invalid


def read_wishes(pod: Json, options: Options) -> Wishes:
    """Raises Refused for the first annotation that is unknown or has a wrong value."""
    asked = {name.removeprefix(PREFIX): text for name, text in annotations_of(pod).items() if name.startswith(PREFIX)}
    overrides = {}
    own = {}
    settings = {key: _text(value) for key, value in options.settings.items()}
    for name, text in asked.items():
        if name in _OPTIONS:
            overrides[_OPTIONS[name]] = _option(name, text)
        elif name in ANNOTATIONS:
            own[name] = _checked(name, text)
        else:
            settings[name] = _setting(name, text)
    for name, key in (("model-name", "model.name"), ("model-version", "model.version")):
        if name in own:
            settings[key] = own[name]
    return Wishes(msgspec.structs.replace(options, **overrides), own, settings, load(None, {}, settings).settings)


def refused(name: str, text: str, why: str, mend: str) -> Refused:
    """The refusal of one annotation."""
    told = shown(name, text) if name in catalogue() else text
    return Refused(f"annotation {PREFIX}{name} = {told[:200]!r}", why, mend)


def _checked(name: str, text: str) -> str:
    if name == "share-process-namespace" and text not in ("true", "false"):
        raise refused(name, text, "is neither true nor false", "Write one of them, in quotes")
    return text


def _option(name: str, text: str) -> Any:
    value = [item.strip() for item in text.split(",") if item.strip()] if name in _LISTS else text
    try:
        return msgspec.convert(value, get_type_hints(Options, include_extras=True)[_OPTIONS[name]], strict=False)
    except msgspec.ValidationError as error:
        raise refused(name, text, str(error), ANNOTATIONS[name]) from error


def _setting(name: str, text: str) -> str:
    if name in INJECTOR_MADE:
        raise refused(name, text, "is made by the injector", INJECTOR_MADE[name])
    if name not in catalogue():
        known = [*(set(ANNOTATIONS) - {"status"}), *(set(catalogue()) - set(INJECTOR_MADE))]
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        mend = f"Did you mean `{PREFIX}{near[0]}`?" if near else "docs/annotations.md lists every annotation"
        raise refused(name, text, "is not known", mend)
    try:
        load(None, {}, {name: text})
    except SettingsError as error:
        raise refused(name, text, error.why, error.mend) from error
    return text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

"""Reads and checks a pod's annotations `drift-sidecar/...`. Every setting of the sidecar can be one, by its dotted key.

An unknown annotation is refused, with the nearest known one as a suggestion: an annotation that is silently ignored is worse
than a pod that does not start. Changes nothing. Neighbour: `options`, the defaults that annotations override.
"""

from __future__ import annotations

import difflib
from typing import Any, NamedTuple, get_type_hints

import msgspec

from sidecar.errors import SettingsError
from sidecar.inject.options import Options, Refused
from sidecar.inject.pod import Json, annotations_of
from sidecar.inject.wishes import PREFIX
from sidecar.settings import Settings
from sidecar.settings.catalogue import catalogue
from sidecar.settings.load import load
from sidecar.settings.shown import shown

ANNOTATIONS = {
    "inject": "`enabled` (`true`, `yes`, `on`) or `disabled` (`false`, `no`, `off`). The webhook is asked by *label*, of the "
    "namespace or of the pod, and the pod's label wins over this annotation: alone it turns a sidecar off, and none on.",
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
"""Help for every annotation that is no setting. docs/annotations.md is made from it."""

_OPTIONS = {
    "traffic": "traffic", "native": "native", "mesh": "mesh", "image": "image", "image-pull-policy": "image_pull_policy",
    "image-pull-secrets": "image_pull_secrets",
    "listen-port": "port", "admin-port": "admin_port", "cpu-request": "cpu_request", "cpu-limit": "cpu_limit",
    "memory-request": "memory_request", "memory-limit": "memory_limit", "on-invalid": "invalid",
}  # fmt: skip
"""Annotations that override an option, and the option's name."""
_LISTS = {"image-pull-secrets"}
"""Annotations whose value is a comma-separated list."""

SET_BY_INJECTOR = {
    "upstream": "Name the model's port with `drift-sidecar/port`",
    "listen": "Choose a port with `drift-sidecar/listen-port`",
    "also": "Name the model's ports with `drift-sidecar/port`",
    "admin": "Choose a port with `drift-sidecar/admin-port`",
}
"""Settings that the injector computes, and the annotation to use instead."""


class PodConfig(NamedTuple):
    """What one pod asks for: the options, overridden by its annotations."""

    options: Options
    own: dict[str, str]
    """Annotations without a counterpart among the options, by name without prefix."""
    settings: dict[str, str]
    """Settings of the sidecar by dotted key, as text, of options and annotations."""
    effective: Settings
    """These settings parsed, with the defaults of all others. Addresses and reference are set later."""

    @property
    def share_processes(self) -> bool:
        """Whether the pod's containers share a process namespace, so that the sidecar can measure the model's processes."""
        return self.own.get("share-process-namespace", "false") == "true"


def on_invalid(pod: Json, options: Options) -> str:
    """`refuse` or `admit`: the pod's annotation if it is one of them, else the option."""
    value = annotations_of(pod).get(f"{PREFIX}on-invalid")
    return value if value in ("refuse", "admit") else options.invalid


def read_annotations(pod: Json, options: Options) -> PodConfig:
    """The pod's annotations over these options. Raises Refused for the first that is unknown or has a wrong value."""
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
    return PodConfig(msgspec.structs.replace(options, **overrides), own, settings, load(None, {}, settings).settings)


def refused(name: str, text: str, why: str, fix: str) -> Refused:
    """An error about one annotation; a credential is left out, and a long value is cut."""
    printable = shown(name, text) if name in catalogue() else text
    return Refused(f"annotation {PREFIX}{name} = {printable[:200]!r}", why, fix)


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
    if name in SET_BY_INJECTOR:
        raise refused(name, text, "is made by the injector", SET_BY_INJECTOR[name])
    if name not in catalogue():
        known = [*(set(ANNOTATIONS) - {"status"}), *(set(catalogue()) - set(SET_BY_INJECTOR))]
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        fix = f"Did you mean `{PREFIX}{near[0]}`?" if near else "docs/annotations.md lists every annotation"
        raise refused(name, text, "is not known", fix)
    try:
        load(None, {}, {name: text})
    except SettingsError as error:
        raise refused(name, text, error.why, error.mend) from error
    return text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

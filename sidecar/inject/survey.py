"""Finds pods that should have a sidecar and have none, and Services that bypass one. Pure: objects in, findings out.

Admission that fails open lets pods through without a sidecar; this is how they are found. Whether a pod should have one is
asked of `patch` itself, so that survey and webhook cannot disagree, and `wishes` says whether the webhook was asked at all.
Neighbours: `scan`, which reads the objects; `bypass`, which judges Services.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sidecar.errors import SidecarError
from sidecar.inject.bypass import Service, bypasses
from sidecar.inject.model_container import NAME
from sidecar.inject.options import Options
from sidecar.inject.patch import inject
from sidecar.inject.pod import Json, all_containers
from sidecar.inject.wishes import INJECT, asks, is_sent, namespace_word, word_of

_ENDED = ("Succeeded", "Failed")
_RETARGET = "Give it the port's name as targetPort, or the sidecar's number"
_LABEL = f"Label the pod, in its template, or its namespace {INJECT}=enabled"
_ANEW = "Delete it, and its owner makes it anew"


class Namespace(NamedTuple):
    """What matters of a namespace."""

    name: str
    labels: dict[str, str]
    written: str = ""
    """When its label `drift-sidecar/inject` was last written (RFC 3339); empty if that is not known."""


class Pod(NamedTuple):
    """A pod or pod template, and where it was found."""

    where: str
    """For people, such as `pod fraud/model-0`."""
    namespace: Namespace
    pod: Json


class Finding(NamedTuple):
    """A problem, and how to fix it."""

    kind: str
    """`no_sidecar`, `unmet` (a wish that the webhook is not asked about), `bypassed` or `webhook`."""
    namespace: str
    where: str
    why: str
    mend: str
    service: Service | None = None
    """The Service that bypasses the sidecar, for `bypassed`."""


class Report(NamedTuple):
    """The result of a check."""

    findings: list[Finding]
    notes: list[str]
    """What is in order, or is nobody's fault."""
    unread: Sequence[str] = ()
    """What had to be read and could not be, with the reason."""
    installed: str = ""
    """When the webhook was installed (RFC 3339); empty if that is not known."""


def has_sidecar(pod: Json) -> bool:
    """Whether a pod has the sidecar's container."""
    return any(container["name"] == NAME for container in all_containers(pod))


def label_written(thing: Json) -> str:
    """When the label `drift-sidecar/inject` of an object was last written, as its managed fields say; empty if they do not.

    Several managers may own it; each moves its time on whenever it changes anything, so the earliest is the nearest.
    """
    fields = (thing.get("metadata") or {}).get("managedFields") or []
    times = [str(one.get("time") or "") for one in fields if f"f:{INJECT}" in _owned_labels(one)]
    return min(filter(None, times), default="")


def _owned_labels(entry: Json) -> dict[str, Any]:
    metadata = (entry.get("fieldsV1") or {}).get("f:metadata") or {}
    return metadata.get("f:labels") or {}


def examine(one: Pod, services: Sequence[Service], options: Options, installed: str = "") -> list[Finding]:
    """Findings about one pod. `services` may be of any namespace; `installed` is when the webhook was, if known."""
    leaving = "deletionTimestamp" in (one.pod.get("metadata") or {})
    if leaving or (one.pod.get("status") or {}).get("phase") in _ENDED:
        return []
    name = one.namespace.name
    if has_sidecar(one.pod):
        return [
            Finding("bypassed", name, one.where, text, _RETARGET, service)
            for service, text in bypasses(one.pod, name, services)
        ]
    if is_sent(one.namespace.labels, one.pod):
        missing = _why_missing(one, options, installed)
        return [Finding("no_sidecar", name, one.where, *missing)] if missing else []
    return unmet(one)


def examine_namespace(namespace: Namespace) -> list[Finding]:
    """A finding if nobody can tell what a namespace's label means."""
    if namespace_word(namespace.labels) != "unclear":
        return []
    why = f"its label {INJECT} = {namespace.labels[INJECT]!r} is neither enabled nor disabled, so it asks for nothing"
    return [Finding("unmet", namespace.name, f"namespace {namespace.name}", why, "Write one of these words")]


def unmet(one: Pod) -> list[Finding]:
    """A finding if a pod asks for a sidecar, and the webhook is not asked about it."""
    word, _ = word_of(one.pod) or ("on" if asks(one.pod) else "off", "")
    if word == "off":
        return []
    if namespace_word(one.namespace.labels) == "off":
        why, mend = "it asks for a sidecar, and its namespace opted out", "Change the label of the one or the other"
    else:
        why = "it asks by annotations alone, and the API server asks the webhook by labels: neither it nor its namespace has one"
        mend = _LABEL
    return [Finding("unmet", one.namespace.name, one.where, why, mend)]


def _why_missing(one: Pod, options: Options, installed: str) -> tuple[str, str] | None:
    """Why a pod about which the webhook is asked has no sidecar, and the fix; None if it should have none."""
    try:
        patched = inject(one.pod, options, one.namespace.name, asked=False)
    except SidecarError as error:
        return f"its annotations would be refused today: {error}", "Fix them, and create the pod anew"
    if patched.skipped is None:
        return _why_missed(one, installed), _ANEW
    if patched.skipped.startswith("invalid"):
        return patched.skipped, "Fix the annotation, and create the pod anew"
    if (word_of(one.pod) or ("off", ""))[0] != "off":
        return (
            f"it asks for a sidecar and can have none: {patched.skipped}",
            "Change what is named, or take the wish back",
        )
    return None


def _why_missed(one: Pod, installed: str) -> str:
    """Why a pod has no sidecar that would get one today, from what is older than what. Times are of whole seconds, in UTC."""
    created = str((one.pod.get("metadata") or {}).get("creationTimestamp") or "")
    by_namespace = namespace_word(one.namespace.labels) == "on"
    written = one.namespace.written if by_namespace else label_written(one.pod)
    whose = "its namespace's label" if by_namespace else "its own label"
    if created and created < written:
        return f"it is older than {whose}: created {created}, the label last written {written}"
    if created and created < installed:
        return f"it is older than the webhook: created {created}, the webhook installed {installed}"
    return "the webhook did not answer when it was created, or was not asked"

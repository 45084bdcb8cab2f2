"""Answers one admission review: bytes of an AdmissionReview in, bytes of the response out. Pure: no socket, no clock.

Anyone who reaches the port may send anything. What is no review gets a 400. A pod that cannot be read is admitted with a
warning, since the API server validates it next and explains it better. Only a wish that cannot be met refuses a pod. Neighbours:
`patch` makes the patch, `bypass` finds the Services that bypass the sidecar, `webhook` serves the answers.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from sidecar.inject.bypass import Service, bypasses
from sidecar.inject.options import Options, Refused
from sidecar.inject.patch import inject
from sidecar.inject.pod import Json, annotations_of, check_pod

Result = Literal["injected", "unchanged", "skipped", "refused", "unreadable", "malformed"]
"""`unreadable` is a review whose object is no pod; `malformed` is no review at all."""

_WARNING_LENGTH = 256
"""The API server truncates longer warnings, and drops all beyond 4 KiB in total."""
_WARNINGS = 12
_ANNOTATIONS_SIZE = 262_144
"""Kubernetes' limit, in bytes. The status annotation holds the record of changes, so a large pod may exceed it."""
_UNPRINTABLE = re.compile(r"[^ -~]+")


class _Request(msgspec.Struct):
    uid: str
    object: Any = None
    operation: str | None = None
    namespace: str | None = None
    dryRun: bool | None = None  # noqa: N815  # as Kubernetes writes it


class _Review(msgspec.Struct):
    apiVersion: Literal["admission.k8s.io/v1"]  # noqa: N815
    kind: Literal["AdmissionReview"]
    request: _Request


class Reviewed(NamedTuple):
    """An answer, and what logs, metrics and Events say about it."""

    result: Result
    body: bytes
    status: int = 200
    """HTTP status: 200, or 400 for what is no review."""
    namespace: str = ""
    pod: str = ""
    """The pod's name, or its prefix if the API server generates the name."""
    owner: Json | None = None
    """Owner reference of the pod's controller."""
    dry_run: bool = False
    why: str = ""
    """Why the pod was skipped or refused; empty if it opted out."""
    bypasses: Sequence[str] = ()
    """Warnings about Services that bypass the sidecar."""


def review(body: bytes, options: Options, services: Sequence[Service] = ()) -> Reviewed:
    """Answer a review; `services` are all known ones, of any namespace. Raises for no input."""
    try:
        request = msgspec.json.decode(body, type=_Review).request
        return _reviewed(request, options, services)
    except (msgspec.DecodeError, UnicodeError) as error:
        return Reviewed("malformed", f"not an AdmissionReview of admission.k8s.io/v1: {error}".encode(), 400)
    except RecursionError:
        return Reviewed("malformed", b"not an AdmissionReview: nested too deep", 400)


def _reviewed(request: _Request, options: Options, services: Sequence[Service]) -> Reviewed:
    if request.operation not in (None, "CREATE") or request.object is None:
        return Reviewed("unchanged", _answer(request))
    try:
        _check_object(request.object)
    except Refused as error:
        why = f"it cannot be read as a pod: {error.why}"
        return Reviewed("unreadable", _answer(request, warnings=[f"no drift-sidecar: {why}"]), why=why)
    about = _about(request)
    try:
        patched = inject(request.object, options, request.namespace or "", asked=False)
    except Refused as error:
        return about._replace(result="refused", body=_answer(request, refusal=str(error)), why=str(error))
    if patched.skipped:
        opted_out = patched.skipped.startswith("disabled ")
        warnings = patched.warnings or ([] if opted_out else [f"no drift-sidecar: {patched.skipped}"])
        answer = _answer(request, patched.operations, warnings)
        return about._replace(result="skipped", body=answer, why="" if opted_out else patched.skipped)
    if _annotations_size(patched.pod) > _ANNOTATIONS_SIZE:
        why = "its annotations would be longer than 256 KiB"
        return about._replace(result="skipped", body=_answer(request, warnings=[f"no drift-sidecar: {why}"]), why=why)
    past = [text for _, text in bypasses(patched.pod, about.namespace, services)]
    answer = _answer(request, patched.operations, [*past, *patched.warnings])
    return about._replace(result="injected" if patched.operations else "unchanged", body=answer, bypasses=past)


def _check_object(thing: Any) -> None:
    check_pod(thing)
    if (thing.get("apiVersion") or "v1", thing.get("kind") or "Pod") != ("v1", "Pod"):
        raise Refused("object", f"it is a {thing.get('kind')}", "Send pods only")


def _about(request: _Request) -> Reviewed:
    metadata = request.object.get("metadata") or {}
    owners = [owner for owner in metadata.get("ownerReferences") or [] if owner.get("controller") is True]
    return Reviewed(
        "unchanged",
        b"",
        namespace=request.namespace or "",
        pod=str(metadata.get("name") or metadata.get("generateName") or ""),
        owner=owners[0] if owners else None,
        dry_run=request.dryRun is True,
    )


def _annotations_size(pod: Json) -> int:
    return sum(len(name.encode()) + len(text.encode()) for name, text in annotations_of(pod).items())


def _answer(
    request: _Request, operations: Sequence[Json] = (), warnings: Sequence[str] = (), refusal: str = ""
) -> bytes:
    response: Json = {"uid": request.uid, "allowed": not refusal}
    if refusal:
        response["status"] = {"code": 422, "reason": "Invalid", "message": f"drift-sidecar: {refusal}"}
    if operations:
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(msgspec.json.encode(operations)).decode()}
    if warnings:
        response["warnings"] = [_warning(text) for text in warnings[:_WARNINGS]]
    return msgspec.json.encode({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})


def _warning(text: str) -> str:
    """Text that fits into an HTTP Warning header: printable ASCII, and short."""
    plain = _UNPRINTABLE.sub(
        "?", text if text.startswith(("drift-sidecar", "no drift-sidecar")) else f"drift-sidecar: {text}"
    )
    return plain if len(plain) <= _WARNING_LENGTH else f"{plain[: _WARNING_LENGTH - 3]}..."

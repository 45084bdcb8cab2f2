"""One admission review: bytes of an AdmissionReview in, bytes of the answer out. Pure: no socket, no clock.

Whoever can reach the port may send anything, so whatever is no review is a 400, and a pod that cannot be read is let
through with a warning: the API server validates it next, and says it better. Only a wrong annotation refuses a pod.
The patch itself is `patch`'s business; what Services bypass it is `survey`'s.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from sidecar.inject.options import Options, Refused
from sidecar.inject.patch import inject
from sidecar.inject.shape import Json, annotations_of, check_shape
from sidecar.inject.survey import Service, bypasses

Result = Literal["injected", "unchanged", "skipped", "refused", "unreadable", "malformed"]
"""`unreadable`: a review of what is no pod; `malformed`: no review at all."""

_WARNING_LENGTH = 256
"""The API server cuts longer ones, and drops all beyond 4 KiB."""
_WARNINGS = 12
_ANNOTATIONS_SIZE = 262_144
"""What Kubernetes allows; ours holds what it takes to undo the patch."""
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
    """An answer, and what it is worth telling about it."""

    result: Result
    body: bytes
    status: int = 200
    """Of HTTP: 200, or 400 for what is no review."""
    namespace: str = ""
    pod: str = ""
    """Its name, or the prefix of it if the API server makes the name."""
    owner: Json | None = None
    """Reference of the pod's controller."""
    dry_run: bool = False
    why: str = ""
    """Why the pod was skipped or refused; empty if that was its own wish."""
    bypasses: Sequence[str] = ()
    """Services that go past the sidecar."""


def review(body: bytes, options: Options, services: Sequence[Service] = ()) -> Reviewed:
    """Answer a review. `services`: all that are known, of any namespace. Never raises for any input."""
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
        _check_pod(request.object)
    except Refused as error:
        why = f"it cannot be read as a pod: {error.why}"
        return Reviewed("unreadable", _answer(request, warnings=[f"no drift-sidecar: {why}"]), why=why)
    about = _about(request)
    try:
        patched = inject(request.object, options, request.namespace or "")
    except Refused as error:
        return about._replace(result="refused", body=_answer(request, refusal=str(error)), why=str(error))
    if patched.skipped:
        wished = patched.skipped.startswith("disabled ")
        warnings = patched.warnings or ([] if wished else [f"no drift-sidecar: {patched.skipped}"])
        answer = _answer(request, patched.operations, warnings)
        return about._replace(result="skipped", body=answer, why="" if wished else patched.skipped)
    if _annotations_size(patched.pod) > _ANNOTATIONS_SIZE:
        why = "its annotations would be longer than 256 KiB"
        return about._replace(result="skipped", body=_answer(request, warnings=[f"no drift-sidecar: {why}"]), why=why)
    past = bypasses(patched.pod, about.namespace, services)
    answer = _answer(request, patched.operations, [*past, *patched.warnings])
    return about._replace(result="injected" if patched.operations else "unchanged", body=answer, bypasses=past)


def _check_pod(thing: Any) -> None:
    check_shape(thing)
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
    """Text that fits into a Warning header, which must be plain and short."""
    plain = _UNPRINTABLE.sub(
        "?", text if text.startswith(("drift-sidecar", "no drift-sidecar")) else f"drift-sidecar: {text}"
    )
    return plain if len(plain) <= _WARNING_LENGTH else f"{plain[: _WARNING_LENGTH - 3]}..."

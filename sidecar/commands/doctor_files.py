"""The part of `doctor` that looks at manifests instead of a cluster: what would become of their pods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sidecar.commands.inject import read_manifests
from sidecar.errors import UserError
from sidecar.inject.manifests import patch_manifest
from sidecar.inject.options import Options
from sidecar.inject.patch import inject
from sidecar.inject.pod import Json, labels_of
from sidecar.inject.survey import Finding, Pod, Report, Service, asks_for_sidecar, has_sidecar, is_enabled, survey

_LABEL = "Label the namespace drift-sidecar/inject=enabled, or patch the manifest with `drift-sidecar inject -f`"


def check_files(files: Sequence[str], namespace: str, options: Options) -> Report:
    """Look at every pod of these files. `namespace` is that of objects that name none. Raises DataError."""
    things = [thing for file in files for document in read_manifests(file) for thing in _flat(document.value)]
    notes: list[str] = []
    pods = [pod for thing in things for pod in _pods(thing, namespace, notes)]
    services = [_service(thing, namespace) for thing in things if thing.get("kind") == "Service"]
    sent = {
        thing["metadata"]["name"]: is_enabled(labels_of(thing)) for thing in things if thing.get("kind") == "Namespace"
    }
    findings = [finding for pod in pods for finding in _examine(pod, services, options, sent, notes)]
    return Report(findings, notes)


def _flat(document: Any) -> list[Json]:
    if not isinstance(document, dict):
        return []
    if document.get("kind") == "List":
        return [thing for item in document.get("items") or [] for thing in _flat(item)]
    return [document]


def _pods(thing: Json, namespace: str, notes: list[str]) -> list[Pod]:
    found: list[Pod] = []

    def collect(pod: Json, where_from: str, where: str) -> Json:
        found.append(Pod(f"{where} in {where_from}", where_from, pod))
        return pod

    try:
        patch_manifest(thing, collect, namespace)
    except UserError as error:
        notes.append(f"not looked at: {error}")
    return found


def _service(thing: Json, namespace: str) -> Service:
    metadata = {"namespace": namespace, **(thing.get("metadata") or {})}
    try:
        return msgspec.convert({**thing, "metadata": metadata}, Service)
    except msgspec.ValidationError as error:
        raise UserError(f"Service {metadata.get('name')}", str(error), "Fix the manifest") from error


def _examine(
    one: Pod, services: Sequence[Service], options: Options, sent: dict[str, bool], notes: list[str]
) -> list[Finding]:
    """Findings about one pod as it would be; a namespace that is not in the files is taken for one that is sent."""
    if has_sidecar(one.pod):
        return survey([one], services, options)
    if not sent.get(one.namespace, True):
        if asks_for_sidecar(one.pod):
            why = "it asks for a sidecar in a namespace whose pods the webhook is not sent"
            return [Finding("no_sidecar", one.namespace, one.where, why, _LABEL)]
        notes.append(f"{one.where}: its namespace asks for no sidecar")
        return []
    try:
        patched = inject(one.pod, options, one.namespace, asked=False)
    except UserError as error:
        why = f"the webhook would refuse it: {error.what}: {error.why}"
        return [Finding("no_sidecar", one.namespace, one.where, why, error.mend)]
    if patched.skipped:
        notes.append(f"{one.where}: gets no sidecar: {patched.skipped}")
        return []
    notes.extend(f"{one.where}: {text}" for text in patched.warnings)
    return survey([one._replace(pod=patched.pod)], services, options)

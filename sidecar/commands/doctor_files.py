"""The part of `doctor` that looks at manifests instead of a cluster: what would become of their pods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sidecar.commands.inject import read_manifests
from sidecar.errors import UserError
from sidecar.inject.bypass import Service
from sidecar.inject.manifests import patch_manifest
from sidecar.inject.options import Options
from sidecar.inject.patch import inject
from sidecar.inject.pod import Json, labels_of
from sidecar.inject.survey import Finding, Namespace, Pod, Report, examine, examine_namespace, has_sidecar, unmet
from sidecar.inject.wishes import INJECT, is_sent, namespace_word


def check_files(files: Sequence[str], namespace: str, options: Options) -> Report:
    """Look at every pod of these files. `namespace` is that of objects that name none. Raises DataError."""
    things = [thing for file in files for document in read_manifests(file) for thing in _flat(document.value)]
    notes: list[str] = []
    services = [_service(thing, namespace) for thing in things if thing.get("kind") == "Service"]
    known = {
        str(thing["metadata"]["name"]): Namespace(str(thing["metadata"]["name"]), labels_of(thing))
        for thing in things
        if thing.get("kind") == "Namespace"
    }
    pods = [pod for thing in things for pod in _pods(thing, namespace, known, notes)]
    findings = [finding for one in known.values() for finding in examine_namespace(one)]
    findings += [finding for pod in pods for finding in _examine(pod, services, options, notes)]
    return Report(findings, notes)


def _flat(document: Any) -> list[Json]:
    if not isinstance(document, dict):
        return []
    if document.get("kind") == "List":
        return [thing for item in document.get("items") or [] for thing in _flat(item)]
    return [document]


def _pods(thing: Json, namespace: str, known: dict[str, Namespace], notes: list[str]) -> list[Pod]:
    """Pods of an object. A namespace that is not in the files is taken for one whose pods are all sent to the webhook."""
    found: list[Pod] = []

    def collect(pod: Json, where_from: str, where: str) -> Json:
        inside = known.get(where_from, Namespace(where_from, {INJECT: "enabled"}))
        found.append(Pod(f"{where} in {where_from}", inside, pod))
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


def _examine(one: Pod, services: Sequence[Service], options: Options, notes: list[str]) -> list[Finding]:
    """Findings about one pod as it would be."""
    if has_sidecar(one.pod):
        return examine(one, services, options)
    name = one.namespace.name
    if not is_sent(one.namespace.labels, one.pod):
        findings = unmet(one)
        if not findings:
            own = namespace_word(one.namespace.labels) == "on"
            notes.append(f"{one.where}: {'it opted out' if own else 'its namespace asks for no sidecar'}")
        return findings
    try:
        patched = inject(one.pod, options, name, asked=False)
    except UserError as error:
        why = f"the webhook would refuse it: {error.what}: {error.why}"
        return [Finding("no_sidecar", name, one.where, why, error.mend)]
    if patched.skipped:
        notes.append(f"{one.where}: gets no sidecar: {patched.skipped}")
        return []
    notes.extend(f"{one.where}: {text}" for text in patched.warnings)
    return examine(one._replace(pod=patched.pod), services, options)

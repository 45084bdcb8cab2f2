"""`drift-sidecar inject`: add the sidecar to manifests, as the webhook does to pods when they are made."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from sidecar.commands import manifest_yaml
from sidecar.errors import DataError
from sidecar.inject.manifests import patch_manifest
from sidecar.inject.options import Options, convert_options, read_options
from sidecar.inject.patch import inject, remove


def execute(options: argparse.Namespace) -> int:
    """Print the manifests with the sidecar; warnings go to stderr. Raises UserError, and then prints nothing."""
    wanted = _options(options)

    def add(pod: dict[str, Any], namespace: str, where: str) -> dict[str, Any]:
        patched = inject(pod, wanted, namespace)
        for text in [*patched.warnings, *([f"left as it is: {patched.skipped}"] if patched.skipped else [])]:
            print(f"{where}: {text}", file=sys.stderr)
        return patched.pod

    def take_away(pod: dict[str, Any], namespace: str, where: str) -> dict[str, Any]:
        return remove(pod)

    patch = take_away if options.remove else add
    made = [
        _changed(file, document, patch_manifest(document.value, patch, options.namespace))
        for file in options.file
        for document in read_manifests(file)
    ]
    sys.stdout.write(manifest_yaml.join(made))
    return 0


def _options(options: argparse.Namespace) -> Options:
    base = read_options(options.config) if options.config else Options()
    given = {
        name: getattr(options, name)
        for name in ("image", "kubernetes_version", "native", "traffic")
        if getattr(options, name) is not None
    }
    return convert_options(msgspec.structs.asdict(base) | given, "options")


def read_manifests(file: str) -> list[manifest_yaml.Document]:
    """Every document of a file, or of stdin for `-`. Raises DataError, which names file and line."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(file, f"cannot be read ({error})", "Give a file with manifests, or - for stdin") from error
    try:
        return manifest_yaml.read(text)
    except ValueError as error:
        raise DataError(file, f"is not YAML ({error})", "Fix the file at the line named") from error


def _changed(file: str, document: manifest_yaml.Document, value: Any) -> manifest_yaml.Document:
    try:
        return document.with_value(value)
    except ValueError as error:
        raise DataError(
            file, f"cannot be changed ({error})", "Write it in plain YAML, without explicit keys"
        ) from error

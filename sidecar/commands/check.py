"""`drift-sidecar check`: are settings and reference in order, and which are in force? Credentials are not shown."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from sidecar.commands.settings_options import settings_of
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import digest
from sidecar.proxy.address import parse_address
from sidecar.proxy.ingress import pairs
from sidecar.reference_store import read_reference
from sidecar.settings import Effective, catalogue, lookup, shown


def execute(options: argparse.Namespace) -> int:
    """Print every setting with its source; a bad one raises SettingsError or ReferenceFileError."""
    effective = settings_of(options)
    settings = effective.settings
    pairs(settings)
    parse_address("admin", settings.admin)
    reference = read_reference(settings.reference) if settings.reference else None
    if options.json:
        print(json.dumps({"settings": _rows(effective), "reference": _described(reference)}, indent=2))
    else:
        _print(effective, reference)
    return 0


def _rows(effective: Effective) -> dict[str, dict[str, Any]]:
    return {
        key: {"value": shown(key, lookup(effective.settings, key)), "source": effective.sources.get(key, "default")}
        for key in catalogue()
    }


def _described(reference: Profile | None) -> dict[str, Any] | None:
    if reference is None:
        return None
    sides = {side.value: len(profile.features) for side, profile in reference.sides.items()}
    return {"digest": digest(reference), "name": reference.name, "created": reference.created, "features": sides}


def _print(effective: Effective, reference: Profile | None) -> None:
    rows = _rows(effective)
    width = max(map(len, rows))
    for key, row in rows.items():
        source = "" if row["source"] == "default" else f"   ({row['source']})"
        print(f"{key:{width}}  {_text(row['value'])}{source}")
    described = _described(reference)
    if described is None:
        learned = effective.settings.learn.rows
        print(f"\nNo reference: one will be learned from the first {learned} rows.", file=sys.stderr)
    else:
        features = ", ".join(f"{count} {side} features" for side, count in described["features"].items())
        named = f" {described['name']}" if described["name"] else ""
        made = f" of {described['created'][:10]}" if described["created"] else ""
        print(f"\nReference {described['digest'][:8]}{named}{made}: {features}.", file=sys.stderr)


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value) if value != "" else "-"

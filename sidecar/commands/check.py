"""`drift-sidecar check`: are settings and reference in order, and which are in force? Credentials are not shown.

With `--admin` it also says how the sidecar that runs there is (`check_running` judges), and what is odd in what came to it.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from rich.console import Console

from sidecar.commands.asking import AdminPort, admin_port, ask
from sidecar.commands.check_running import Level, Line, judged
from sidecar.commands.constraints import rules_of, summary
from sidecar.commands.profile_report import print_report
from sidecar.commands.settings_options import settings_of
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.intake import Intake
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import digest, loads
from sidecar.core.reference.suspicions import findings_of
from sidecar.errors import SidecarError
from sidecar.proxy.address import parse_address
from sidecar.proxy.ingress import pairs
from sidecar.reference_store import read_reference
from sidecar.settings.catalogue import catalogue, lookup
from sidecar.settings.load import Effective
from sidecar.settings.shown import shown


def execute(options: argparse.Namespace) -> int:
    """Print every setting with its source; a bad one raises SettingsError or ReferenceFileError.

    Returns 1 if something is wrong now with the sidecar that was asked; what it has counted since its start is told alone.
    """
    effective = settings_of(options)
    settings = effective.settings
    pairs(settings)
    parse_address("admin", settings.admin)
    Intake(settings.decode, decoders(settings.decode))  # raises SettingsError for an unknown decoder
    reference = read_reference(settings.reference) if settings.reference else None
    running, live = _running(admin_port(settings)) if options.admin else ([], None)
    code = int(any(line.level is Level.ERROR for line in running))
    found = {name: findings_of(one) for name, one in (("reference", reference), ("live", live)) if one}
    if options.json:
        findings = {name: [asdict(one) for one in report] for name, report in found.items()}
        print(
            json.dumps(
                {
                    "settings": _rows(effective),
                    "reference": _described(reference),
                    "findings": findings,
                    "running": [line._asdict() for line in running],
                },
                indent=2,
            )
        )
        return code
    _print(effective, reference)
    if running:
        print(f"\nThe sidecar at {admin_port(settings)}:")
    for line in running:
        print(f"{line.level:7}  {line.about}: {line.said}")
    for name, report in found.items():
        if any(one.left_out or one.suspicions for one in report):
            print(f"\nOf the {name} profile:", file=sys.stderr)
            print_report(report, Console(stderr=True))
    return code


def _running(admin: AdminPort) -> tuple[list[Line], Profile | None]:
    """How the sidecar there is, and what came to it, in the bins of its reference; None if nothing was compared yet."""
    try:
        lines = judged(ask(admin, "/livez"), ask(admin, "/readyz"), ask(admin, "/metrics?merge=no"))
        answer = ask(admin, "/api/v1/profile")
    except SidecarError as error:
        return [Line("process", Level.ERROR, str(error))], None
    return lines, loads(answer.body, f"the live profile of {admin}") if answer.status == HTTPStatus.OK else None


def _rows(effective: Effective) -> dict[str, dict[str, Any]]:
    return {
        key: {"value": shown(key, lookup(effective.settings, key)), "source": effective.sources.get(key, "default")}
        for key in catalogue()
    }


def _described(reference: Profile | None) -> dict[str, Any] | None:
    if reference is None:
        return None
    described: dict[str, Any] = {"digest": digest(reference), "name": reference.name, "created": reference.created}
    described["rules"] = rules_of(reference)
    streams = {name: {"digest": digest(one), "features": _features(one)} for name, one in reference.streams.items()}
    return described | {"features": _features(reference)} | ({"streams": streams} if streams else {})


def _features(profile: Profile) -> dict[str, int]:
    return {side.value: len(of_side.features) for side, of_side in profile.sides.items()}


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
        parts = {"": described} | described.get("streams", {})
        features = "; ".join(
            (f"stream {name}: " if name else "")
            + ", ".join(f"{count} {side} features" for side, count in part["features"].items())
            for name, part in parts.items()
            if part["features"]
        )
        named = f" {described['name']}" if described["name"] else ""
        made = f" of {described['created'][:10]}" if described["created"] else ""
        print(f"\nReference {described['digest'][:8]}{named}{made}: {features}.", file=sys.stderr)
        if reference and described["rules"]:
            print(f"Its constraints are {summary(reference)}.", file=sys.stderr)


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value) if value != "" else "-"

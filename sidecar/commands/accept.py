"""`drift-sidecar accept`: the live rows since a time as the next reference, for a model whose input is different for good.

It only asks: the sidecar writes nothing, and what is accepted begins to count when the file, or the ConfigMap that is printed, is
where the sidecar's `reference` is read. What the rows cannot tell is said, since the next verdicts rest on it.
"""

from __future__ import annotations

import argparse
import getpass
import re
import sys
import urllib.parse
from datetime import UTC, datetime

import msgspec
import numpy as np
import yaml

from sidecar.commands.asking import REFUSED, AdminPort, ask, named
from sidecar.core.binning.bins import Kind
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.reference.profile_file import dumps, loads
from sidecar.core.stats.divergence import ratios
from sidecar.errors import SidecarError, UserError
from sidecar.reference_store import save_reference

DRIFT = "drift"
"""`--since drift`: since the first of the verdicts that stand."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LEAST_ROWS = 1_000
_CROWDED = 0.5
"""A reference tells rows apart by its bins. Where the accepted rows use less than this part of them, a drift is hardly seen."""
_CONFIG_MAP_BYTES = 1_048_576
_KEY = "reference.json"


class _Feature(msgspec.Struct):
    feature: str
    state: str
    state_since: float


class _Features(msgspec.Struct):
    features: list[_Feature]


def execute(options: argparse.Namespace) -> int:
    """Write the next reference; raises UserError where there are no rows, SidecarError where nobody answers."""
    admin = named(options)
    since = _since(options.since, admin, datetime.now(UTC).timestamp())
    query = urllib.parse.urlencode({"since": since, "by": options.by or getpass.getuser()})
    answer = ask(admin, f"/api/v1/profile?{query}")
    if answer.status in REFUSED:
        raise SidecarError(f"admin = {admin}: refused with status {answer.status}. Give its token (--token-file)")
    if answer.status != 200:
        fix = "Give an earlier --since, or wait: rows count from the first window that begins after it"
        raise UserError(
            f"--since {options.since}", f"no rows came to {admin} in whole windows since {_shown(since)}", fix
        )
    profile = loads(answer.body, f"the live profile of {admin}")
    _write(options, profile)
    for line in told(profile):
        print(line, file=sys.stderr)
    return 0


def _since(text: str, admin: AdminPort, now: float) -> float:
    """Unix seconds of `drift`, of a length of time before now, or of a moment in ISO 8601."""
    if text == DRIFT:
        return _first_verdict(admin)
    length = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if length:
        return now - float(length[1]) * _UNITS[length[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        fix = "Write 6h, 2d, 2026-11-25T08:00 (UTC) or drift"
        raise UserError(f"--since {text}", "is neither a length of time nor a moment", fix) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _first_verdict(admin: AdminPort) -> float:
    answer = ask(admin, "/api/v1/features")
    if answer.status != 200:
        raise SidecarError(f"admin = {admin}: answered with status {answer.status}. Is it of this release?")
    features = msgspec.json.decode(answer.body, type=_Features).features
    standing = [one.state_since for one in features if one.state == DRIFT]
    if not standing:
        raise UserError("--since drift", "no feature drifts", "Say since when rows count, e.g. --since 6h")
    return min(standing)


def _write(options: argparse.Namespace, profile: Profile) -> None:
    if options.config_map:
        print(_config_map(options.config_map, dumps(profile)), end="")
        return
    try:
        save_reference(profile, options.output)
    except OSError as error:
        raise UserError(options.output, f"cannot be written ({error.strerror})", "Name a file you may write") from error


def _config_map(place: str, profile: bytes) -> str:
    """The manifest of a ConfigMap, for `kubectl apply`."""
    namespace, _, name = place.rpartition("/")
    if len(profile) > _CONFIG_MAP_BYTES:
        raise UserError(f"--config-map {place}", "a ConfigMap holds 1 MiB, and this is more", "Write a file with -o")
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {_KEY: profile.decode()}}
    return yaml.safe_dump(manifest, sort_keys=False, width=10**9)


def told(profile: Profile) -> list[str]:
    """What was accepted, and what it cannot tell."""
    lines = []
    if profile.lineage:
        whole = f"{_shown(profile.lineage.since)} to {_shown(profile.lineage.until)}"
        lines.append(f"accepted: rows of {whole}, in the bins of {profile.lineage.parent[:8] or 'what was learned'}")
    for name, one in (("", profile), *profile.streams.items()):
        for side, rows in one.sides.items():
            lines += [f"{name} {side.value}: {text}".strip() for text in _of_side(rows)]
    lines.append(
        "relations between features are not in it, and are not watched until a profile of data takes its place"
    )
    return lines


def _of_side(side: SideProfile) -> list[str]:
    rows = int(side.rows.max(initial=0))
    lines = [f"{rows} rows"]
    if rows < _LEAST_ROWS:
        lines.append(f"few rows: {_LEAST_ROWS} or more make verdicts quicker")
    if nameless := [one.name for one in side.features if one.kind is Kind.CATEGORICAL and not one.rare_complete]:
        lines.append(
            f"rare names of {', '.join(nameless)} are not in it: a name that is new counts as `other`, not `unseen`"
        )
    return lines + [
        f"{name}: the rows crowd in {used:.1f} of {bins} bins, so that a drift among them is hardly seen; "
        "make a profile of new data instead"
        for name, used, bins in _crowded(side)
    ]


def _crowded(side: SideProfile) -> list[tuple[str, float, int]]:
    """Numeric features whose rows fall in few bins, by the exponential of their entropy."""
    shares = ratios(side.numbers)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    used = np.exp(-(shares * logs).sum(axis=1)).tolist()
    return [
        (feature.name, used[at], feature.bins)
        for at, feature in enumerate(side.features)
        if feature.ordered and len(feature.edges) > 1 and used[at] < _CROWDED * (len(feature.edges) - 1)
    ]


def _shown(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

"""`drift-sidecar bundle`: what a running sidecar says of itself, in one archive that can go with a report.

It asks the admin port, and adds nothing but the versions of what is installed here. No payload is in it: exchanges, profiles,
segments and the model's own metrics are not asked for, and what is asked for names nothing that is not on the page.
`check` judges the same answers.
"""

from __future__ import annotations

import argparse
import io
import json
import platform
import sys
import tarfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from sidecar import __version__
from sidecar.commands.asking import REFUSED, REFUSED_FIX, AdminPort, Answered, ask, named
from sidecar.errors import SidecarError, UserError

PARTS = {
    "livez.json": "/livez",
    "readyz.json": "/readyz",
    "status.json": "/api/v1/status",
    "settings.json": "/api/v1/settings",
    "features.json": "/api/v1/features",
    "constraints.json": "/api/v1/constraints",
    "changes.json": "/api/v1/changes",
    "faults.json": "/api/v1/faults",
    "history.json": "/api/v1/history",
    "metrics.txt": "/metrics?merge=no",
}
"""Files of the archive, and what each is the answer to."""
PART_BYTES = 4 * 1024 * 1024
"""Most of each; the rest is cut off, and `about.json` says so."""
_DISTRIBUTION = "drift-sidecar"


class Part(NamedTuple):
    """What one path answered, or why it did not."""

    answer: Answered | None
    problem: str


def execute(options: argparse.Namespace) -> int:
    """Write the archive; raises SidecarError where nothing answers, UserError where it cannot be written."""
    admin = named(options)
    parts = {name: _part(admin, path) for name, path in PARTS.items()}
    if not any(part.answer for part in parts.values()):
        raise SidecarError(parts["livez.json"].problem)
    about = json.dumps(_about(parts), indent=2).encode()
    files = {"about.json": about} | {name: part.answer.body for name, part in parts.items() if part.answer}
    _write(options.output, archive(files, time.time()))
    for name, part in parts.items():
        if part.problem:
            print(f"{name}: {part.problem}", file=sys.stderr)
    return 0


def _part(admin: AdminPort, path: str) -> Part:
    try:
        answer = ask(admin, path, limit=PART_BYTES)
    except SidecarError as error:
        return Part(None, str(error))
    if answer.status in REFUSED:
        return Part(None, f"refused with status {answer.status}; {REFUSED_FIX}")
    if not answer.whole:
        return Part(answer, f"cut off after {PART_BYTES} bytes")
    return Part(answer, "" if answer.status == 200 else f"answered with status {answer.status}")


def _about(parts: dict[str, Part]) -> dict[str, Any]:
    """Versions of the command and of what it runs on; `status.json` and `sidecar_build_info` have the sidecar's own."""
    return {
        "drift_sidecar": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": _packages(),
        "problems": {name: part.problem for name, part in parts.items() if part.problem},
    }


def _packages() -> dict[str, str]:
    """Versions of what is installed of our dependencies, also of those that an extra brings."""
    wanted = [one.split(";")[0] for one in metadata.requires(_DISTRIBUTION) or ()]
    names = {"".join(sign if sign.isalnum() or sign in "-_." else " " for sign in one).split()[0] for one in wanted}
    found = {}
    for name in sorted(names):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def archive(files: dict[str, bytes], now: float) -> bytes:
    """A gzip-compressed tar of these files, for the user's eyes alone, made at `now` (Unix seconds)."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"drift-sidecar-bundle/{name}")
            entry.size, entry.mtime, entry.mode = len(content), int(now), 0o600
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _write(path: str, content: bytes) -> None:
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise UserError(path, f"cannot be written ({error.strerror})", "Name a file you may write") from error

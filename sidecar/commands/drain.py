"""`drift-sidecar drain`: tell the sidecar of this pod that the pod will end. It is the preStop hook of a native sidecar."""

from __future__ import annotations

import argparse
import os

from sidecar.commands.asking import ask
from sidecar.errors import SidecarError
from sidecar.proxy.address import parse_address
from sidecar.settings.load import load


def execute(options: argparse.Namespace) -> int:
    """Ask, and return at once: the sidecar serves on until SIGTERM. Raises SidecarError if nobody answers, or refuses."""
    admin = parse_address("admin", load(None, os.environ, {"admin": options.admin}).settings.admin)
    status = ask(admin, "/drain", "DELETE" if options.end else "POST").status
    if status == 409:
        raise SidecarError(f"admin = {admin}: there is no drain that could be ended, or it ends with the process")
    if status not in (200, 202):
        raise SidecarError(f"admin = {admin}: refused with status {status}. It can only be asked from within the pod")
    return 0

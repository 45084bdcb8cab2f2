"""`drift-sidecar drain`: tell the sidecar of this pod that the pod will end. It is the preStop hook of a native sidecar."""

from __future__ import annotations

import argparse

from sidecar.commands.asking import ask, named
from sidecar.errors import SidecarError


def execute(options: argparse.Namespace) -> int:
    """Ask, and return at once: the sidecar serves on until SIGTERM. Raises SidecarError if nobody answers, or refuses."""
    admin = named(options)
    status = ask(admin, "/drain", "DELETE" if options.end else "POST").status
    if status == 409:
        raise SidecarError(f"admin = {admin}: there is no drain that could be ended, or it ends with the process")
    if status not in (200, 202):
        fix = "It can only be asked from within the pod, or with its token (--token-file)"
        raise SidecarError(f"admin = {admin}: refused with status {status}. {fix}")
    return 0

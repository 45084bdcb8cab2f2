"""`drift-sidecar drain`: tell the sidecar of this pod that the pod will end. It is the preStop hook of a native sidecar."""

from __future__ import annotations

import argparse
import http.client
import os

from sidecar.errors import SidecarError
from sidecar.proxy.address import parse_address
from sidecar.settings import load

_SECONDS = 5.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where it listens, and where it is asked


def execute(options: argparse.Namespace) -> int:
    """Ask, and return at once: the sidecar serves on until SIGTERM. Raises SidecarError if nobody answers."""
    admin = parse_address("admin", load(None, os.environ, {"admin": options.admin}).settings.admin)
    connection = http.client.HTTPConnection(EVERYWHERE.get(admin.host, admin.host), admin.port, timeout=_SECONDS)
    try:
        connection.request("POST", "/drain")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise SidecarError(f"admin = {admin}: does not answer ({error}). Is the sidecar running here?") from error
    finally:
        connection.close()
    if status != 202:
        raise SidecarError(f"admin = {admin}: refused with status {status}. It can only be asked from within the pod")
    return 0

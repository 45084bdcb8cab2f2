"""Asks a sidecar that runs: its admin port, from the machine or pod that a command runs in."""

from __future__ import annotations

import argparse
import http.client
import os
from pathlib import Path
from typing import NamedTuple

from sidecar.access import CONSENT
from sidecar.errors import SidecarError, UserError
from sidecar.proxy.address import Address, parse_address
from sidecar.settings import Settings
from sidecar.settings.load import load

REFUSED = (401, 403)
REFUSED_FIX = "ask from within the pod, or with its token (access.token_file)"
"""What to do about a refusal."""
_SECONDS = 5.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where it listens, and where it is asked


class Answered(NamedTuple):
    """Status and body of an answer."""

    status: int
    body: bytes
    whole: bool = True
    """False where the body is longer than asked for."""


class AdminPort(NamedTuple):
    """Where a sidecar is asked, and the file with the token that it asks for, if it does."""

    address: Address
    token_file: str = ""

    def __str__(self) -> str:
        return str(self.address)


def named(options: argparse.Namespace) -> AdminPort:
    """The admin port that flags or the environment name. Raises SettingsError."""
    return admin_port(
        load(None, os.environ, {"admin": options.admin, "access.token_file": options.token_file}).settings
    )


def admin_port(settings: Settings) -> AdminPort:
    """The admin port of a sidecar with these settings. Raises SettingsError."""
    return AdminPort(parse_address("admin", settings.admin), settings.access.token_file)


def ask(admin: AdminPort, path: str, method: str = "GET", limit: int | None = None) -> Answered:
    """What the admin port answers; of its body at most `limit` bytes.

    Raises SidecarError if nobody does, UserError if the token cannot be read.
    """
    host, port = admin.address.host, admin.address.port
    connection = http.client.HTTPConnection(_EVERYWHERE.get(host, host), port, timeout=_SECONDS)
    headers = {CONSENT: "asks"} | ({"Authorization": f"Bearer {_token(admin)}"} if admin.token_file else {})
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read() if limit is None else answer.read(limit + 1)
        return Answered(answer.status, body[:limit], limit is None or len(body) <= limit)
    except (OSError, http.client.HTTPException) as error:
        raise SidecarError(f"admin = {admin}: does not answer ({error}). Is the sidecar running here?") from error
    finally:
        connection.close()


def _token(admin: AdminPort) -> str:
    try:
        return Path(admin.token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        fix = "Name the file that the sidecar's access.token_file names"
        raise UserError(admin.token_file, f"holds no token that can be read ({error})", fix) from error

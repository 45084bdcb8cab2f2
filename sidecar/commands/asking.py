"""Asks a sidecar that runs: its admin port, from the machine or pod that a command runs in."""

from __future__ import annotations

import http.client
from typing import NamedTuple

from sidecar.errors import SidecarError
from sidecar.proxy.address import Address

_SECONDS = 5.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where it listens, and where it is asked


class Answered(NamedTuple):
    """Status and body of an answer."""

    status: int
    body: bytes
    whole: bool = True
    """False where the body is longer than asked for."""


def ask(admin: Address, path: str, method: str = "GET", limit: int | None = None) -> Answered:
    """What the admin port answers; of its body at most `limit` bytes. Raises SidecarError if nobody does."""
    connection = http.client.HTTPConnection(_EVERYWHERE.get(admin.host, admin.host), admin.port, timeout=_SECONDS)
    try:
        connection.request(method, path, headers={"x-drift-sidecar": "asks"})
        answer = connection.getresponse()
        body = answer.read() if limit is None else answer.read(limit + 1)
        return Answered(answer.status, body[:limit], limit is None or len(body) <= limit)
    except (OSError, http.client.HTTPException) as error:
        raise SidecarError(f"admin = {admin}: does not answer ({error}). Is the sidecar running here?") from error
    finally:
        connection.close()

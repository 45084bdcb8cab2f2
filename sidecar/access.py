"""Who may ask what of the admin port, by token, address, `Host` and `Origin`. Both processes ask here, as both answer there.

Health is anybody's. Reading takes a name that no stranger can make lead here (DNS rebinding), or the token where one is set.
Changing something takes a header that no web page of another origin can send, and the pod itself or the token. Neighbours:
`proxy.admin_front` guards what it answers, `observer.admin` every request that is spliced to it.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from hmac import compare_digest
from pathlib import Path
from typing import Final, NamedTuple

from sidecar.errors import SettingsError
from sidecar.settings import AccessSettings

CONSENT: Final = "x-drift-sidecar"
"""Header of requests that change something. A web page of another origin may not send it, whatever the browser can reach."""
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer of the admin port."""
NO_CONTENT_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
"""`Content-Security-Policy` of answers that are no page."""

CHALLENGE: Final = 'Basic realm="drift-sidecar", charset="UTF-8"'
"""`WWW-Authenticate` of a 401: it makes a browser ask for the token, as the password of anybody."""

_HEALTH: Final = frozenset({"/livez", "/readyz", "/drained"})
"""What kubelet asks, which has no credentials: probes, and the model's preStop hook."""
_SERVICE_MESH: Final = "127.0.0.6"
"""Where Istio's proxy hands in what came from other hosts."""
_OURS: Final = ("localhost", "svc", "cluster.local", "internal")
"""Ends of names that cannot be had in the public DNS."""
_NAME = re.compile(r"[\w.-]+", re.ASCII)
_BRACKETED = re.compile(r"\[([^\]]*)\](?::\d*)?")
Signature = tuple[int, int, int]


class Refused(NamedTuple):
    """Why a request is not answered."""

    status: int
    """401 if a token would help, else 403."""
    detail: str


class Token:
    """What a file says, as of now. Without a file, or until it could be read, nothing matches."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None
        self._seen: Signature | None = None
        self._token = b""

    @property
    def known(self) -> bool:
        """Whether a token could be read, now or before."""
        self._look()
        return bool(self._token)

    def matches(self, authorization: str) -> bool:
        """Whether the header brings it, compared in constant time."""
        return self.known and compare_digest(_credential(authorization), self._token)

    def _look(self) -> None:
        """Read the file again if it was written, replaced, or its link was turned, as for a Secret; else, or if it is gone or
        empty, the last one holds.
        """
        if self._path is None:
            return
        try:
            found = self._path.stat()
            signature = found.st_ino, found.st_mtime_ns, found.st_size
            if signature == self._seen:
                return
            self._token = self._path.read_bytes().strip() or self._token
        except OSError:
            return
        self._seen = signature


class Access:
    """The rules. A token that is asked for and cannot be read lets nobody in."""

    def __init__(self, settings: AccessSettings) -> None:
        self._settings = settings
        self._token = Token(settings.token_file)
        self._hosts = frozenset(name.lower() for name in settings.hosts)

    def check(self) -> None:
        """Raises SettingsError if there should be a token and none can be read."""
        path = self._settings.token_file
        if path and not self._token.known:
            raise SettingsError(
                f"access.token_file = {path!r}", "holds no token that can be read", "Write one line into that file"
            )

    def to_read(self, path: str, headers: Mapping[str, str]) -> Refused | None:
        """Why `path` is not answered; `headers` finds values by names in small letters."""
        if path in _HEALTH or self._token.matches(headers.get("authorization", "")):
            return None
        if self._settings.token_file and not (path == "/metrics" and self._settings.open_metrics):
            return Refused(401, "send the token of access.token_file (Authorization: Bearer)")
        if not self._known(headers.get("host", "localhost")):
            return Refused(403, "asked by a name that is not known: see access.hosts")
        return None

    def to_change(self, headers: Mapping[str, str], peer: str) -> Refused | None:
        """Why nothing is changed for `peer`, an address as the kernel writes it; empty if it has none."""
        if CONSENT not in headers or "origin" in headers:
            return Refused(403, f"send the header {CONSENT}, and no Origin: no web page may ask")
        if self._token.matches(headers.get("authorization", "")):
            return None
        if not is_loopback(peer):
            where = "from within the pod" + (", or with the token" if self._settings.token_file else "")
            return Refused(401 if self._settings.token_file else 403, f"this can only be asked for {where}")
        host = headers.get("host", "localhost")
        if host.partition(":")[0] != "localhost" and not is_address(host):
            return Refused(403, "asked by a name, not by an address or localhost: no web page may ask")
        return None

    def _known(self, host: str) -> bool:
        """Whether a Host header is an address, or a name that no stranger can make lead here."""
        name = host.rpartition(":")[0] if host.count(":") == 1 else host
        name = name.lower()
        local = "." not in name or name.endswith(tuple(f".{end}" for end in _OURS))
        return is_address(host) or name in self._hosts or (local and _NAME.fullmatch(name) is not None)


def is_loopback(host: str) -> bool:
    """Whether an address as the kernel writes it is of this pod itself."""
    address = host.removeprefix("::ffff:")
    return host == "::1" or (address.startswith("127.") and address != _SERVICE_MESH)


def is_address(host: str) -> bool:
    """Whether a Host header is an IP address, with or without a port."""
    bracketed = _BRACKETED.fullmatch(host)
    bare = bracketed[1] if bracketed else host.rpartition(":")[0] if host.count(":") == 1 else host
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return False
    return True


def _credential(authorization: str) -> bytes:
    """What a Bearer header carries, or the password of a Basic one; empty for anything else."""
    scheme, _, value = authorization.strip().partition(" ")
    given = value.strip().encode("utf-8", "surrogateescape")
    if scheme.lower() == "bearer":
        return given
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(given, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""

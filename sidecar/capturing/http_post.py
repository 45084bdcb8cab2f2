"""Posts over one connection that is kept, with timeouts; for a thread that sends one thing after the other.

A receiver that hangs costs the timeout, and one that answers without end costs the connection.
"""

from __future__ import annotations

import base64
import http.client
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

_ANSWER_BYTES = 65_536
"""More of an answer is not read."""


class Poster:
    """Posts to one `http` or `https` URL. User and password in it are sent as Basic authentication."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        """Raises ValueError for a URL that cannot be posted to."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:  # whose message repeats what may be a password
            raise ValueError("is no URL") from error
        if parts.scheme not in ("http", "https") or not host:
            raise ValueError("is no http or https URL")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(host, port, timeout=timeout_seconds)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            self._headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"

    def post(self, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer. Raises OSError; what is no HTTP is a ConnectionError."""
        try:
            return self._post(headers, body)
        except http.client.HTTPException as error:
            self._connection.close()
            raise ConnectionError(f"the answer is no HTTP ({type(error).__name__})") from error
        except OSError:
            self._connection.close()
            raise

    def close(self) -> None:
        """End the connection; a further post makes another."""
        self._connection.close()

    def _post(self, headers: Mapping[str, str], body: bytes) -> int:
        kept = self._connection.sock is not None
        try:
            answer = self._answer(headers, body)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self._connection.close()
            if not kept:
                raise
            answer = self._answer(headers, body)  # the server closed a connection that was idle
        rest = answer.read(_ANSWER_BYTES + 1)
        if len(rest) > _ANSWER_BYTES:
            self._connection.close()
        return answer.status

    def _answer(self, headers: Mapping[str, str], body: bytes) -> http.client.HTTPResponse:
        self._connection.request("POST", self._target, body, {**headers, **self._headers})
        return self._connection.getresponse()

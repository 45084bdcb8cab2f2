"""Where references are stored: reads a profile from a file or a URL, and saves one to a file.

Commands, the observer and its reload share it. Parsing the bytes is the core's business. A URL that does not answer is no
error in the settings: the observer exits, is restarted and asks again, while traffic flows. Saving replaces the file
atomically, so that nobody reads half of one.
"""

from __future__ import annotations

import http.client
import os
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import dumps, loads
from sidecar.errors import ReferenceFileError, ReferenceUnreachableError
from sidecar.plain_text import without_credentials

_URL = ("https://", "http://")
_ANSWER_SECONDS = 10.0
_WHOLE_SECONDS = 60.0
_LIMIT_BYTES = 64 * 2**20


def read_reference(place: str) -> Profile:
    """The profile in a file or at a URL.

    Raises ReferenceFileError, which names the place, the reason and the fix, and ReferenceUnreachableError for a URL
    that does not answer within a minute, or answers with more than 64 MiB.
    """
    if place.startswith(_URL):
        return loads(_fetch(place), without_credentials(place))
    return loads(_read(place), place)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise ReferenceFileError(path, reason, "Give a file made by `drift-sidecar profile`") from error


def _fetch(url: str) -> bytes:
    shown = without_credentials(url)
    deadline = time.monotonic() + _WHOLE_SECONDS
    data = bytearray()
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as response:  # noqa: S310  # http and https only
            while piece := response.read1(65_536):
                data += piece
                if len(data) > _LIMIT_BYTES or time.monotonic() > deadline:
                    raise ReferenceUnreachableError(
                        f"{shown}: is too long, or comes too slowly. Give a reference profile"
                    )
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        reason = (
            "is no URL that can be read" if isinstance(error, http.client.InvalidURL) else error
        )  # it holds the password
        raise ReferenceUnreachableError(
            f"{shown}: cannot be fetched ({reason}). Look whether it answers here"
        ) from error
    return bytes(data)


def save_reference(profile: Profile, path: str) -> None:
    """Write a profile, replacing the file atomically. Raises OSError."""
    target = Path(path)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(dumps(profile))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # others read it: it holds shares of values, as a reference does
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

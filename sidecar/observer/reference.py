"""The reference as a file: read at the start, and written when one was learned and is to be kept.

What the bytes mean is the core's business. A learned reference replaces the file in one step, so that nobody ever reads
half of one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sidecar.core.profile import Profile
from sidecar.core.profile_file import dumps, loads
from sidecar.errors import ReferenceFileError


def read_reference(path: str) -> Profile:
    """The profile in a file. Raises ReferenceFileError, which names the file, the reason and the mend."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise ReferenceFileError(path, reason, "Give a file made by `drift-sidecar profile`") from error
    return loads(data, path)


def save_reference(profile: Profile, path: str) -> None:
    """Write a profile, replacing the file at once. Raises OSError."""
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

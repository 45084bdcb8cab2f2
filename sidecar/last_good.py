"""The reference that was last read whole, kept so that a damaged one leaves nobody without: an observer that starts again has it.

It lies in a directory of this user's own below the one for temporary files, which in a pod outlives the container. Nothing here
raises: where nothing can be kept, there is nothing to fall back on. Neighbours: `reference_store` reads and saves, `reload`
takes up what is replaced while the observer runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from sidecar.core.reference.profile import Profile
from sidecar.errors import ReferenceFileError, ReferenceUnreachableError
from sidecar.reference_store import read_reference, save_reference

Failure = ReferenceFileError | ReferenceUnreachableError


class LastGood:
    """Of one place, a path or a URL."""

    def __init__(self, place: str, temporary: str = "") -> None:
        """`temporary` is the directory for temporary files; empty for the system's."""
        self._place = place
        self._folder = Path(temporary or tempfile.gettempdir()) / f"drift-sidecar-{os.getuid()}"
        known_by = place if "://" in place else str(Path(place).absolute())  # a link that is turned is the same place
        self._file = self._folder / f"{hashlib.sha256(known_by.encode()).hexdigest()[:32]}.json"

    def read(self) -> tuple[Profile, Failure | None]:
        """The reference at the place, which is kept; or the last good one, and why. Raises the failure if there is none."""
        try:
            profile = read_reference(self._place)
        except (ReferenceFileError, ReferenceUnreachableError) as error:
            return self._kept(error), error
        self.keep(profile)
        return profile, None

    def keep(self, profile: Profile) -> None:
        """Remember a reference that was read from the place."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if self._is_ours():
                save_reference(profile, str(self._file))

    def _kept(self, failure: Failure) -> Profile:
        try:
            if self._is_ours():
                return read_reference(str(self._file))
        except (OSError, ReferenceFileError):
            pass  # the failure says what is wrong
        raise failure

    def _is_ours(self) -> bool:
        """Whether nobody else can have written in the directory. Raises OSError if it is not there."""
        found = self._folder.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022

"""A mark on a disk: beyond it nothing more is captured, because a full disk harms whoever shares it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

_LOOK_SECONDS = 1.0


class DiskMark:
    """Whether less than `min_free_ratio` of the file system of `path` is free to us; looks once a second at most."""

    def __init__(
        self,
        path: str,
        min_free_ratio: float,
        clock: Callable[[], float] = time.monotonic,
        statvfs: Callable[[str], os.statvfs_result] = os.statvfs,
    ) -> None:
        self._path = path
        self._ratio = min_free_ratio
        self._clock = clock
        self._statvfs = statvfs
        self._looked = float("-inf")
        self._reached = False

    def reached(self) -> bool:
        """As of the last look. A path that is not there is no reason to stop: writing to it will tell."""
        now = self._clock()
        if self._ratio and now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._reached = self._look()
        return self._reached

    def _look(self) -> bool:
        try:
            disk = self._statvfs(self._path)
        except OSError:
            return False
        return bool(disk.f_blocks) and disk.f_bavail < disk.f_blocks * self._ratio

    def __str__(self) -> str:
        return f"less than {self._ratio:.1%} of the disk is free"

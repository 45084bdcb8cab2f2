"""Answers by the version of the model that they name, so that a server that changes models without a restart shows it.

The names are the server's own and could be without number, so only the first few are told apart.
"""

from __future__ import annotations

from collections import Counter

OTHER = "_other"
"""All versions after the first `MOST`, and those whose names are too long to be one."""
MOST = 20
_LONGEST = 64


class ModelVersions:
    """Counts; `by_version` has at most `MOST` versions and `OTHER`."""

    def __init__(self) -> None:
        self.by_version: Counter[str] = Counter()

    def add(self, version: str) -> None:
        """An answer names this version; an empty one is none."""
        known = self.by_version
        if not version:
            return
        if version not in known and (len(known) >= MOST or len(version) > _LONGEST):
            version = OTHER
        known[version] += 1

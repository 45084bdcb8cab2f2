"""Counts responses by the model version that they name, so that a server that switches models without a restart shows it.

The names are the server's own and could be unbounded, so only the first few are counted separately.
"""

from __future__ import annotations

from collections import Counter

OTHER = "_other"
"""All versions after the first `MOST`, and names that are too long for a version."""
MOST = 20
_LONGEST = 64


class ModelVersions:
    """Counts responses; `by_version` has at most `MOST` versions and `OTHER`."""

    def __init__(self) -> None:
        self.by_version: Counter[str] = Counter()

    def add(self, version: str) -> None:
        """Count a response that names this version; an empty one is ignored."""
        known = self.by_version
        if not version:
            return
        if version not in known and (len(known) >= MOST or len(version) > _LONGEST):
            version = OTHER
        known[version] += 1

"""Counts responses by the model version that they name, so that a server that switches models without a restart shows it.

The names are the server's own and could be unbounded, so only the first few are counted separately.
"""

from __future__ import annotations

from collections import Counter

from sidecar.core.words.lookalikes import NAMES_OF_THINGS, kind_of_text

OTHER = "_other"
"""All versions after the first `MOST`, and names that no version would have."""
MOST = 20
_LONGEST = 64


def _may_be_named(version: str) -> bool:
    return len(version) <= _LONGEST and kind_of_text(version) in NAMES_OF_THINGS


class ModelVersions:
    """Counts responses; `by_version` has at most `MOST` versions and `OTHER`."""

    def __init__(self) -> None:
        self.by_version: Counter[str] = Counter()

    def add(self, version: str) -> None:
        """Count a response that names this version; an empty one is ignored."""
        known = self.by_version
        if not version:
            return
        if version not in known and (len(known) >= MOST or not _may_be_named(version)):
            version = OTHER
        known[version] += 1

"""Which column of a frame is which feature of the reference.

Named columns go by name. Unnamed ones go by the configured names, else by the reference's order if there are as many,
else they are called f0, f1, ... so that they can at least be counted and learned.
"""

from __future__ import annotations

from typing import NamedTuple

from sidecar.core.binning.binner import ABSENT

Names = tuple[str, ...]


class Matching(NamedTuple):
    """For each feature its column (or ABSENT); how many features are absent and how many columns are no feature."""

    columns: list[int]
    missing: Names
    extra: int
    misshapen: bool
    """The columns had no names, and neither the configured names nor the reference fit their number."""

    @property
    def matches(self) -> bool:
        """At least one column is a feature of the reference."""
        return len(self.missing) < len(self.columns)


def names_for(names: Names | None, width: int, configured: Names, reference: Names) -> Names:
    """The names of `width` columns."""
    if names is not None:
        return names
    for known in (configured, reference):
        if len(known) == width:
            return known
    return tuple(f"f{at}" for at in range(width))


def match_columns(names: Names | None, width: int, configured: Names, reference: Names) -> Matching:
    """Find each feature of `reference` among the columns; of two columns with one name the first counts."""
    fitting = width in (len(configured), len(reference))
    columns: dict[str, int] = {}
    for at, name in enumerate(names_for(names, width, configured, reference)):
        columns.setdefault(name, at)
    missing = tuple(name for name in reference if name not in columns)
    known = len(reference) - len(missing)
    found = [columns.get(name, ABSENT) for name in reference]
    return Matching(found, missing, width - known, names is None and not fitting)

"""Finds the column of a frame for each feature of the reference.

Named columns are matched by name. Unnamed ones get the configured names, else the names of the reference in order if there are as
many, else f0, f1, ... so that they can at least be counted and learned.
"""

from __future__ import annotations

from typing import NamedTuple

from sidecar.core.binning.binner import ABSENT

Names = tuple[str, ...]


class Matching(NamedTuple):
    """The column of each feature, or ABSENT; the names of features without a column, and the number of `extra` columns."""

    columns: list[int]
    missing: Names
    extra: int
    misshapen: bool
    """The columns have no names, and their number fits neither the configured names nor the reference."""

    @property
    def matches(self) -> bool:
        """Whether at least one column is a feature of the reference."""
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
    """Find each feature of `reference` among the columns; of two columns with the same name the first counts."""
    fitting = width in (len(configured), len(reference))
    columns: dict[str, int] = {}
    for at, name in enumerate(names_for(names, width, configured, reference)):
        columns.setdefault(name, at)
    missing = tuple(name for name in reference if name not in columns)
    known = len(reference) - len(missing)
    found = [columns.get(name, ABSENT) for name in reference]
    return Matching(found, missing, width - known, names is None and not fitting)

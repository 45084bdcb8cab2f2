"""Finds the column of a frame for each feature of the reference.

Named columns are matched by name. Unnamed ones get the configured names, else the names of the reference in order if there are as
many, else f0, f1, ... so that they can at least be counted and learned.
"""

from __future__ import annotations

from typing import NamedTuple

from sidecar.core.binning.binner import ABSENT
from sidecar.core.words.frame import CLASS_PARTS, PREDICTION, spread

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


def aligned(names: Names | None, width: int, reference: Names) -> Names | None:
    """The names of an output's columns as a reference with other names has them: a lone output is its only output, and
    probabilities of classes without names are its outputs in order.
    """
    if names is None:
        classes = spread(PREDICTION, width)
        return classes if set(classes) < set(reference) else None
    own = tuple(name for name in names if not name.endswith(CLASS_PARTS))
    if len(own) != len(reference) or not set(reference).isdisjoint(names):
        return names
    if len(own) > 1 and own != spread(PREDICTION, len(own)):
        return names
    return reference + names[len(own) :]


def match_columns(
    names: Names | None, width: int, configured: Names, reference: Names, left_out: Names = ()
) -> Matching:
    """Find each feature of `reference` among the columns; of two columns with one name the first counts. Columns that the
    reference left out are not extra.
    """
    fitting = width in (len(configured), len(reference))
    columns: dict[str, int] = {}
    for at, name in enumerate(names_for(names, width, configured, reference)):
        columns.setdefault(name, at)
    missing = tuple(name for name in reference if name not in columns)
    classes = sum(name not in reference for name in columns if name.endswith(CLASS_PARTS))
    known = len(reference) - len(missing) + classes + sum(name in columns for name in left_out)
    found = [columns.get(name, ABSENT) for name in reference]
    return Matching(found, missing, width - known, names is None and not fitting)

"""What the user said of columns before a reference is made of them: `profile`'s options, in the words of the core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.core.binning.bins import Kind
from sidecar.core.binning.cuts import CATEGORY_ROWS, Naming, hides_none
from sidecar.core.words.cell_texts import PLAIN, Reading
from sidecar.core.words.lookalikes import kind_of_text


@dataclass(frozen=True)
class Choices:
    """By name of the column; what is not named is told by the values."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    derive: Mapping[str, str] = field(default_factory=dict)
    """Columns that features are derived from, and how."""
    reading: Reading = PLAIN
    """How the texts of all columns are read..."""
    readings: Mapping[str, Reading] = field(default_factory=dict)
    """...but these."""
    include: frozenset[str] = frozenset()
    """Columns that are features though they look like identifiers or indices."""
    category_rows: int = CATEGORY_ROWS
    """Categories of fewer rows are not named."""
    secret: str = ""
    """The key by which names are known that are not told (`Naming.secret`)."""
    index: frozenset[str] = frozenset()
    """Columns of which the file says that they are its index."""
    withhold: bool = False
    """Leave out what looks like secrets or personal data. Where a reference is learned, `consent` decides instead."""
    arrivals: bool = False
    """When rows came is known, so that the age of times is."""

    def read(self, name: str) -> Reading:
        """How the texts of a column are read."""
        return self.readings.get(name, self.reading)

    def is_told(self, name: str) -> bool:
        """The user named it, so it is not left out."""
        return name in self.include or name in self.kinds or name in self.derive

    def withholds(self, name: str) -> bool:
        """Look-alikes in the column are left out."""
        return self.withhold and not self.is_told(name)

    def naming(self, name: str) -> Naming:
        """Which names of the column may be told."""
        return Naming(self.category_rows, kind_of_text if self.withholds(name) else hides_none, self.secret)

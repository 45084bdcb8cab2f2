"""Which columns of a file are inputs, which are outputs, and which are left out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sidecar.core.frame import Frame, Side
from sidecar.errors import DataError


@dataclass(frozen=True)
class Columns:
    """The user's choice by name; everything that is neither output nor excluded is an input."""

    outputs: frozenset[str] = field(default_factory=frozenset)
    excluded: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, outputs: str, excluded: str) -> Columns:
        """From comma-separated names, as given on the command line."""
        return cls(_names(outputs), _names(excluded))

    def check(self, source: str, present: Sequence[str]) -> None:
        """Raises DataError if a chosen name is not among those present."""
        for name in sorted(self.outputs | self.excluded):
            if name not in present:
                near = difflib.get_close_matches(name, present, n=1)
                mend = f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(map(str, present[:20]))}"
                raise DataError(source, f"has no column {name!r}", mend)

    def frames(self, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> Iterator[Frame]:
        """The chosen columns, given column by column, as one frame a side."""
        for side in Side:
            chosen = [at for at, name in enumerate(names) if self._side(name) is side]
            if chosen and len(columns[0]):
                rows = len(columns[0])
                flat = list(chain.from_iterable(zip(*(columns[at] for at in chosen), strict=True)))
                yield Frame(side, tuple(names[at] for at in chosen), rows, len(chosen), flat)

    def _side(self, name: str) -> Side | None:
        if name in self.excluded:
            return None
        return Side.OUTPUT if name in self.outputs else Side.INPUT


def transposed(rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Rows to columns."""
    return list(zip(*rows, strict=True))


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())

"""Results that are kept in a file, so that a run of many minutes goes on where it was interrupted.

A result is kept under its name and a digest of the sources it was made by: a change of any of them makes it anew. A file is
whole or not there, so that no interruption leaves a part of one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

Result = TypeVar("Result")


def digest(sources: Iterable[Path]) -> str:
    """Of the texts of these files, and of all modules in these folders."""
    found = hashlib.sha256()
    for source in sources:
        for path in sorted(source.rglob("*.py")) if source.is_dir() else [source]:
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


class Kept(Generic[Result]):
    """A folder of results, each a JSON file of the type `kind`."""

    def __init__(self, folder: Path, kind: type[Result], sources: Iterable[Path]) -> None:
        self._folder = folder / digest(sources)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._kind = kind

    def get(self, name: str, make: Callable[[], Result]) -> Result:
        """The result of this name: as it was kept, or made and kept."""
        path = self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"
        if path.exists():
            kept: Result = msgspec.json.decode(path.read_bytes(), type=self._kind)
            return kept
        found = make()
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(found))
        part.replace(path)
        return found

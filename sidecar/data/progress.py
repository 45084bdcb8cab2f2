"""Progress of reading a file: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Receives the number of input bytes that were read."""

    def advance(self, size: int) -> None:
        """`size` more bytes were read."""


class Silent:
    """Shows nothing."""

    def advance(self, size: int) -> None:
        """Does nothing."""


@contextmanager
def bar(total: int, what: str) -> Iterator[Progress]:
    """A progress bar on stderr over `total` bytes, named `what`; hidden if stderr is not a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=total)

        class _Shown:
            def advance(self, size: int) -> None:
                shown.advance(task, size)

        yield _Shown()

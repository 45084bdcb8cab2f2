"""Tables in a page of the documentation that a command writes: between two marks, with date, machine and command."""

from __future__ import annotations

import datetime
import os
import platform
import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"


def write_between(name: str, text: str, page: Path = PAGE) -> None:
    """Put `text` between the marks called `name`. Raises ValueError if the page has none."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before = page.read_text()
    if begin not in before or end not in before:
        raise ValueError(f"{page} has no marks called {name}")
    head, _, rest = before.partition(begin)
    page.write_text(f"{head}{begin}\n{text.strip()}\n{end}{rest.partition(end)[2]}")


def occasion(command: str) -> str:
    """Today, this machine and the command, as a sentence."""
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    processor = model[1] if model else platform.machine()
    today = datetime.datetime.now(datetime.UTC).strftime("%-d %B %Y")
    return f"`{command}`, {today}, {os.cpu_count()} vCPU {processor}, Python {platform.python_version()}."

"""The report at the end of `drift-sidecar profile`: what was left out, what is suspicious, and the option that changes it.

`check` prints it too, of a finished profile.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from sidecar.core.reference.suspicions import FEW_ROWS, ColumnReport
from sidecar.errors import UserError


def print_report(report: Sequence[ColumnReport], console: Console) -> None:
    """One line a finding; nothing where there is none."""
    out = [one for one in report if one.left_out]
    odd = [(one, finding) for one in report for finding in one.suspicions]
    if out:
        console.print("\nleft out:", style="bold")
    for one in out:
        if one.left_out:
            _line(console, one.name, one.left_out.text, one.left_out.option)
    if odd:
        console.print("\nsuspicious:", style="bold")
    for one, finding in odd:
        _line(console, one.name, finding.text, finding.option)
    rows = max((one.rows for one in report), default=0)
    if 0 < rows < FEW_ROWS:
        console.print(f"\n{rows:,} rows are few: verdicts against this reference will need a large change.")


def as_json(report: Iterable[ColumnReport], digest: str = "") -> str:
    """The report for programs: every column with its figures and findings."""
    return json.dumps({"digest": digest, "columns": [asdict(one) for one in report]}, indent=2)


def refused(one: ColumnReport) -> UserError:
    """The error of `--strict`."""
    finding = one.suspicions[0] if one.suspicions else one.left_out
    if finding is None:
        raise ValueError(f"column {one.name!r} is not suspicious")
    return UserError(f"column {one.name!r}", finding.text, f"Say what it is: {finding.option}, or go without --strict")


def nothing_left(data: Sequence[str], report: Iterable[ColumnReport]) -> UserError:
    """The error where all columns were left out."""
    options = " ".join(one.left_out.option for one in report if one.left_out)
    return UserError(", ".join(data), "hold no column that can be watched", f"Take columns in with {options}")


def _line(console: Console, name: str, text: str, option: str) -> None:
    console.print(Text(f"  {name}: {text}" + (f"  [{option}]" if option else "")), soft_wrap=True)

"""`drift-sidecar profile`: data files to a reference profile, in bounded memory."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sidecar.core.bins import Kind
from sidecar.core.builder import Builder, Recount
from sidecar.core.frame import Side
from sidecar.core.profile import Profile
from sidecar.core.profile_file import digest
from sidecar.data import read_frames
from sidecar.data.columns import Columns
from sidecar.data.progress import bar
from sidecar.errors import DataError, UserError
from sidecar.observer.reference import save_reference

_SHOWN = 30


def execute(options: argparse.Namespace) -> int:
    """Read the data twice (where to cut, then how many in each), write the profile, print what it holds."""
    columns = Columns.of(options.outputs, options.exclude)
    builder = Builder(_kinds(options.kind))
    _feed(options.data, columns, builder, "finding bins")
    if not any(builder.rows(side) for side in Side):
        raise DataError(", ".join(options.data), "hold no rows", "Give data with at least one row")
    recount = Recount(builder.build())
    _feed(options.data, columns, recount, "counting")
    profile = recount.profile()
    try:
        save_reference(profile, options.output)
    except OSError as error:
        raise UserError(options.output, f"cannot be written ({error.strerror})", "Name a file you may write") from error
    _print(profile, options.output)
    return 0


def _kinds(overrides: list[str]) -> dict[str, Kind]:
    kinds = {}
    for override in overrides:
        name, _, kind = override.rpartition("=")
        if not name or kind not in set(Kind):
            known = ", ".join(one.value for one in Kind)
            raise UserError(f"--kind {override}", "is not NAME=KIND", f"KIND is one of {known}")
        kinds[name] = Kind(kind)
    return kinds


def _feed(paths: list[str], columns: Columns, into: Builder | Recount, what: str) -> None:
    total = sum(os.path.getsize(path) for path in paths if os.path.isfile(path))
    with bar(total, what) as progress:
        for path in paths:
            for frame in read_frames(path, columns, progress):
                into.add(frame)


def _print(profile: Profile, path: str) -> None:
    console = Console()
    size = Path(path).stat().st_size
    table = Table(box=None, header_style="bold", title_justify="left")
    for heading, justify in (
        ("side", "left"),
        ("feature", "left"),
        ("kind", "left"),
        ("rows", "right"),
        ("bins", "right"),
    ):
        table.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    shown = 0
    for side, of_side in profile.sides.items():
        for feature, rows in zip(of_side.features, of_side.rows.tolist(), strict=True):
            shown += 1
            if shown <= _SHOWN:
                table.add_row(side.value, feature.name, feature.kind.value, f"{rows:,}", str(feature.bins))
    console.print(table)
    if shown > _SHOWN:
        console.print(f"... and {shown - _SHOWN} more")
    console.print(f"\nwrote {path}: {shown} features, {size:,} bytes, digest {digest(profile)[:8]}", highlight=False)

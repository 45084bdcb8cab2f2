"""`drift-sidecar profile`: data files to a reference profile, in bounded memory."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sidecar.commands.profile_importance import read_weights, weighted
from sidecar.commands.profile_merge import merged
from sidecar.core.binning.bins import Kind
from sidecar.core.binning.derive import KINDS as DERIVED_KINDS
from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.reference.profile_file import digest
from sidecar.core.reference.recount_by_season import RecountBySeason, WithoutTime
from sidecar.core.reference.recount_by_segment import RecountBySegment
from sidecar.core.reference.seasons import Season
from sidecar.core.words.frame import Side
from sidecar.data import read_frames
from sidecar.data.columns import Columns
from sidecar.data.progress import bar
from sidecar.errors import DataError, UserError
from sidecar.reference_store import read_reference, save_reference

_SHOWN = 30


def execute(options: argparse.Namespace) -> int:
    """Make the profile, write it, print what it holds."""
    profile = merged(options.data[1:]) if options.data[0] == "merge" else _counted(options)
    created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    profile = replace(profile, name=options.name or Path(options.output).stem, created=created)
    try:
        save_reference(profile, options.output)
    except OSError as error:
        raise UserError(options.output, f"cannot be written ({error.strerror})", "Name a file you may write") from error
    _print(profile, options.output)
    return 0


def _counted(options: argparse.Namespace) -> Profile:
    """Of data, read twice: where to cut, then how many in each."""
    kinds, derive = _kinds(options.kind)
    _check_season(options)
    numbers = frozenset(name for name, kind in kinds.items() if kind is Kind.NUMERIC)
    present = frozenset({*kinds, *derive, options.time_column} - {""})
    columns = replace(Columns.of(options.outputs, options.exclude), kinds=present, numeric=numbers)
    weights = read_weights(options.importance) if options.importance else {}
    if options.bins_of:
        bins = weighted(read_reference(options.bins_of), weights, options.importance)
        recount = _recount(bins, options, own=False)
    else:
        builder = Builder(kinds, sample_rows=options.sample, derive=derive)
        _feed(options.data, columns, WithoutTime(options.time_column, builder), "finding bins")
        if not any(builder.rows(side) for side in Side):
            raise DataError(", ".join(options.data), "hold no rows", "Give data with at least one row")
        recount = _recount(weighted(builder.build(), weights, options.importance), options, own=True)
    _feed(options.data, columns, recount, "counting")
    return recount.profile()


def _check_season(options: argparse.Namespace) -> None:
    if bool(options.season) != bool(options.time_column):
        raise UserError("--season and --time-column", "need each other", "Give both, or neither")
    if options.season and options.segment_by:
        raise UserError("--season and --segment-by", "exclude each other", "Give one of them")


def _recount(profile: Profile, options: argparse.Namespace, own: bool) -> Recount:
    segment_by = options.segment_by
    if options.season:
        return RecountBySeason(profile, Season(options.season), options.time_column, options.season_offset, own)
    if not segment_by:
        return Recount(profile, own)
    inputs = profile.sides.get(Side.INPUT)
    found = [one for one in inputs.features if one.name == segment_by] if inputs else []
    if not found:
        near = difflib.get_close_matches(segment_by, inputs.names if inputs else (), n=1, cutoff=0.5)
        mend = f"Did you mean {near[0]!r}?" if near else "Name a column that is neither an output nor excluded"
        raise UserError(f"--segment-by {segment_by}", "is no input feature of the data", mend)
    if found[0].kind is Kind.NUMERIC:
        mend = f"Give --kind {segment_by}=categorical if its numbers are names"
        raise UserError(f"--segment-by {segment_by}", "is numeric, so it has no categories", mend)
    return RecountBySegment(profile, segment_by, own)


def _kinds(overrides: list[str]) -> tuple[dict[str, Kind], dict[str, str]]:
    """Columns that are counted themselves, and columns that features are derived from."""
    kinds: dict[str, Kind] = {}
    derive: dict[str, str] = {}
    for override in overrides:
        name, _, kind = override.rpartition("=")
        if not name or kind not in {*Kind, *DERIVED_KINDS}:
            known = ", ".join((*(one.value for one in Kind), *DERIVED_KINDS))
            raise UserError(f"--kind {override}", "is not NAME=KIND", f"KIND is one of {known}")
        if kind in DERIVED_KINDS:
            derive[name] = kind
        else:
            kinds[name] = Kind(kind)
    return kinds, derive


def _feed(paths: list[str], columns: Columns, into: WithoutTime | Recount, what: str) -> None:
    total = sum(os.path.getsize(path) for path in paths if os.path.isfile(path))
    with bar(total, what) as progress:
        for path in paths:
            for frame in read_frames(path, columns, progress):
                into.add(frame)


def _print(profile: Profile, path: str) -> None:
    console = Console()
    size = Path(path).stat().st_size
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    for heading in ("side", "feature", "kind"):
        table.add_column(heading, overflow="fold")
    for heading in ("rows", "missing", "bins"):
        table.add_column(heading, justify="right")
    table.add_column("values", overflow="fold")
    described = [row for side, of_side in profile.sides.items() for row in _described(side, of_side)]
    for row in described[:_SHOWN]:
        table.add_row(*map(Text, row))
    console.print(table)
    if len(described) > _SHOWN:
        console.print(f"... and {len(described) - _SHOWN} more")
    summary = f"{len(described)} features, {size:,} bytes, digest {digest(profile)[:8]}"
    if profile.segment_by:
        summary += f", {len(profile.segments)} segments by {profile.segment_by}"
    console.print(Text(f"\nwrote {path}: {summary}"), soft_wrap=True)


def _described(side: Side, profile: SideProfile) -> Iterator[tuple[str, ...]]:
    """A row of the table for each feature."""
    numbers = dict(zip((one.name for one in profile.features if one.ordered), _spans(profile), strict=True))
    for at, feature in enumerate(profile.features):
        rows = int(profile.rows[at])
        missing = int(profile.counts[at, feature.missing]) / max(rows, 1)
        values = numbers.get(feature.name) or f"{len(feature.categories) + len(feature.rare)} values"
        yield side.value, feature.name, feature.kind.value, f"{rows:,}", f"{missing:.1%}", str(feature.bins), values


def _spans(profile: SideProfile) -> list[str]:
    """From the least to the largest number of each numeric feature."""
    lows, highs = profile.moments.low.tolist(), profile.moments.high.tolist()
    return [f"{low:.6g} to {high:.6g}" if low <= high else "none" for low, high in zip(lows, highs, strict=True)]

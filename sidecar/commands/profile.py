"""`drift-sidecar profile`: data files to a reference profile, in bounded memory."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sidecar.commands.constraints import derived, rules_of, summary, taken_from, write_own
from sidecar.commands.profile_choices import choices_of, named_columns
from sidecar.commands.profile_importance import read_weights, weighted
from sidecar.commands.profile_merge import merged
from sidecar.commands.profile_report import as_json, nothing_left, print_report, refused
from sidecar.commands.streams import in_captures, joined, parts_of, settings_for
from sidecar.core.binning.bins import Kind
from sidecar.core.reference.builder import Builder, Recount
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.reference.profile_file import digest
from sidecar.core.reference.recount_by_season import RecountBySeason, WithoutTime
from sidecar.core.reference.recount_by_segment import RecountBySegment
from sidecar.core.reference.seasons import Season
from sidecar.core.reference.suspicions import ColumnReport
from sidecar.core.words.frame import Side
from sidecar.core.words.stream import StreamKey
from sidecar.data import read_frames
from sidecar.data.captures import size_of
from sidecar.data.columns import Columns
from sidecar.data.progress import bar
from sidecar.errors import DataError, UserError
from sidecar.reference_store import read_reference, save_reference
from sidecar.settings import DecodeSettings

_SHOWN = 30


def execute(options: argparse.Namespace) -> int:
    """Make the profile, write it, print what it holds."""
    make = {"merge": merged, "streams": joined}.get(options.data[0])
    profile, report = (make(options.data[1:]), []) if make else _of_data(options)
    suspicious = [one for one in report if one.suspicions or (one.left_out and one.left_out.what == "number_like")]
    if options.strict and suspicious:
        print_report(suspicious, Console(stderr=True))
        raise refused(suspicious[0])
    profile = _constrained(options, profile)
    created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    profile = replace(profile, name=options.name or Path(options.output).stem, created=created)
    try:
        save_reference(profile, options.output)
    except OSError as error:
        raise UserError(options.output, f"cannot be written ({error.strerror})", "Name a file you may write") from error
    if options.constraints:
        write_own(profile, options.constraints)
    if options.json:
        print(as_json(report, digest(profile)))
        return 0
    _print(profile, options.output)
    print_report(report, Console())
    return 0


def _constrained(options: argparse.Namespace, profile: Profile) -> Profile:
    """With the constraints that the options ask for."""
    if options.constraints is not None and options.constraints_from:
        raise UserError("--constraints and --constraints-from", "exclude each other", "Give one of them")
    if options.constraints_from:
        return taken_from(options.constraints_from, profile)
    return derived(profile) if options.constraints is not None else profile


def _of_data(options: argparse.Namespace) -> tuple[Profile, list[ColumnReport]]:
    """One stream, or as many as captured exchanges hold."""
    decode = settings_for(options.data, options).decode
    streams = in_captures(options.data, decode)
    if len(streams) < 2:
        return _counted(options, None, decode)
    counted = {name: _counted(options, key, decode) for name, key in streams.items()}
    profile = Profile(streams={name: of_stream for name, (of_stream, _) in counted.items()})
    return profile, [one for _, report in counted.values() for one in report]


def _counted(
    options: argparse.Namespace, stream: StreamKey | None, decode: DecodeSettings
) -> tuple[Profile, list[ColumnReport]]:
    """Of data, read twice: where to cut, then how many in each."""
    choices = choices_of(options)
    _check_season(options)
    numbers = {name: choices.read(name) for name, kind in choices.kinds.items() if kind is Kind.NUMERIC}
    present = named_columns(choices, options.outputs) | {options.time_column} - {""}
    columns = replace(Columns.of(options.outputs, options.exclude), named=present, numeric=numbers, stream=stream)
    columns = replace(columns, decode=decode)
    weights = read_weights(options.importance) if options.importance else {}
    report: list[ColumnReport] = []
    if options.bins_of:
        bins = weighted(read_reference(options.bins_of), weights, options.importance)
        recount = _recount(bins, options, own=False)
    else:
        found, report = _found(choices, options, columns)
        recount = _recount(weighted(found, weights, options.importance), options, own=True)
    _feed(options.data, columns, recount, "counting")
    return recount.profile(), report


def _found(choices: Choices, options: argparse.Namespace, columns: Columns) -> tuple[Profile, list[ColumnReport]]:
    """The bins. Columns that showed too late that they are names are counted as such from the start, once more."""
    builder = Builder(choices, sample_rows=options.sample)
    _feed(options.data, columns, WithoutTime(options.time_column, builder), "finding bins")
    if mistaken := builder.mistaken():
        kinds = {**choices.kinds, **dict.fromkeys(mistaken, Kind.CATEGORICAL)}
        return _found(replace(choices, kinds=kinds), options, columns)
    if not any(builder.rows(side) for side in Side):
        raise DataError(", ".join(options.data), "hold no rows", "Give data with at least one row")
    report = builder.report()
    profile = builder.build()
    if not profile.sides:
        raise nothing_left(options.data, report)
    return profile, report


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


def _feed(paths: list[str], columns: Columns, into: WithoutTime | Recount, what: str) -> None:
    total = sum(size_of(Path(path)) for path in paths)
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
    described = [
        (side, f"{name}: {feature}" if name else feature, *rest)
        for name, of_stream in parts_of(profile).items()
        for of_which, of_side in of_stream.sides.items()
        for side, feature, *rest in _described(of_which, of_side)
    ]
    for row in described[:_SHOWN]:
        table.add_row(*map(Text, row))
    console.print(table)
    if len(described) > _SHOWN:
        console.print(f"... and {len(described) - _SHOWN} more")
    text = f"{len(described)} features, {size:,} bytes, digest {digest(profile)[:8]}"
    if profile.streams:
        text += f", {len(parts_of(profile))} streams"
    if rules_of(profile):
        text += f", {summary(profile)}"
    if profile.segment_by:
        text += f", {len(profile.segments)} segments by {profile.segment_by}"
    console.print(Text(f"\nwrote {path}: {text}"), soft_wrap=True)


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

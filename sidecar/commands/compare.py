"""`drift-sidecar compare`: a drift report of data, or of another profile, against a reference profile."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sidecar.commands.compare_html import broken, page, paired
from sidecar.commands.streams import is_capture, matched, only, parts_of, settings_for
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.derive import columns_of
from sidecar.core.reference.builder import Recount
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.reference.profile_file import FORMAT
from sidecar.core.scores.comparison import (
    SIZE,
    AllLacking,
    Comparison,
    FeatureComparison,
    Lacking,
    LeastEffects,
    compare,
)
from sidecar.core.scores.constraint_comparison import RuleCounts, rules_of_profile
from sidecar.core.watching.nearest import Nearest
from sidecar.core.words.events import ALARMS, UNWELL, NotEnough, Score, State
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import RuleReport, RuleState
from sidecar.core.words.stream import StreamKey
from sidecar.data import read_frames
from sidecar.data.captures import files_of, size_of
from sidecar.data.columns import Columns
from sidecar.data.progress import bar
from sidecar.errors import DataError, UserError
from sidecar.reference_store import read_reference
from sidecar.settings import DecodeSettings

_STYLES = {
    State.MISMATCH: "bold red",
    State.DRIFT: "bold red",
    State.WARNING: "yellow",
    State.OK: "green",
    State.INSUFFICIENT: "dim",
}
_FAILING = {"drift": ALARMS, "warning": UNWELL}
Rules = tuple[RuleReport, ...]


class Counted(NamedTuple):
    """The live side of a comparison, and what there is to say of the reference's constraints."""

    profile: Profile
    rules: Rules
    lacking: AllLacking | None
    """Rows without a column or of another type; None of a profile, which does not know them."""


_FORMAT = json.dumps(FORMAT).encode()
_HEAD_BYTES = 1024
_MEASURES = (("psi", "PSI"), ("jensen_shannon", "JS"), ("kolmogorov_smirnov", "KS"), ("wasserstein", "W"))


def execute(options: argparse.Namespace) -> int:
    """Print the report; 1 if `--fail-on` says so. Raises UserError if it asks for a verdict and nothing could be judged."""
    reference = read_reference(options.reference)
    if options.stream:
        reference = only(reference, options.reference, options.stream)
    counted = _live(options, reference)
    reference, live = _alike(reference, counted.profile)
    least = LeastEffects(
        options.material_psi,
        options.material_correlation,
        options.material_rate_difference,
        options.material_rate_ratio,
        options.material_rate_shift,
    )
    found = compare(reference, live, least, counted.lacking)
    found = msgspec.structs.replace(found, rules=counted.rules)
    if not found.features:
        raise UserError(options.live, "has no side that the reference has", "Compare data of the same model")
    if options.html:
        _write(options, reference, live, found)
    if options.json:
        print(orjson.dumps(msgspec.to_builtins(found), option=orjson.OPT_INDENT_2).decode())
    else:
        _print(found, least)
    return 0 if options.fail_on == "never" else _code(options, found)


def _code(options: argparse.Namespace, found: Comparison) -> int:
    """1 if a feature is in a state that fails, or a constraint is violated. Raises UserError if nothing could be judged."""
    if found.violated:
        return 1
    of_features = options.fail_on != "violated"
    states: set[State | RuleState] = {*found.states} if of_features else {rule.state for rule in found.rules}
    if states <= {State.INSUFFICIENT, RuleState.INSUFFICIENT}:
        fix = "Compare more rows, or a reference of more; `--fail-on never` only reports"
        what = "feature" if of_features else "constraint"
        raise UserError(options.live, f"has too few rows for a verdict on any {what}", fix)
    return int(of_features and bool(found.states & _FAILING[options.fail_on]))


def _write(options: argparse.Namespace, reference: Profile, live: Profile, found: Comparison) -> None:
    names = Path(options.reference).name, Path(options.live).name
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    try:
        Path(options.html).write_text(page(reference, live, names, found, made), encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(options.html, f"cannot be written ({error.strerror})", "Name a file you may write") from error


def _live(options: argparse.Namespace, reference: Profile) -> Counted:
    """A profile of the same bins, or data counted into them."""
    if not is_profile(options.live):
        return _counted(options, reference)
    live = read_reference(options.live)
    if options.stream:
        live = only(live, options.live, options.stream)
    parts = parts_of(reference)
    for name, of_stream in parts_of(live).items():
        for side, profile in of_stream.sides.items():
            known = parts[name].sides.get(side) if name in parts else None
            if known is not None and known.without_rare().features != profile.without_rare().features:
                mend = "Compare with the data itself, or with a profile counted into the same bins"
                raise UserError(options.live, "was cut into other bins than the reference", mend)
    judged = {name: rules_of_profile(part, parts_of(live).get(name, Profile())) for name, part in parts.items()}
    return Counted(live, _of_streams(judged), None)


def _of_streams(judged: Mapping[str, Rules]) -> Rules:
    return tuple(msgspec.structs.replace(one, stream=name) for name, rules in judged.items() for one in rules)


def _alike(reference: Profile, live: Profile) -> tuple[Profile, Profile]:
    """Both without their rare names if they know different ones, as a profile that was downloaded knows none."""
    parts = parts_of(reference)
    alike = all(
        parts[name].sides[side].features == profile.features
        for name, of_stream in parts_of(live).items()
        for side, profile in of_stream.sides.items()
        if name in parts and side in parts[name].sides
    )
    return (reference, live) if alike else (reference.without_rare(), live.without_rare())


def is_profile(path: str) -> bool:
    """Whether a file begins as profiles do; data may be too large to be read whole to find out."""
    try:
        with open(path, "rb") as file:
            return _FORMAT in file.read(_HEAD_BYTES)
    except OSError:
        return False


def _counted(options: argparse.Namespace, reference: Profile) -> Counted:
    if not files_of(Path(options.live)):
        raise DataError(options.live, "is no file", "Give a data file, a capture or a profile")
    if not is_capture(options.live):
        one = _counted_as(options, only(reference, options.reference, ""))
        return Counted(one.recount.profile(), one.rules, {"": one.lacking})
    parts = parts_of(reference)
    settings = settings_for([options.live], options)
    streams = matched(reference, options.live, settings)
    counted = {name: _counted_as(options, parts[name], key, settings.decode) for name, key in streams.items() if key}
    found = {name: one.recount.profile() for name, one in counted.items()}
    if not found:
        raise UserError(options.live, "has none of the reference's features", "Compare data of the same model")
    rules = _of_streams({name: one.rules for name, one in counted.items()})
    profiles = {name: profile for name, profile in found.items() if name}
    lacking = {name: one.lacking for name, one in counted.items()}
    return Counted(replace(found.get("", Profile()), streams=profiles), rules, lacking)


class _CountedRows(NamedTuple):
    """What one pass over the rows of a stream gives."""

    recount: Recount
    rules: Rules
    nearest: Mapping[Side, Nearest]

    @property
    def lacking(self) -> dict[Side, Lacking]:
        """Rows without a value by side, and who explains them."""
        recount = self.recount
        return {
            side: Lacking(recount.absent[side], recount.of_other_type[side], nearest.explained)
            for side, nearest in self.nearest.items()
        }


def _counted_as(
    options: argparse.Namespace,
    reference: Profile,
    stream: StreamKey | None = None,
    decode: DecodeSettings | None = None,
) -> _CountedRows:
    decode = decode or DecodeSettings()
    columns = replace(Columns.of(options.outputs, options.exclude), stream=stream, decode=decode)
    if not columns.outputs:
        outputs = [profile for side, profile in reference.sides.items() if side.value == "output"]
        names = [name for profile in outputs for name in _columns(profile)]
        columns = _PresentOutputs(frozenset(names), columns.excluded, stream=stream, decode=decode)
    recount, rules = Recount(reference), RuleCounts(reference)
    nearest = {side: Nearest(of_side, Binner(of_side.features)) for side, of_side in reference.sides.items()}
    strangers = True
    known = {name for profile in reference.sides.values() for name in _columns(profile)}
    with bar(size_of(Path(options.live)), "counting") as progress:
        for frame in read_frames(options.live, columns, progress):
            came = None if frame.names is None else {*frame.names, *(frame.vectors or ())}
            strangers = strangers and came is not None and known.isdisjoint(came)
            recount.add(frame)
            rules.add(frame)
            if frame.side in nearest:
                nearest[frame.side].keep([frame])
    if strangers:
        why = nearest[Side.INPUT].name_explained().value if Side.INPUT in nearest else "no input"
        raise UserError(options.live, f"has none of the reference's features ({why})", "Compare data of the same model")
    return _CountedRows(recount, rules.reports(), nearest)


def _columns(profile: SideProfile) -> set[str]:
    """What the columns of data may be called: features, what these are derived from, and vectors as a whole."""
    wholes = [feature.derived.of for feature in profile.features if feature.derived]
    return {*profile.names, *columns_of(profile.features), *wholes}


class _PresentOutputs(Columns):
    """Outputs as the reference knows them; data that lacks some is no error."""

    def check(self, source: str, present: Any) -> None:
        Columns(frozenset(), self.excluded).check(source, present)


def _print(found: Comparison, material: LeastEffects) -> None:
    console = Console()
    _print_features(console, found.features, material)
    for rule in found.violated:
        console.print(Text(f"\nviolated: {broken(rule)}", style=_STYLES[State.DRIFT]), soft_wrap=True)
    if found.rules:
        told = sum(rule.rows > 0 for rule in found.rules)
        console.print(f"\n{len(found.violated)} of {told} rules of the constraints are violated.", highlight=False)
        if told < len(found.rules):
            console.print(f"Of {len(found.rules) - told} more nothing is known.", highlight=False)
    for one in found.joint:
        if one.state in (State.DRIFT, State.WARNING):
            names = ", ".join(name for name, _ in one.features)
            of = f" of {one.stream}" if one.stream else ""
            words = f"How {one.side.value} features{of} hang together changed, most in {names}"
            console.print(
                Text(f"\n{one.state.value}: {words}. {paired(one)}", style=_STYLES[one.state]), soft_wrap=True
            )
        else:
            words = f"{one.side.value.capitalize()} features hang together as they did ({one.rows:,} rows)."
            console.print(Text(words), soft_wrap=True)


def _print_features(console: Console, found: Sequence[FeatureComparison], material: LeastEffects) -> None:
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("state", no_wrap=True)
    table.add_column("feature", overflow="fold")
    for _, heading in _MEASURES:
        table.add_column(heading, justify="right")
    for heading in ("effect", "p (all)", "rows"):
        table.add_column(heading, justify="right")
    for one in found:
        name = Text(one.called if one.side.value == "input" else f"{one.called} (output)")
        figures = [_figure(one.scores.get(measure)) for measure, _ in _MEASURES]
        effect = "-" if one.p_value is None else f"{one.effect:.3f}"
        p_value = "-" if one.p_value is None else "<1e-9" if one.p_value < 1e-9 else f"{one.p_value:.2g}"
        state = Text(one.state.value, style=_STYLES[one.state])
        table.add_row(state, name, *figures, effect, p_value, f"{one.rows:,}")
    console.print(table)
    for one in found:
        if one.state in UNWELL:
            words = f"{one.changed}. " if one.changed else ""
            console.print(Text(f"\n{one.called}: {words}{_moved(one)}"), soft_wrap=True)
    counts = {state: sum(one.state is state for one in found) for state in State}
    summary = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    rule = (
        f"Drift is p (over all features) below {SIZE} and an effect (PSI without bias) of {material.psi} or more, or a rate of "
        f"missing, new, far or rare values that changed by {material.rate_difference} and {material.rate_ratio} times."
    )
    console.print(f"\n{len(found)} features: {summary}. {rule}", highlight=False, soft_wrap=True)


def _figure(score: Score | NotEnough | None) -> str:
    return f"{score.value:.3f}" if isinstance(score, Score) else "-"


def _moved(one: FeatureComparison) -> str:
    return "; ".join(f"{s.range} {s.reference_ratio:.1%} -> {s.live_ratio:.1%}" for s in one.shifts[:4])

"""`drift-sidecar constraints`: the constraints of a reference, shown, edited, derived, and as other tools write them.

What another tool's format cannot say is told on stderr, column by column.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import orjson

from sidecar.commands.streams import only, parts_of
from sidecar.core.reference import constraints_sagemaker, constraints_tfdv
from sidecar.core.reference.consent import source_of
from sidecar.core.reference.constraints import Constraint, rule_count, without_doubles
from sidecar.core.reference.constraints_file import FORMAT, file_of, with_constraints, with_file
from sidecar.core.reference.derive_constraints import derive_constraints
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.reference.profile_file import loads
from sidecar.core.words.frame import Side
from sidecar.errors import UserError
from sidecar.reference_store import read_reference, save_reference

_FOREIGN = {"sagemaker": constraints_sagemaker, "tfdv": constraints_tfdv}
_MEND = "Give a file of `drift-sidecar constraints`, SageMaker's constraints.json, or a schema of TFDV in JSON"


def execute(options: argparse.Namespace) -> int:
    """Print or write the constraints; with `--from` or `--derive`, the reference with others."""
    if bool(options.derive) + bool(options.taken_from) + bool(options.export) > 1:
        raise UserError("--from, --derive and --export", "exclude each other", "Give one of them")
    reference = read_reference(options.reference)
    if options.derive or options.taken_from:
        if not options.output:
            raise UserError("drift-sidecar constraints", "has no place for the reference", "Name one with -o FILE")
        made = derived(reference) if options.derive else taken_from(options.taken_from, reference, options.stream)
        try:
            save_reference(made, options.output)
        except OSError as error:
            raise _unwritten(options.output, error) from error
        print(f"wrote {options.output}: {summary(made)}")
        return 0
    _write(_shown(options, reference), options.output)
    return 0


def derived(reference: Profile) -> Profile:
    """The reference with constraints of its own rows, stream by stream."""
    made = {side: derive_constraints(of_side) for side, of_side in reference.sides.items()}
    streams = {name: derived(of_stream) for name, of_stream in reference.streams.items()}
    return replace(with_constraints(reference, made), streams=streams)


def taken_from(path: str, reference: Profile, stream: str = "") -> Profile:
    """The reference with the constraints of a file, which says by itself what it is. Raises UserError."""
    content = _content(path)
    try:
        if content.get("format") == FORMAT:
            return with_file(reference, content)
        for tool in _FOREIGN.values():
            if tool.is_of(content):
                found = tool.imported(content)
                _tell(path, found.notes)
                return _placed(path, found.content, reference, stream)
        if "content" in content:
            return with_file(reference, file_of(loads(Path(path).read_bytes(), path)))
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(path, f"holds no constraints that can be used ({error})", _MEND) from error
    raise UserError(path, "holds no constraints", _MEND)


def write_own(reference: Profile, path: str) -> None:
    """The constraints of a reference as a file of their own, for people to edit."""
    _write(_pretty(file_of(reference)), path)


def summary(reference: Profile) -> str:
    """How many rules on how many columns."""
    return f"{rules_of(reference)} rules on {len(_constraints_of(reference))} columns"


def rules_of(reference: Profile) -> int:
    """How many rules there are, in all streams."""
    return rule_count(_constraints_of(reference))


def _constraints_of(reference: Profile) -> tuple[Constraint, ...]:
    sides = [of_side for part in parts_of(reference).values() for of_side in part.sides.values()]
    return tuple(one for of_side in sides for one in of_side.constraints)


def _shown(options: argparse.Namespace, reference: Profile) -> bytes:
    if options.export not in _FOREIGN:
        return _pretty(file_of(reference))
    part = only(reference, options.reference, options.stream)
    asked = [one for side in Side if side in part.sides for one in part.sides[side].constraints]
    found = _FOREIGN[options.export].exported(asked)
    _tell(options.export, found.notes)
    return _pretty(found.content)


def _placed(path: str, found: Iterable[Constraint], reference: Profile, stream: str) -> Profile:
    """Constraints of a tool that knows no sides, each with the side that has its column. Of other columns nothing is asked."""
    part = only(reference, path, stream)
    by_side: dict[Side, list[Constraint]] = {side: [] for side in part.sides}
    for one in found:
        side = next((side for side, of_side in part.sides.items() if one.feature in _columns(of_side)), None)
        if side is None:
            _tell(path, [f"{one.feature}: left out, since the reference has no such column"])
        else:
            by_side[side].append(one)
    made = with_constraints(part, {side: without_doubles(tuple(of_side)) for side, of_side in by_side.items()})
    if stream:
        return replace(reference, streams={**reference.streams, stream: made})
    return replace(made, streams=reference.streams)


def _columns(side: SideProfile) -> set[str]:
    return {*side.columns, *side.names, *map(source_of, side.features)}


def _content(path: str) -> Mapping[str, Any]:
    try:
        content = orjson.loads(Path(path).read_bytes())
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror})", _MEND) from error
    except orjson.JSONDecodeError as error:
        raise UserError(path, f"is not JSON ({error})", _MEND) from error
    if not isinstance(content, dict):
        raise UserError(path, "is no JSON object", _MEND)
    return content


def _pretty(content: Any) -> bytes:
    return json.dumps(msgspec.to_builtins(content), indent=2, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _write(data: bytes, path: str) -> None:
    if not path:
        sys.stdout.write(data.decode())
        return
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: str, error: OSError) -> UserError:
    return UserError(path, f"cannot be written ({error.strerror})", "Name a file you may write")


def _tell(where: str, notes: Iterable[str]) -> None:
    for note in notes:
        print(f"{where}: {note}", file=sys.stderr)

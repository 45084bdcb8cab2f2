"""Constraints as people write them: a section of a reference file beside its content, or a file of their own.

The section is no part of the digest, so that it may be edited: it says what rows must keep, not what they were. Unknown fields
are errors that name their place. `constraints_sagemaker` and `constraints_tfdv` read and write other tools' files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from sidecar.core.reference.constraints import Constraint, without_doubles
from sidecar.core.reference.profile import Profile
from sidecar.core.words.frame import Side

FORMAT = "drift-sidecar/constraints"
VERSION = 1


class _Sides(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    input: tuple[Constraint, ...] = ()
    output: tuple[Constraint, ...] = ()


class _Section(_Sides, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    streams: dict[str, _Sides] = {}


class _File(_Section, frozen=True, forbid_unknown_fields=True):
    format: str = FORMAT
    version: int = VERSION


def section_of(profile: Profile) -> dict[str, Any]:
    """The section of a profile; empty where there are none."""
    streams = {name: _of_stream(of) for name, of in sorted(profile.streams.items())}
    known = {name: of for name, of in streams.items() if of}
    return _of_stream(profile) | ({"streams": known} if known else {})


def file_of(profile: Profile) -> dict[str, Any]:
    """The same as a file of its own."""
    return {"format": FORMAT, "version": VERSION} | section_of(profile)


def with_section(profile: Profile, section: Any) -> Profile:
    """The profile with the constraints of a section. Raises ValueError, which names the place; also for a side or a stream that
    the profile has not.
    """
    read = msgspec.convert(section, _Section)
    for name in read.streams:
        if name not in profile.streams:
            raise ValueError(f"constraints are of the stream {name!r}, which the reference has not")
    streams = {name: _with(of, read.streams.get(name, _Sides()), name) for name, of in profile.streams.items()}
    return replace(_with(profile, read, ""), streams=streams)


def with_file(profile: Profile, content: Mapping[str, Any]) -> Profile:
    """The profile with the constraints of a file of our own. Raises ValueError."""
    read = msgspec.convert(content, _File)
    if read.version != VERSION:
        raise ValueError(f"has version {read.version}, and this release reads version {VERSION}")
    return with_section(profile, {key: value for key, value in content.items() if key not in ("format", "version")})


def with_constraints(profile: Profile, by_side: Mapping[Side, tuple[Constraint, ...]]) -> Profile:
    """The profile with other constraints; a side that is not named has none."""
    sides = {side: replace(of, constraints=by_side.get(side, ())) for side, of in profile.sides.items()}
    return replace(profile, sides=sides)


def _of_stream(profile: Profile) -> dict[str, Any]:
    return {
        side.value: msgspec.to_builtins(of_side.constraints, str_keys=True)
        for side, of_side in profile.sides.items()
        if of_side.constraints
    }


def _with(profile: Profile, read: _Sides, stream: str) -> Profile:
    by_side = {Side.INPUT: without_doubles(read.input), Side.OUTPUT: without_doubles(read.output)}
    for side, found in by_side.items():
        if found and side not in profile.sides:
            of = f" of the stream {stream!r}" if stream else ""
            raise ValueError(f"constraints are of the {side.value}{of}, which the reference has not")
    return with_constraints(profile, by_side)

"""Streams on the command line: reference files of several, made of one file each, and data that hold or need one of them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sidecar.commands.settings_options import settings_of
from sidecar.core.reference.profile import Profile
from sidecar.core.watching.primary import Claims, aliases
from sidecar.core.words.stream import StreamKey
from sidecar.data import captures
from sidecar.data.progress import bar
from sidecar.errors import UserError
from sidecar.reference_store import read_reference
from sidecar.settings import DecodeSettings, Settings


def joined(arguments: Sequence[str]) -> Profile:
    """`drift-sidecar profile streams NAME=FILE...`: references of one stream each, as one. Raises UserError."""
    streams: dict[str, Profile] = {}
    for argument in arguments:
        name, _, path = argument.rpartition("=")
        if not name or not path:
            raise UserError(argument, "is not NAME=FILE", "NAME is a model's, or an endpoint such as /score")
        if name in streams:
            raise UserError(argument, f"names {name!r} a second time", "Give each stream once")
        streams[name] = replace(only(read_reference(path), path, ""), name=name)
    if not streams:
        raise UserError("profile streams", "needs a stream at least", "Give NAME=FILE for each")
    return Profile(streams=streams)


def only(reference: Profile, path: str, name: str) -> Profile:
    """The part of a reference for one stream: the named one, or the only one. Raises UserError."""
    parts = parts_of(reference)
    if name in parts and (name or not reference.streams):
        return parts[name]
    if not name and len(parts) == 1:
        return next(iter(parts.values()))
    known = ", ".join(one for one in parts if one)
    if not known:
        raise UserError(path, f"has one stream, and none that is called {name!r}", "Leave --stream out")
    raise UserError(path, f"holds the streams {known}", "Name one of them with --stream")


def parts_of(reference: Profile) -> dict[str, Profile]:
    """The references of a file by stream; the one that bears no name comes first, as ""."""
    return ({"": reference.alone} if reference.alone else {}) | dict(reference.streams)


def settings_for(paths: Sequence[str], options: argparse.Namespace) -> Settings:
    """How captured exchanges are read: as the options and the environment say. Other data need no settings."""
    return settings_of(options).settings if all(map(is_capture, paths)) else Settings()


def in_captures(paths: Sequence[str], decode: DecodeSettings) -> dict[str, StreamKey]:
    """The streams of captured exchanges, by name; none where the data are anything else."""
    files = [Path(path) for path in paths]
    if not all(is_capture(path) for path in paths):
        return {}
    with bar(sum(map(captures.size_of, files)), "finding streams") as progress:
        return captures.streams(files, decode, progress)


def is_capture(path: str) -> bool:
    """Whether a file or a directory holds captured exchanges."""
    return captures.is_capture(Path(path))


def matched(reference: Profile, path: str, settings: Settings) -> Mapping[str, StreamKey | None]:
    """For each part of a reference its stream in a capture, as a running sidecar would find it; None where there is none."""
    file = Path(path)
    with bar(captures.size_of(file), "finding streams") as progress:
        first = captures.first_readings([file], settings.decode, progress)
    found: dict[str, StreamKey | None] = dict.fromkeys(parts_of(reference))
    left = dict(first)
    for key in first:
        name = next((one for one in aliases(key, settings.model.name) if one in reference.streams), None)
        if name is not None and found[name] is None:
            found[name] = key
            del left[key]
    if "" in found and left:
        claims = Claims(settings, reference.alone)
        found[""] = max(left, key=lambda key: claims.rank(left[key]))
    return found

"""`drift-sidecar profile merge`: reference profiles of the same bins, added up."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import msgspec

from sidecar.core.binning.bins import Feature
from sidecar.core.reference.profile import Profile
from sidecar.errors import UserError
from sidecar.reference_store import read_reference

_MEND = "Make them with the bins of one: drift-sidecar profile DATA --bins-of REFERENCE -o FILE"


def merged(paths: list[str]) -> Profile:
    """All profiles together. Raises UserError, which names the first feature whose bins differ."""
    if len(paths) < 2:
        raise UserError("profile merge", f"needs two profiles at least, {len(paths)} given", "Name the files to merge")
    profiles = [read_reference(path) for path in paths]
    for path, profile in zip(paths[1:], profiles[1:], strict=True):
        _check(paths[0], profiles[0], path, profile)
    return functools.reduce(Profile.merge, profiles)


def _check(first: str, one: Profile, path: str, other: Profile) -> None:
    for side, of_side in one.sides.items():
        if side not in other.sides:
            raise UserError(path, f"has no {side.value} features, and {first} has", "Merge profiles of the same model")
        theirs = {feature.name: feature for feature in other.sides[side].features}
        for feature in of_side.features:
            if theirs.get(feature.name) != feature:
                raise UserError(path, f"{_how(feature, theirs)} feature {feature.name!r} than {first}", _MEND)
        if other.sides[side].features != of_side.features:
            raise UserError(path, f"has more features than {first}, or in another order", _MEND)


def _how(feature: Feature, theirs: Mapping[str, Feature]) -> str:
    other = theirs.get(feature.name)
    if other is None:
        return "has no"
    alike = msgspec.structs.replace(other, importance=feature.importance) == feature
    return "gives another importance to" if alike else "has other bins for"

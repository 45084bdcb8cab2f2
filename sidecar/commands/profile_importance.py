"""`drift-sidecar profile --importance`: how much the model rests on each feature, so that what matters is ranked first."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
import orjson
from msgspec import Meta

from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.errors import UserError

_MEND = 'Give a JSON object of numbers from 0 on by feature: {"age": 0.4, "income": 0.1}'

Weights = Mapping[str, float]


def read_weights(path: str) -> Weights:
    """Weights by feature, divided by their mean, so that 1 is ordinary. Raises UserError."""
    try:
        found = msgspec.convert(orjson.loads(Path(path).read_bytes()), dict[str, Annotated[float, Meta(ge=0)]])
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror})", _MEND) from error
    except (orjson.JSONDecodeError, msgspec.ValidationError) as error:
        raise UserError(path, f"holds no weights ({error})", _MEND) from error
    total = sum(found.values())
    if not total:
        raise UserError(path, "holds no weight above 0", _MEND)
    return {name: weight * len(found) / total for name, weight in found.items()}


def weighted(profile: Profile, weights: Weights, path: str) -> Profile:
    """The profile with these importances; features that are not named keep theirs. Raises UserError for a name it has not."""
    known = [name for of_side in profile.sides.values() for name in of_side.names]
    for name in weights:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            raise UserError(
                path, f"names {name!r}, which is no feature", f"Did you mean {near[0]!r}?" if near else _MEND
            )
    return replace(profile, sides={side: _weighted(of_side, weights) for side, of_side in profile.sides.items()})


def _weighted(side: SideProfile, weights: Weights) -> SideProfile:
    features = tuple(
        msgspec.structs.replace(feature, importance=weights.get(feature.name, feature.importance))
        for feature in side.features
    )
    return replace(side, features=features)

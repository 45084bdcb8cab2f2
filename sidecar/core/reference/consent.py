"""What of a learned reference may be named in clear, since nobody was asked: which columns are learned, how categories are shown.

A column is withheld if its name looks like a secret or like personal data, if it holds identifiers as numbers, or if it
came too rarely for its name to be the model's. A category keeps its name if its feature has few values, none of which
looks like a secret, and if it came often; all others are labelled by a keyed hash. Declared columns are learned whatever
they are called, and may have more values. `lookalikes` recognises; the learner applies what is decided here. References
made from files are not judged here: someone chose those files, and `suspicions` tells of the look-alikes in them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

import msgspec
import numpy as np

from sidecar.core.binning.binner import as_floats, read_one_by_one
from sidecar.core.binning.bins import SECRET_BYTES, Feature, Kind, category
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.words.frame import Frame
from sidecar.core.words.lookalikes import are_identifiers, kind_of_column, kind_of_text

CLEAR_ROWS = 20
"""Rows of a category before it is named, values of a column before it is learned: what came less often may be one person's."""


@dataclass(frozen=True)
class Consent:
    """What users said. Without a `label_key` (random bytes, one for each process) there are no labels: features that need them
    are withheld.
    """

    declared: frozenset[str] = frozenset()
    clear_categories: int = 20
    label_key: bytes = b""

    @property
    def rare_secret(self) -> str:
        """The key of rare names (`Feature.rare_secret`): made of `label_key`, which it does not give away."""
        hashed = hashlib.blake2b(b"rare names", key=self.label_key, digest_size=SECRET_BYTES)
        return hashed.hexdigest() if self.label_key else ""

    def withholds_name(self, name: str) -> bool:
        """Whether a column is not learned for what it is called."""
        return not ({name, name.partition("[")[0]} & self.declared) and bool(kind_of_column(name))


class Decision(NamedTuple):
    """Columns that are withheld, and by feature the categories that keep their names."""

    withheld: frozenset[str]
    named: Mapping[str, frozenset[str]]

    def applied(self, profile: Profile, label_key: bytes) -> Profile:
        """The profile without what is withheld, with labels in place of names. Its counts are kept, its moments are not."""
        sides = {side: self._of(of_side, label_key) for side, of_side in profile.sides.items()}
        return Profile({side: of_side for side, of_side in sides.items() if of_side.features})

    def _of(self, side: SideProfile, label_key: bytes) -> SideProfile:
        kept = [at for at, feature in enumerate(side.features) if source_of(feature) not in self.withheld]
        features = tuple(self._labelled(side.features[at], label_key) for at in kept)
        numeric = sum(feature.ordered for feature in features)
        left_out = tuple(one for one in side.left_out if one.name not in self.withheld)
        counts, moments = side.counts[kept], Moments.empty(numeric)
        return replace(
            side, features=features, counts=counts, moments=moments, left_out=left_out, withheld=self.withheld
        )

    def _labelled(self, feature: Feature, label_key: bytes) -> Feature:
        if feature.kind is not Kind.CATEGORICAL:
            return feature
        named = self.named[feature.name]
        if named.issuperset(feature.categories):
            return feature
        keyed = msgspec.structs.replace(feature, labelled=True, label_key=label_key)
        shown = tuple(one if one in named else keyed.label(one) for one in feature.categories)
        return msgspec.structs.replace(keyed, categories=shown)


def source_of(feature: Feature) -> str:
    """The column that a feature is, or is derived from."""
    return feature.derived.of if feature.derived else feature.name


def decide(consent: Consent, side: SideProfile, frames: Iterable[Frame]) -> Decision:
    """What may be shown of a side that was learned from `frames`."""
    columns = _columns(frames)
    out = {one.name for one in side.left_out}
    withheld = {name for name in out if consent.withholds_name(name) or _few_present(columns.get(name, []))}
    named = {}
    for feature in side.features:
        source = source_of(feature)
        values = columns.get(feature.name, columns.get(source, []))
        if consent.withholds_name(source) or _few_present(values):
            withheld.add(source)
        elif feature.kind is Kind.NUMERIC:
            if not feature.derived and source not in consent.declared and are_identifiers(_numbers(values)):
                withheld.add(source)
        elif feature.kind is Kind.CATEGORICAL:
            named[feature.name] = _clear(consent, source, values)
            if not consent.label_key and not named[feature.name].issuperset(feature.categories):
                withheld.add(source)
    return Decision(frozenset(withheld), named)


def _clear(consent: Consent, name: str, values: list[Any]) -> frozenset[str]:
    """The categories of a column that may be named."""
    rows = Counter(map(category, values))
    del rows[None], rows[""]
    if len(rows) > consent.clear_categories and name not in consent.declared:
        return frozenset()
    if any(map(kind_of_text, filter(None, rows))):
        return frozenset()
    return frozenset(one for one, count in rows.items() if one and count >= CLEAR_ROWS)


def _columns(frames: Iterable[Frame]) -> dict[str, list[Any]]:
    """The values of each column."""
    columns: dict[str, list[Any]] = {}
    for names, values in _joined(frames).items():
        for at, name in enumerate(names):
            columns.setdefault(name, []).extend(values[at :: len(names)])
    return columns


def _joined(frames: Iterable[Frame]) -> dict[tuple[str, ...], list[Any]]:
    joined: dict[tuple[str, ...], list[Any]] = {}
    for frame in frames:
        values = frame.values
        joined.setdefault(frame.names or (), []).extend(values.tolist() if isinstance(values, np.ndarray) else values)
    return joined


def _few_present(values: list[Any]) -> bool:
    """Whether fewer than `CLEAR_ROWS` values are not missing."""
    present = (value for value in values if category(value) not in (None, ""))
    return sum(1 for _ in islice(present, CLEAR_ROWS)) < CLEAR_ROWS


def _numbers(values: list[Any]) -> Any:
    numbers = as_floats(values)
    return read_one_by_one(values)[0] if numbers is None else numbers

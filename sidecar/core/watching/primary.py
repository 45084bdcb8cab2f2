"""How good a claim a stream has to be the primary one, which `model.name` and a reference of one stream stand for.

The settings may name it; it may be called as the model or the reference is; or its columns are those of the reference. It only
ranks: who becomes primary is `streams`' to decide.
"""

from __future__ import annotations

import enum

from sidecar.core.binning.derive import columns_of
from sidecar.core.binning.matching import names_for
from sidecar.core.reading.intake import Reading
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.words.frame import Frame
from sidecar.core.words.stream import StreamKey
from sidecar.settings import Settings

_MAX_SHAPES = 256
"""Lists of names whose rank is remembered; clients may invent some without end."""


class Rank(enum.IntEnum):
    """A claim; the best one wins, of equals the first."""

    NEVER = -1
    """Another stream is named in the settings."""
    NONE = 0
    PARTIAL = 1
    """Some columns of the reference came."""
    FULL = 2
    """All of them."""
    EXACT = 3
    """All of them and no others."""
    NAMED = 4
    """It is called as the model or the reference is, or as `streams.primary` says."""


def aliases(key: StreamKey, model_name: str) -> tuple[str, ...]:
    """All that a stream may be called in a reference or in the settings, the most exact first."""
    if key.model:
        return f"{key.model}{key.endpoint}", key.model
    return f"{model_name}{key.endpoint}", key.endpoint, key.endpoint.removeprefix("/")


class Claims:
    """Ranks readings, against the part of a reference that names no stream; None where there is none."""

    def __init__(self, settings: Settings, reference: Profile | None) -> None:
        self._settings = settings
        self._reference = reference
        self._names = {settings.model.name, reference.name if reference else ""} - {""}
        self._ranks: dict[object, Rank] = {}

    def rank(self, reading: Reading) -> Rank:
        """The claim of the stream of a reading."""
        names = aliases(reading.key, self._settings.model.name)
        if self._settings.streams.primary:
            return Rank.NAMED if self._settings.streams.primary in names else Rank.NEVER
        if not self._names.isdisjoint(names):
            return Rank.NAMED
        return min(map(self._of_frame, reading.frames), default=Rank.NONE) if self._reference else Rank.NONE

    def _of_frame(self, frame: Frame) -> Rank:
        of_side = self._reference.sides.get(frame.side) if self._reference else None
        if of_side is None:
            return Rank.EXACT  # the reference says nothing of this side
        shape = (frame.side, frame.names, frame.width, tuple(frame.vectors or ()))
        if shape not in self._ranks:
            if len(self._ranks) >= _MAX_SHAPES:
                self._ranks.clear()
            self._ranks[shape] = _fit(frame, of_side, self._settings.decode.feature_names)
        return self._ranks[shape]


def _fit(frame: Frame, reference: SideProfile, configured: tuple[str, ...]) -> Rank:
    """How the columns of a frame fit; a vector counts as one, whether it comes whole or column by column."""
    wholes: dict[str, str] = {}
    for feature in reference.features:
        whole = feature.derived.of if feature.derived else feature.name
        wholes |= dict.fromkeys((whole, *columns_of([feature])), whole)
    columns = columns_of(reference.features)
    names = (*names_for(frame.names, frame.width, configured, columns), *(frame.vectors or ()))
    came, wanted = {wholes.get(name, name) for name in names}, set(wholes.values())
    if not wanted <= came:
        return Rank.PARTIAL if wanted & came else Rank.NONE
    return Rank.EXACT if came == wanted else Rank.FULL

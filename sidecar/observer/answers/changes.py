"""What changed: of a verdict, of a rule, of a reference. The tag `what` tells them apart."""

from __future__ import annotations

import msgspec

from sidecar.core.words.events import BinShift, PairShift, State
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import Rule, RuleState


class VerdictChange(msgspec.Struct, frozen=True, tag_field="what", tag="verdict"):
    """The verdict on a feature changed from `before` to `state`."""

    stream: str
    """Name of its stream; empty for the primary one."""
    at: float
    """Unix seconds."""
    side: Side
    feature: str
    """`*` for all features of the side together."""
    segment: str
    """Empty for the whole traffic."""
    before: State
    state: State
    rows_seen: int
    """Since the start."""
    evidence: float
    effect: float
    effect_rows: int
    shifts: tuple[BinShift, ...]
    """The bins that moved most, most first."""
    units: float | None
    """The factor by which live numbers are larger, where they seem to be in another unit."""
    changed: str
    """How it changed, in a few words."""


class JointChange(msgspec.Struct, frozen=True, tag_field="what", tag="joint"):
    """The verdict on how features are correlated changed from `before` to `state`."""

    stream: str
    """Name of its stream; empty for the primary one."""
    at: float
    """Unix seconds."""
    before: State
    rows_seen: int
    """Since the start."""
    side: Side
    state: State
    p_value: float
    """Over all pairs; an alarm needs one below `threshold`."""
    threshold: float
    effect: float
    """The change of a correlation that is most certain."""
    rows: int
    """Of the batch that was tested."""
    features: tuple[tuple[str, float], ...]
    """Those that carry it, with their shares, most first."""
    pairs: tuple[PairShift, ...]


class RuleChange(msgspec.Struct, frozen=True, tag_field="what", tag="constraint"):
    """The verdict on a rule of a column changed from `before` to `state`."""

    stream: str
    """Name of its stream; empty for the primary one."""
    at: float
    """Unix seconds."""
    before: RuleState
    rows_seen: int
    """Since the constraints were taken up."""
    side: Side
    feature: str
    rule: Rule
    state: RuleState
    limit: str
    """What it asks."""
    allowed: float
    rate: float
    """Share of the last `rows` rows that broke it."""
    rows: int
    evidence: float
    threshold: float


class ReferenceLearned(msgspec.Struct, frozen=True, tag_field="what", tag="learned"):
    """A reference was learned from the first rows of a side."""

    stream: str
    """Name of its stream; empty for the primary one."""
    at: float
    """Unix seconds."""
    side: Side
    rows_seen: int


class ReferenceReplaced(msgspec.Struct, frozen=True, tag_field="what", tag="reference"):
    """The reference was replaced; digests are empty where there was none."""

    stream: str
    """Name of its stream; empty for the primary one."""
    at: float
    """Unix seconds."""
    before: str
    digest: str


Change = VerdictChange | JointChange | RuleChange | ReferenceLearned | ReferenceReplaced

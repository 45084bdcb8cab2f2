"""The monitor as its readers see it: an immutable view of every figure, for the Prometheus sink and the live page.

Made by `Monitor.view()`. Readers format; they never compute and never access the monitor.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from sidecar.core.words.events import JointReport, NotEnough, Score, State
from sidecar.core.words.frame import Side
from sidecar.core.words.mismatch import Mismatch
from sidecar.core.words.rules import RuleReport
from sidecar.core.words.stream import Answered


class BinView(msgspec.Struct, frozen=True):
    """One bin: `bin` for sorting (`00`, `01`, ...), `range` for reading (`[3.2, 4.1)`). Counts are since the reference
    was taken up.
    """

    bin: str
    range: str
    reference_ratio: float
    live_total: int
    window_count: int
    """Rows in the last closed window and the open one together."""


class FeatureView(msgspec.Struct, frozen=True):
    """One feature: live against reference, its last scores and its verdict. Figures are as in `FeatureReport`."""

    feature: str
    kind: str
    bins: tuple[BinView, ...]
    scores: dict[str, Score | NotEnough]
    evidence: float
    threshold: float
    effect: float
    effect_rows: int
    independent_ratio: float
    state: State
    reference_rows: int
    importance: float
    state_since: float
    criterion: str
    reason: str
    """The criterion in words: `missing 1.0% -> 5.1%`; empty while ok."""
    mismatch: Mismatch | None = None
    """In state mismatch, what it rests on."""

    @property
    def impact(self) -> float:
        """What features are ranked by: the effect times the importance."""
        return self.effect * self.importance


class AllFeaturesView(msgspec.Struct, frozen=True):
    """All features of a side taken together."""

    evidence: float
    threshold: float
    effect: float
    effect_rows: int
    state: State
    state_since: float = 0.0
    """Unix seconds."""
    reason: str = ""
    """In state mismatch, in words what is wrong with most features; else empty."""


class SideView(msgspec.Struct, frozen=True):
    """One side: its reference (if there is one yet) and its features in the reference's order."""

    side: Side
    rows_total: int
    """Rows that were watched or learned from."""
    window_rows: int
    """Rows of the open window."""
    profile: str
    """First 8 digits of the reference's digest; empty while there is none."""
    source: str
    """`file`, `learned` or `learning`."""
    learned_rows: int
    """Rows gathered so far while `learning`."""
    features: tuple[FeatureView, ...]
    all_features: AllFeaturesView | None
    """None without a reference, or with a single feature."""
    joint: JointReport | None
    """The last test of correlations; None before the first, and for a reference without correlations."""
    rules: tuple[RuleReport, ...] = ()
    """The rules of the reference's constraints; empty without constraints."""

    @property
    def drifted(self) -> int:
        """How many features are in state drift."""
        return sum(feature.state is State.DRIFT for feature in self.features)

    @property
    def mismatched(self) -> dict[str, int]:
        """How many features are in state mismatch, by the nearest explanation."""
        return dict(Counter(one.mismatch.explanation.value for one in self.features if one.mismatch is not None))


class SegmentFeature(msgspec.Struct, frozen=True):
    """One feature in one segment of the traffic."""

    feature: str
    state: State
    evidence: float
    threshold: float
    effect: float
    effect_rows: int


class SegmentView(msgspec.Struct, frozen=True):
    """One side of one segment of the traffic."""

    segment: str
    """The value, or `other`."""
    known: bool
    """The value is declared or in the reference, so it may be a label; False where a client sent it."""
    side: Side
    reference: str
    """`segment` where the segment is compared with its own rows of the reference, else `whole`."""
    rows_total: int
    features: tuple[SegmentFeature, ...]

    @property
    def drifted(self) -> tuple[str, ...]:
        """Names of the features in state drift."""
        return tuple(one.feature for one in self.features if one.state is State.DRIFT)


class StreamView(msgspec.Struct, frozen=True):
    """Both sides of one stream, and what was counted of it."""

    stream: str
    """Its name; empty for the primary stream, which `model.name` stands for."""
    model_name: str
    """Label `model_name`; never empty."""
    model: str
    """As requests name it; empty where they do not, or where none has come yet."""
    endpoint: str
    """The path as a template; empty where no request has come yet."""
    sides: tuple[SideView, ...] = ()
    answered: dict[str, int] = {}
    """Version that answers name -> decoded answers"""
    violations: dict[tuple[str, str], int] = {}
    """(feature, kind) -> rows"""
    not_accepted: dict[Answered, int] = {}
    """Rows of requests that were not accepted, which are not watched."""
    digest: str = ""
    """The whole digest of its reference; empty while there is none."""
    segments: tuple[SegmentView, ...] = ()
    """Segments of the traffic, by side; empty without `segments.by`."""
    name: str = ""
    created: str = ""
    """What the reference is called and when it was made, where it says so."""

    def rows(self) -> dict[tuple[Side, Answered], int]:
        """All rows, by side and by what became of the request that they came in."""
        accepted = {(one.side, Answered.ACCEPTED): one.rows_total for one in self.sides}
        return accepted | {(Side.INPUT, answered): rows for answered, rows in self.not_accepted.items()}


NO_STREAM = StreamView("", "", "", "")


FULL = "full"
"""Why accepted requests are not watched: there are `streams.max` streams."""
WHY_UNWATCHED = (FULL, Answered.REFUSED.value, Answered.UNANSWERED.value)
"""Why exchanges belong to no stream. Each is exported from 0 on: the first one must be seen."""


class UnwatchedView(msgspec.Struct, frozen=True):
    """Traffic that belongs to no stream, because there are too many, or since no answer showed it to be one."""

    exchanges: dict[str, int] = {}
    """By why (`WHY_UNWATCHED`)."""
    rows: dict[tuple[Side, Answered], int] = {}


class MonitorView(msgspec.Struct, frozen=True):
    """All streams, the primary one first, and what was counted on the way to them."""

    streams: tuple[StreamView, ...]
    decoded: dict[tuple[str, str], int]
    """(decoder, result) -> messages; result is `ok`, a reason of DecodeError, or why a request that cannot be read matters not
    (`refused`, `unanswered`)."""
    unwatched: UnwatchedView = UnwatchedView()

    @property
    def primary(self) -> StreamView:
        """The first stream: all that there is to see where there is one model."""
        return self.streams[0] if self.streams else NO_STREAM

    @property
    def sides(self) -> tuple[SideView, ...]:
        """Of the primary stream."""
        return self.primary.sides

    @property
    def digest(self) -> str:
        """Of the primary stream."""
        return self.primary.digest

    @property
    def violations(self) -> dict[tuple[str, str], int]:
        """Of the primary stream."""
        return self.primary.violations

    @property
    def segments(self) -> tuple[SegmentView, ...]:
        """Of the primary stream."""
        return self.primary.segments

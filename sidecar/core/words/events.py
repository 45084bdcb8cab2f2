"""What the monitor reports: frozen values that sinks take. Times are Unix seconds.

An event carries the figures it rests on and the number of rows behind each, so that a sink formats and never computes. `stream`
is the name of the stream that it is about; empty for the primary one.
"""

from __future__ import annotations

import enum

import msgspec

from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Side
from sidecar.core.words.mismatch import Mismatch
from sidecar.core.words.rules import RuleChanged


class State(enum.StrEnum):
    """The verdict on a feature. Label values of `model_drift_state`."""

    INSUFFICIENT = "insufficient"
    OK = "ok"
    WARNING = "warning"
    DRIFT = "drift"
    MISMATCH = "mismatch"
    """The reference does not describe what comes: nearly all cells are unseen, of another type, absent or unread."""


BY_URGENCY = (State.MISMATCH, State.DRIFT, State.WARNING, State.OK, State.INSUFFICIENT)
"""The states, the worst first."""
ALARMS = frozenset(BY_URGENCY[:2])
UNWELL = frozenset(BY_URGENCY[:3])
ALL_FEATURES = "*"
"""Name of the feature in the report on all features of a side together."""


class Score(msgspec.Struct, frozen=True):
    """One measure of one feature: distance of live from reference, over `rows` live rows.

    `debiased` is the value minus its expected value without drift, never below 0. `p_value` treats the reference as a sample. No
    figure is NaN: with too few rows there is no Score but a NotEnough.
    """

    value: float
    debiased: float
    p_value: float
    rows: int


class NotEnough(msgspec.Struct, frozen=True):
    """A measure gave no figure, and why, e.g. `17 rows, 100 needed`."""

    reason: str
    rows: int


class BinShift(msgspec.Struct, frozen=True):
    """One bin whose share changed: its readable range, and its share in reference and live."""

    range: str
    reference_ratio: float
    live_ratio: float


class FeatureReport(msgspec.Struct, frozen=True):
    """All figures of one feature, when a window closed or its verdict changed.

    For all features together (`ALL_FEATURES`) there are no scores and no shifts, and the effect is the sum over features.
    """

    side: Side
    feature: str
    state: State
    scores: dict[str, Score | NotEnough]
    """By measure name, over the window's rows."""
    evidence: float
    """log10 of the e-value; the alarm threshold is `threshold`."""
    threshold: float
    effect: float
    """The debiased PSI over floored shares (`stats.divergence.effect`) that policy compared with `drift.material_psi`, over
    `effect_rows` recent rows."""
    effect_rows: int
    independent_ratio: float
    """Effective independent rows per recent row: 1, or less where rows depend on those before them."""
    shifts: tuple[BinShift, ...]
    """The bins that changed most, largest first; at most five."""
    changed: str = ""
    """How it changed, in a few words; empty where nothing is worth reporting."""
    units: float | None = None
    """Factor between live numbers and the reference's, where they seem to be in another unit; else None."""
    segment: str = ""
    """The segment of the traffic; empty for all of it."""
    importance: float = 1.0
    """Weight of the feature in the model, 1 on average (`Feature.importance`)."""
    criterion: str = ""
    """By what a change in warning or drift matters: `psi`, or the rate of what is `missing`, `unseen`, `out of range`, of a
    `level` or of a `value`. In mismatch the kind of it."""
    since: float = 0.0
    """Unix seconds at which the state began."""
    mismatch: Mismatch | None = None
    """In state mismatch, what it rests on."""

    @property
    def impact(self) -> float:
        """What features are ranked by: the effect times the importance."""
        return self.effect * self.importance


class ExchangeSeen(msgspec.Struct, frozen=True):
    """An exchange reached the observer; `drifted_features` is how many of its stream were drifting at that time."""

    exchange: Exchange
    drifted_features: int
    stream: str = ""


class DecodeFailed(msgspec.Struct, frozen=True):
    """A message did not decode, or only in part. Emitted at most once a minute per decoder and reason; `since_last` counts
    the rest.
    """

    at: float
    decoder: str
    reason: str
    detail: str
    since_last: int
    trace_id: str = ""
    """Trace of the exchange, if it is sampled."""
    stream: str = ""
    """Always empty: decoding is not counted by stream."""


class WindowClosed(msgspec.Struct, frozen=True):
    """A window closed: all its rows are counted, and its scores are final."""

    side: Side
    started: float
    ended: float
    rows: int
    features: tuple[FeatureReport, ...]
    segment: str = ""
    """The segment of the traffic; empty for all of it."""
    stream: str = ""


class VerdictChanged(msgspec.Struct, frozen=True):
    """The verdict on a feature changed from `before` to `report.state` after `rows_seen` rows since start."""

    at: float
    before: State
    rows_seen: int
    report: FeatureReport
    stream: str = ""


class PairShift(msgspec.Struct, frozen=True):
    """Two or three features of which the mean product of rank scores changed; for two it is a correlation."""

    first: str
    second: str
    reference: float
    live: float
    third: str = ""
    """Empty for two."""


class JointReport(msgspec.Struct, frozen=True):
    """The correlations between the features of one side, over the last batch of rows that was tested."""

    side: Side
    state: State
    p_value: float
    """Over all pairs; an alarm needs one below `threshold`: the budget of false alarms, times the rows since the last test."""
    threshold: float
    effect: float
    """Change of the correlation that is most certain to have changed, compared with `drift.material_correlation`."""
    rows: int
    features: tuple[tuple[str, float], ...]
    """The features that contribute most, with their shares, largest first."""
    pairs: tuple[PairShift, ...]
    stream: str = ""
    """In a comparison of profiles, the stream's name; empty elsewhere, where the event or the view has it."""


class JointChanged(msgspec.Struct, frozen=True):
    """The verdict on the correlations between features changed from `before` to `report.state`."""

    at: float
    before: State
    rows_seen: int
    report: JointReport
    stream: str = ""


class ReferenceLearned(msgspec.Struct, frozen=True):
    """No reference was given; one was learned from `rows` rows of `side`."""

    at: float
    side: Side
    rows: int
    digest: str
    stream: str = ""


class LearningRefused(msgspec.Struct, frozen=True):
    """No reference was learned yet, because the older half of the rows differs from the newer half, most in `feature`.

    `times` counts the refusals.
    """

    at: float
    side: Side
    feature: str
    effect: float
    changed: str
    times: int
    stream: str = ""


class ReferenceChanged(msgspec.Struct, frozen=True):
    """The reference was replaced; windows, evidence and verdicts restarted. Digests are empty where there was none."""

    at: float
    before: str
    digest: str
    stream: str = ""


class ConstraintsReplaced(msgspec.Struct, frozen=True):
    """The constraints of the reference were edited, and nothing else of it: `rules` of them are checked from now on."""

    at: float
    rules: int
    stream: str = ""


class ReferenceMismatch(msgspec.Struct, frozen=True):
    """The live rows have none of the reference's features on `side`; emitted once a minute at most."""

    at: float
    side: Side
    detail: str
    stream: str = ""


class StreamBegan(msgspec.Struct, frozen=True):
    """Another model or endpoint than the primary one is watched from now on, with its own reference (`file` or `learning`)."""

    at: float
    stream: str
    model: str
    """As requests name it; empty where they do not."""
    endpoint: str
    source: str


class StreamsFull(msgspec.Struct, frozen=True):
    """There are `most` streams, and `exchanges` of others came, which are counted and not watched; once a minute at most."""

    at: float
    most: int
    exchanges: int
    stream: str = ""


Event = (
    ExchangeSeen
    | DecodeFailed
    | WindowClosed
    | VerdictChanged
    | JointChanged
    | RuleChanged
    | ConstraintsReplaced
    | ReferenceLearned
    | LearningRefused
    | ReferenceChanged
    | ReferenceMismatch
    | StreamBegan
    | StreamsFull
)

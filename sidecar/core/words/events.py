"""What the monitor has to say: frozen values that sinks take. Times are Unix seconds.

An event carries the figures it rests on and the rows behind each, so that a sink formats and never computes.
"""

from __future__ import annotations

import enum

import msgspec

from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Side


class State(enum.StrEnum):
    """The verdict on a feature. Label values of `model_drift_state`."""

    INSUFFICIENT = "insufficient"
    OK = "ok"
    WARNING = "warning"
    DRIFT = "drift"


ALL_FEATURES = "*"
"""Stands for the name of a feature in the report on all features of a side together."""


class Score(msgspec.Struct, frozen=True):
    """One measure of one feature: distance of live from reference, over `rows` live rows.

    `debiased` is the figure without its expected value under no drift (never below 0); `p_value` treats the
    reference as a sample. NaN never stands here: where there is not enough, there is no Score (see NotEnough).
    """

    value: float
    debiased: float
    p_value: float
    rows: int


class NotEnough(msgspec.Struct, frozen=True):
    """A measure refused to say anything, and why, e.g. `17 rows, 100 needed`."""

    reason: str
    rows: int


class BinShift(msgspec.Struct, frozen=True):
    """One bin that moved: its readable range, and its share in reference and live."""

    range: str
    reference_ratio: float
    live_ratio: float


class FeatureReport(msgspec.Struct, frozen=True):
    """All figures of one feature when a window closed or its verdict changed.

    On all features together (`ALL_FEATURES`) there are no scores and no shifts, and the effect is the sum over features.
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
    """The debiased PSI, shares floored, that policy compared with `drift.material_psi`, over `effect_rows` recent rows."""
    effect_rows: int
    independent_ratio: float
    """Share of recent rows that count as independent: 1, or less where rows depend on those before them."""
    shifts: tuple[BinShift, ...]
    """The bins that moved most, most first; at most five."""
    changed: str = ""
    """How it changed, in a few words."""
    units: float | None = None
    """The factor by which live numbers are larger than the reference's, where they seem to be in another unit."""
    segment: str = ""
    """The segment of the traffic that it is about; empty for the whole."""
    importance: float = 1.0
    """How much the model rests on the feature, 1 being ordinary (`Feature.importance`)."""

    @property
    def impact(self) -> float:
        """What features are ranked by: the effect times the importance."""
        return self.effect * self.importance


class ExchangeSeen(msgspec.Struct, frozen=True):
    """An exchange reached the observer; `verdicts` is how many features were drifting at that time."""

    exchange: Exchange
    drifted_features: int


class DecodeFailed(msgspec.Struct, frozen=True):
    """A message did not decode. Emitted at most once a minute per decoder and reason; `since_last` counts the rest."""

    at: float
    decoder: str
    reason: str
    detail: str
    since_last: int
    trace_id: str = ""
    """Of the exchange that it came with, if that is sampled."""


class WindowClosed(msgspec.Struct, frozen=True):
    """A window closed: its rows are in, its scores are final."""

    side: Side
    started: float
    ended: float
    rows: int
    features: tuple[FeatureReport, ...]
    segment: str = ""
    """The segment of the traffic that it is of; empty for the whole."""


class VerdictChanged(msgspec.Struct, frozen=True):
    """The verdict on a feature changed from `before` to `report.state` after `rows_seen` rows since start."""

    at: float
    before: State
    rows_seen: int
    report: FeatureReport


class PairShift(msgspec.Struct, frozen=True):
    """Two features whose correlation changed (of their bins' places or of the squares of these)."""

    first: str
    second: str
    reference: float
    live: float


class JointReport(msgspec.Struct, frozen=True):
    """How the features of one side hang together, over the last batch of rows that was tested."""

    side: Side
    state: State
    p_value: float
    """Over all pairs; an alarm needs one below `threshold`, which is what the budget of false alarms leaves for so many rows."""
    threshold: float
    effect: float
    """The change of the correlation that is most certain to have changed, compared with `drift.material_correlation`."""
    rows: int
    features: tuple[tuple[str, float], ...]
    """The features that carry it, with their shares, most first."""
    pairs: tuple[PairShift, ...]


class JointChanged(msgspec.Struct, frozen=True):
    """The verdict on how features hang together changed from `before` to `report.state`."""

    at: float
    before: State
    rows_seen: int
    report: JointReport


class ReferenceLearned(msgspec.Struct, frozen=True):
    """No reference was given, and one was learned from the first `rows` rows of `side`."""

    at: float
    side: Side
    rows: int
    digest: str


class LearningRefused(msgspec.Struct, frozen=True):
    """No reference was learned from the rows so far, since their older half differs from the newer, most in `feature`."""

    at: float
    side: Side
    feature: str
    effect: float
    changed: str
    times: int


class ReferenceChanged(msgspec.Struct, frozen=True):
    """The reference was replaced; windows, evidence and verdicts began anew. Digests are empty where there was none."""

    at: float
    before: str
    digest: str


class ReferenceMismatch(msgspec.Struct, frozen=True):
    """The live stream has none of the reference's features on `side`; emitted once a minute at most."""

    at: float
    side: Side
    detail: str


Event = (
    ExchangeSeen
    | DecodeFailed
    | WindowClosed
    | VerdictChanged
    | JointChanged
    | ReferenceLearned
    | LearningRefused
    | ReferenceChanged
    | ReferenceMismatch
)

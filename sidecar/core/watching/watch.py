"""One side against its reference: gathers evidence in blocks of rows, closes windows, changes verdicts.

Rows wait until a block is full or has waited long enough, because bets are placed per block. Figures are computed for
all features at once. The monitor passes frames and the time; `row_batches` bins, and `policy` judges.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np

from sidecar.core.binning.binner import Batch, Binner
from sidecar.core.evidence.clusters import LEAST_ROWS, Clusters
from sidecar.core.evidence.detector import BLOCK_ROWS, Evidence
from sidecar.core.evidence.policy import Policy
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.profile import SideProfile
from sidecar.core.reference.seasons import season_of
from sidecar.core.scores.geometry import scale
from sidecar.core.scores.measure import AllScores, Pair, Scale
from sidecar.core.scores.measures import MEASURES
from sidecar.core.scores.report import feature_views
from sidecar.core.stats.divergence import ratios
from sidecar.core.watching.joint_watch import JointWatch
from sidecar.core.watching.mismatch import Mismatches
from sidecar.core.watching.nearest import Nearest
from sidecar.core.watching.periods import Period, Periods, compact
from sidecar.core.watching.quality import Quality
from sidecar.core.watching.row_batches import RowBatches
from sidecar.core.watching.verdicts import Scores, Verdicts
from sidecar.core.watching.waiting import Rows, Waiting
from sidecar.core.watching.window import Window
from sidecar.core.words.arrays import AnyCounts, Codes, Counts, Floats
from sidecar.core.words.events import (
    Event,
    JointChanged,
    ReferenceMismatch,
    WindowClosed,
)
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.view import FeatureView, SegmentFeature
from sidecar.settings import Settings

BLOCK_SECONDS = 0.02
"""Rows wait this long to form a block, so that a fast stream costs little per row and a slow one is judged often..."""
LEAST_BLOCK = BLOCK_ROWS
"""...unless there are fewer rows than this, which wait for the next tick..."""
MOST_BLOCK = 256
"""...or this many, which are judged at once."""
SEGMENT_BLOCK_SECONDS = 0.5
"""`BLOCK_SECONDS` of a segment: there are many segments, and each has few rows."""


class Watch:
    """One side of the whole traffic, or of one `segment`. `verdicts` has its states and limits."""

    def __init__(
        self, side: Side, reference: SideProfile, settings: Settings, limits: Policy, now: float, segment: str = ""
    ) -> None:
        self.side = side
        self._segment = segment
        self._block_seconds = SEGMENT_BLOCK_SECONDS if segment else BLOCK_SECONDS
        self.reference = reference
        self.window = Window(settings.window, now)
        self._least_rows = settings.window.min_rows
        self._season = -1
        self._season_shares = np.zeros(0)
        self._season_offset = settings.drift.season_offset_seconds
        binner = Binner(reference.features, reference.numbers)
        self._binner = binner
        configured = settings.decode.feature_names if side is Side.INPUT else ()
        if reference.left_out:
            configured = configured or reference.columns
        left_out = tuple(one.name for one in reference.left_out)
        self._nearest = Nearest(reference, binner, configured)
        explain = self._nearest.name_explained
        self._row_batches = RowBatches(side, binner, configured, left_out, reference.withheld, explain)
        self._evidence = Evidence(reference, binner.mask, settings.drift.tolerance)
        self._clusters = Clusters(self._evidence.null.q, self._evidence.null.basis[:, 1])
        self._quality = Quality(reference, binner)
        self._live: Counts = np.zeros_like(reference.counts)
        self._waiting = Waiting(self._quality, len(binner.numeric))
        violations = self._row_batches.violations
        self._mismatches = Mismatches(reference, settings.window, self._counted, violations, self._nearest, now)
        units = self._quality.units
        self.verdicts = Verdicts(side, reference, self._evidence, limits, self._mismatches, segment, units)
        pairs = None if segment or reference.seasons else reference.joint
        self.joint = JointWatch(side, reference, pairs) if pairs else None
        """The test of correlations; None for a segment, for a reference without correlations, and for one with seasons, since
        correlations differ between seasons."""
        self._scale = scale(reference)
        self._reference = reference.numbers
        self._moments = Moments.empty(len(binner.numeric))  # of closed windows
        self._periods = None if segment else Periods()
        self._open: AnyCounts = np.zeros(reference.counts.shape, np.int32)
        self._expected = np.zeros(
            reference.counts.shape if reference.seasons else 0
        )  # expected rows of the open window, by the seasons of its rows
        self._last: AnyCounts = np.zeros_like(self._open)
        self._scores = self._score(self._last)
        self._rows = 0

    def take(self, frames: Iterable[Frame], now: float) -> list[Event]:
        """Take the rows of frames of this side; judge all full blocks."""
        batches, events = self.binned(frames, now)
        return [*events, *self.take_batches(batches, now)]

    def take_unread(self) -> None:
        """A message of this side could not be read; the next tick looks whether too many could not."""
        self._mismatches.add_unread()

    def binned(self, frames: Iterable[Frame], now: float) -> tuple[list[Batch], list[ReferenceMismatch]]:
        """Bin the rows of frames without judging them."""
        frames = list(frames)
        self._nearest.keep(frames)
        self._mismatches.add(sum(frame.rows for frame in frames), len(frames))
        for frame in frames:
            if frame.lost is not None and frame.lost.rows:
                self._mismatches.add_unread(frame.lost.rows)
        return self._row_batches.batches(frames, now)

    def take_batches(self, batches: Iterable[Batch], now: float) -> list[Event]:
        """Take batches made by `binned`; judge all full blocks."""
        for batch in batches:
            self._waiting.add(batch, self._worth(batch), now)
        return [*self._advance_full(now), *self._look(now)]

    def take_codes(self, codes: Codes, now: float) -> list[Event]:
        """Take rows as flat codes (F, n), without their numbers."""
        self._mismatches.add(codes.shape[1], 1)
        self._waiting.add_codes(codes, now)
        return [*self._advance_full(now), *self._look(now)]

    def tick(self, now: float) -> list[Event]:
        """Judge a block that has waited long enough, and close a window whose time is over."""
        old = self._waiting.rows and now - self._waiting.since >= self._block_seconds
        events = [*(self._advance(1, now) if old else []), *self._look(now)]
        return events + (self._close(now) if self.window.due(now) else [])

    def finish(self, now: float) -> list[Event]:
        """Judge waiting rows, and close the window if it has any rows."""
        events = self._advance(1, now)
        return events + (self._close(now) if self.window.rows else [])

    def live(self) -> SideProfile:
        """All rows since the start, as a profile."""
        moments = self._moments.merge(self._waiting.moments())
        return SideProfile(self.reference.features, self._live.copy(), moments)

    def since(self, time: float, now: float) -> Period | None:
        """The rows of windows that began at `time` (Unix seconds) or later, the open one included; None if there are none. Not
        for a segment.
        """
        open_window = Period(self.window.started, now, self._open, self._waiting.moments())
        periods = [*(self._periods.since(time) if self._periods is not None else ()), open_window]
        found = [period for period in periods if period.started >= time and period.counts.any()]
        return functools.reduce(Period.join, found) if found else None

    def violations(self) -> dict[tuple[str, str], int]:
        """Violating rows by (feature, kind). Values out of range and unseen names are counted by their bins."""
        self._waiting.settle()
        found = dict(self._row_batches.violations + self._quality.violations)
        for feature, counts in zip(self.reference.features, self._live.tolist(), strict=True):
            if feature.ordered and feature.edges:
                found[feature.name, "range"] = counts[0] + counts[len(feature.edges)]
            elif not feature.ordered:
                found[feature.name, "unseen"] = counts[feature.unseen]
        return {key: count for key, count in found.items() if count}

    def views(self) -> tuple[FeatureView, ...]:
        """The view of every feature."""
        return feature_views(
            self.reference,
            ranges=self.verdicts.ranges,
            live=self._live,
            window=self._open + self._last,
            scores=self._scores.of,
            states=self.verdicts.states,
            evidence=self._evidence.log10(),
            threshold=self.verdicts.limits.alarm,
            effect=self._evidence.effect(np.arange(len(self.reference.features)))[:2],
            independent=self._evidence.independent_share,
            since=self.verdicts.since,
            reasons=self.verdicts.reasons(),
            mismatches=self.verdicts.mismatches,
        )

    def segment_features(self) -> tuple[SegmentFeature, ...]:
        """The short view of every feature, for a segment."""
        effects, rows, _ = self._evidence.effect(np.arange(len(self.reference.features)))
        evidence, alarm = self._evidence.log10().tolist(), self.verdicts.limits.alarm
        figures = zip(effects.tolist(), rows.tolist(), strict=True)
        return tuple(
            SegmentFeature(name, self.verdicts.states[at], evidence[at], alarm, effect, round(recent))
            for at, (name, (effect, recent)) in enumerate(zip(self.reference.names, figures, strict=True))
        )

    def _worth(self, batch: Batch) -> Floats | None:
        """What each row is worth beside the others of its message (F, n); None where all count whole."""
        if max(batch.messages, default=0) < LEAST_ROWS:
            return None
        worth = np.ones((len(batch.codes), len(batch.messages)))
        at = 0
        for number, rows in enumerate(batch.messages):
            if rows >= LEAST_ROWS:
                worth[:, number] = self._clusters.worth(rows)
                self._clusters.add(self._binner.counts(batch.codes[:, at : at + rows]))
            at += rows
        return np.repeat(worth, batch.messages, axis=1)

    def _counted(self) -> Counts:
        """Rows in each bin (F, B) since the start, those that wait included."""
        return np.asarray(sum(map(self._binner.counts, self._waiting.codes()), self._live))

    def _look(self, now: float) -> list[Event]:
        """See whether the reference describes what comes. What waits is judged before a mismatch ends, since it is of it."""
        look = self._mismatches.look(now)
        if look is None:
            return []
        ends = bool((look.clean & self.verdicts.mismatched).any())
        events = self._advance(1, now) if ends else []
        return [*events, *self.verdicts.look(look, self._recent_scores, now)]

    def _advance_full(self, now: float) -> list[Event]:
        """Judge blocks that are full or have waited long enough."""
        waited = now - self._waiting.since >= self._block_seconds
        return self._advance(LEAST_BLOCK if waited else MOST_BLOCK, now)

    def _advance(self, least: int, now: float) -> list[Event]:
        """Judge blocks of equal size while at least `least` rows wait."""
        events: list[Event] = []
        if self._waiting.rows < least:
            return events
        waiting = self._waiting.take()
        at, rows = 0, waiting.codes.shape[1]
        while rows - at >= least:
            blocks = -(-(rows - at) // MOST_BLOCK)
            size = min(-(-(rows - at) // blocks), self.window.room)
            events += self._process(waiting.part(at, at + size), now)
            at += size
        if at < rows:
            self._waiting.put_back(waiting.part(at))
        return events

    def _process(self, block: Rows, now: float) -> list[Event]:
        """Process one block: counts, evidence, verdicts; closes the window if the block fills it."""
        codes, runs, worth = block
        counts = self._binner.counts(codes)
        self._use_season(codes.shape[1], now)
        self._evidence.update(codes, runs, None if worth is None or worth.min() == 1.0 else worth)
        if self.joint:
            self.joint.add(codes)
        self._live += counts
        self._open += counts.astype(np.int32)
        self._rows += codes.shape[1]
        self.window.rows += codes.shape[1]
        events: list[Event] = [*self.verdicts.change(self._rows, self._recent_scores, now)]
        return events + (self._close(now) if self.window.due(now) else [])

    def _close(self, now: float) -> list[Event]:
        """Score and report the window, and end the verdicts that have recovered in it."""
        moments = self._waiting.moments()
        self._quality.close(self.window.rows)
        self._scores = self._score(self._open)
        started, rows = self.window.started, self.window.rows
        reports, changes = self.verdicts.close(self._scores.of, self._matched_reference(), self._open, now)
        self._expected = np.zeros_like(self._expected)
        self._last = compact(self._open)
        if self._periods is not None and rows:
            self._periods.add(Period(started, now, self._last, moments))
        self._moments = self._moments.merge(moments)
        self._waiting.forget_moments()
        self._open = np.zeros_like(self._open)
        self.window.restart(now)
        joint = self._close_joint(now)
        for report in reports:
            if report.units is not None:
                self._quality.violations[report.feature, "units"] += rows
        return [WindowClosed(self.side, started, now, rows, reports, self._segment), *changes, *joint]

    def _close_joint(self, now: float) -> list[JointChanged]:
        if self.joint is None or not self._evidence.knows_dependence:
            return []
        share, drifting = self._evidence.independent_share, self.verdicts.drifting
        return self.joint.close(share, drifting, self.verdicts.limits, self._rows, now)

    def _use_season(self, rows: int, now: float) -> None:
        """Compare with the current season from now on, and note its expected shares for `rows` rows."""
        seasons = self.reference.seasons
        if seasons is None:
            return
        number = season_of(seasons.season, now, self._season_offset)
        if number != self._season:
            reference = seasons.reference(number, self._reference.shape)
            self._evidence.use_reference(reference)
            self._season = number
            self._season_shares = ratios(reference)
        self._expected += self._season_shares * rows

    def _matched_reference(self) -> Floats:
        """Reference counts (F, B) for the rows of the open window: those of their seasons, weighted by rows."""
        if self.reference.seasons is None:
            return self._reference
        return np.asarray(ratios(self._expected) * self._reference.sum(axis=1, keepdims=True))

    def _recent_scores(self, at: int) -> Scores:
        """Scores of feature `at` in the open window, or in the last one if the open one has too few rows."""
        if self.window.rows < self._least_rows:
            return self._scores.of(at)
        only = slice(at, at + 1)
        part = Scale(self._scale.ordered[only], self._scale.steps[only], self._scale.rest[only])
        pair = Pair(self._matched_reference()[only], self._open[only].astype(np.float64), part)
        return AllScores(MEASURES, pair, self._least_rows).of(0)

    def _score(self, counts: AnyCounts) -> AllScores:
        pair = Pair(self._matched_reference(), counts.astype(np.float64), self._scale)
        return AllScores(MEASURES, pair, self._least_rows)

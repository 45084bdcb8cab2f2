"""The monitor: exchanges and the time come in, events and a view go out. No socket, no clock, no log, no thread.

It decodes exchanges (`intake`) and hands their rows to the watch of each side. Without a reference it first learns one
from the first rows of each side, and reports that. Its owner calls `feed_many` with exchanges and `tick` a few times a
second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from sidecar.core.binning.segments import Router
from sidecar.core.evidence.policy import Policy, policy
from sidecar.core.reading.decoder import Decoder
from sidecar.core.reading.intake import Intake
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.reference.profile_file import digest
from sidecar.core.scores.comparison import Material
from sidecar.core.watching.learner import Learner
from sidecar.core.watching.segment_watches import SegmentWatches
from sidecar.core.watching.watch import Watch
from sidecar.core.words.events import (
    DecodeFailed,
    Event,
    ExchangeSeen,
    LearningRefused,
    ReferenceChanged,
    ReferenceLearned,
    State,
)
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.view import MonitorView, SideView
from sidecar.settings import Settings

LEARNED, LEARNING = "learned", "learning"


class Monitor:
    """Watches the inputs and outputs of one model. Times are Unix seconds and must not decrease."""

    def __init__(
        self,
        settings: Settings,
        reference: Profile | None,
        decoders: tuple[Decoder, ...],
        now: float,
        source: str = "file",
    ) -> None:
        self._settings = settings
        self._intake = Intake(settings.decode, decoders)
        self._rows = dict.fromkeys(Side, 0)
        self._violations: Counter[tuple[str, str]] = Counter()  # of references that were replaced
        self._compare_with(reference, source, now)

    def switch(self, reference: Profile, now: float) -> list[Event]:
        """Compare with another reference from now on; does nothing if it is the same. A reference being learned is dropped."""
        if digest(reference) == self._digest and not self._learners:
            return []
        before = self._digest
        events = self.finish(now)
        self._violations.update(self._violations_now())
        self._compare_with(reference, "file", now)
        return [*events, ReferenceChanged(now, before, self._digest)]

    def _compare_with(self, reference: Profile | None, source: str, now: float) -> None:
        settings = self._settings
        self._watches: dict[Side, Watch] = {}
        self._sources: dict[Side, str] = {}
        self._digests: dict[Side, str] = {}
        wanted = settings.learn.rows
        material = Material(settings.drift.material_psi, settings.drift.material_correlation)
        self._learners = {} if reference else {side: Learner(side, wanted, material) for side in Side}
        self._digest = digest(reference) if reference else ""
        self._label = (reference.name, reference.created) if reference else ("", "")
        routed = Router(settings.segments, settings.decode.feature_names) if settings.segments.by else None
        self._segments = SegmentWatches(settings, routed, reference) if routed else None
        for side, profile in reference.sides.items() if reference else ():
            self._begin(side, profile, source, self._digest, now)

    @property
    def reference(self) -> Profile | None:
        """The reference in use: from the file, or learned so far; None while there is none."""
        sides = {side: watch.reference for side, watch in self._watches.items()}
        return Profile(sides) if sides else None

    def live_profile(self, side: Side) -> SideProfile | None:
        """The rows of a side since its reference was taken up; None without a reference."""
        return self._watches[side].live() if side in self._watches else None

    def feed(self, exchange: Exchange, now: float) -> list[Event]:
        """Take one exchange."""
        return self.feed_many((exchange,), now)

    def feed_many(self, exchanges: Iterable[Exchange], now: float) -> list[Event]:
        """Take many exchanges at once, which is much cheaper than one by one."""
        drifted = sum(watch.verdicts.states.count(State.DRIFT) for watch in self._watches.values())
        failures: list[DecodeFailed] = []
        events: list[Event] = []
        frames: list[Frame] = []
        for exchange in exchanges:
            events.append(ExchangeSeen(exchange, drifted))
            found = self._intake.frames(exchange, now, failures)
            frames += self._segments.router.route(exchange, found) if self._segments else found
        return [*events, *failures, *self.feed_frames(frames, now)]

    def feed_frames(self, frames: Iterable[Frame], now: float) -> list[Event]:
        """Take decoded rows; rows with segments go to these as well."""
        by_side: dict[Side, list[Frame]] = {side: [] for side in Side}
        for frame in frames:
            by_side[frame.side].append(frame)
        return [event for side, of_side in by_side.items() if of_side for event in self._take(side, of_side, now)]

    def tick(self, now: float) -> list[Event]:
        """Judge blocks that have waited long enough, and close windows whose time is over."""
        events = [event for watch in self._watches.values() for event in watch.tick(now)]
        return events + self._segments.tick(now) if self._segments else events

    def finish(self, now: float) -> list[Event]:
        """Judge waiting rows and close open windows; nothing is fed afterwards."""
        events = [event for watch in self._watches.values() for event in watch.finish(now)]
        return events + self._segments.finish(now) if self._segments else events

    def view(self) -> MonitorView:
        """All figures as of now."""
        return MonitorView(
            sides=tuple(self._side_view(side) for side in Side),
            decoded=dict(self._intake.results),
            answered=dict(self._intake.model_versions.by_version),
            violations=dict(self._violations + self._violations_now()),
            digest=self._digest,
            segments=self._segments.views() if self._segments else (),
            name=self._label[0],
            created=self._label[1],
        )

    def _violations_now(self) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        for watch in self._watches.values():
            found.update(watch.violations())
        return found

    def _take(self, side: Side, frames: list[Frame], now: float) -> list[Event]:
        self._rows[side] += sum(frame.rows for frame in frames)
        if side in self._watches:
            return self._watch(side, frames, now)
        return self._learn(side, frames, now) if side in self._learners else []

    def _watch(self, side: Side, frames: list[Frame], now: float) -> list[Event]:
        """Rows are binned once, for the whole traffic and its segments."""
        watch = self._watches[side]
        if self._segments is None:
            return watch.take(frames, now)
        batches, events = watch.binned(frames, now)
        return [*events, *watch.take_batches(batches, now), *self._segments.take(side, batches, now)]

    def _learn(self, side: Side, frames: list[Frame], now: float) -> list[Event]:
        """Gather rows until a reference is learned; the rows after that are watched."""
        learner = self._learners[side]
        configured = self._settings.decode.feature_names if side is Side.INPUT else ()
        events: list[Event] = []
        for at, frame in enumerate(frames):
            names = configured if frame.names is None and frame.width == len(configured) else frame.names
            learner.add(msgspec.structs.replace(frame, names=names, segments=None))
            if learner.due:
                changed = learner.refuse()
                if changed is None:
                    return [*events, self._learned(side, now), *self._watch(side, frames[at + 1 :], now)]
                events.append(
                    LearningRefused(now, side, changed.feature, changed.effect, changed.changed, learner.refusals)
                )
        return events

    def _learned(self, side: Side, now: float) -> ReferenceLearned:
        learner = self._learners.pop(side)
        profile = learner.profile()
        self._begin(side, profile.sides[side], LEARNED, digest(profile), now)
        self._digest = digest(self.reference or profile)
        return ReferenceLearned(now, side, learner.rows, self._digest)

    def _begin(self, side: Side, profile: SideProfile, source: str, digest_of_it: str, now: float) -> None:
        self._sources[side] = source
        self._digests[side] = digest_of_it
        self._watches[side] = Watch(side, profile, self._settings, self._limits(0), now)
        if self._segments:
            self._segments.begin(side, profile, now)
        detectors = sum(watch.verdicts.detectors for watch in self._watches.values())
        if self._segments:
            detectors *= 1 + self._segments.most
            self._segments.limit(self._limits(detectors))
        for watch in self._watches.values():
            watch.verdicts.limits = self._limits(detectors)

    def _limits(self, detectors: int) -> Policy:
        return policy(self._settings.drift, detectors, self._settings.window.min_rows)

    def _side_view(self, side: Side) -> SideView:
        watch = self._watches.get(side)
        learner = self._learners.get(side)
        return SideView(
            side=side,
            rows_total=self._rows[side],
            window_rows=watch.window.rows if watch else 0,
            profile=self._digests.get(side, "")[:8],
            source=self._sources.get(side, LEARNING if learner else ""),
            learned_rows=learner.rows if learner else 0,
            features=watch.views() if watch else (),
            all_features=watch.verdicts.all_features_view() if watch else None,
            joint=watch.joint.report if watch and watch.joint else None,
        )

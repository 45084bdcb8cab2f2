"""The watch of one stream: rows and the time in, events and a view out. It has its own reference, windows, segments and verdicts.

Rows go to the watch of each side. Without a reference it first learns one from the first rows of each side, and says so. Which
rows are of this stream, and what is left of the budget for it, is the monitor's to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import msgspec

from sidecar.core.binning.segments import Router
from sidecar.core.evidence.policy import Policy
from sidecar.core.reading.model_versions import ModelVersions
from sidecar.core.reference.consent import Consent
from sidecar.core.reference.constraints import rule_count
from sidecar.core.reference.materiality import Material
from sidecar.core.reference.profile import Lineage, Profile, SideProfile
from sidecar.core.reference.profile_file import digest
from sidecar.core.scores.comparison import LeastEffects
from sidecar.core.watching.budget import Budget
from sidecar.core.watching.constraint_watch import ConstraintWatch
from sidecar.core.watching.learner import Learner
from sidecar.core.watching.row_batches import ANY_FEATURE, WITHHELD
from sidecar.core.watching.segment_watches import SegmentWatches
from sidecar.core.watching.watch import Watch
from sidecar.core.words.events import (
    ConstraintsReplaced,
    Event,
    LearningRefused,
    ReferenceChanged,
    ReferenceLearned,
    State,
)
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.stream import Answered, StreamKey
from sidecar.core.words.view import SideView, StreamView
from sidecar.settings import Settings

LEARNED, LEARNING, FILE = "learned", "learning", "file"
_BEFORE = Policy(float("inf"), float("inf"), Material(0.0, 0.0, 0.0, 0.0), 0)
"""Limits until the monitor gives some, which is at once."""


class StreamWatch:
    """Watches inputs and outputs of one stream, with its share of a `budget`."""

    def __init__(
        self, settings: Settings, reference: Profile | None, budget: Budget, now: float, label_key: bytes = b""
    ) -> None:
        self.key: StreamKey | None = None
        """None until a request has come that is of it."""
        self.versions = ModelVersions()
        self.given: Profile | None = None
        """The reference that it was given; None where it learns its own."""
        self._settings = settings
        self._label_key = label_key
        self._budget = budget
        self._limits = _BEFORE
        self._rows = dict.fromkeys(Side, 0)
        self._not_accepted: Counter[Answered] = Counter()
        self._violations: Counter[tuple[str, str]] = Counter()  # of references that were replaced
        self._compare_with(reference, now)
        budget.join(self)

    def switch(self, reference: Profile | None, now: float) -> list[Event]:
        """Compare with another reference from now on; nothing happens if it is the same. What was learned is dropped. If only its
        constraints are others, only their verdicts begin anew.
        """
        if reference is not None and digest(reference) == self._digest and not self._learners:
            return self._constrain(reference, now)
        return self.restart(reference, self._settings, now)

    def restart(self, reference: Profile | None, settings: Settings, now: float) -> list[Event]:
        """The same even if the reference is the same, for rows that are read by other settings."""
        before = self._digest
        events = self.finish(now)
        self._violations.update(self._violations_now())
        self._settings = settings
        self._compare_with(reference, now)
        self._budget.share()
        return [*events, ReferenceChanged(now, before, self._digest)]

    def _compare_with(self, reference: Profile | None, now: float) -> None:
        settings = self._settings
        self.given = reference
        self._watches: dict[Side, Watch] = {}
        self._sources: dict[Side, str] = {}
        self._digests: dict[Side, str] = {}
        wanted = settings.learn.rows
        material = LeastEffects.of(settings.drift)
        self._learners = {} if reference else {side: self._learner(side, wanted, material) for side in Side}
        self._digest = digest(reference) if reference else ""
        self._label = (reference.name, reference.created) if reference else ("", "")
        routed = Router(settings.segments, settings.decode.feature_names) if settings.segments.by else None
        self._segments = SegmentWatches(settings, routed, reference) if routed else None
        for side, profile in reference.sides.items() if reference else ():
            self._begin(side, profile, FILE, self._digest, now)
        self._constraints = self._constraint_watches(reference) if reference else {}

    def _constraint_watches(self, reference: Profile) -> dict[Side, ConstraintWatch]:
        """Of the sides that have constraints."""
        known = {side: of_side for side, of_side in reference.sides.items() if of_side.constraints}
        rules = sum(rule_count(of_side.constraints) for of_side in known.values())
        return {side: ConstraintWatch(side, of_side, self._settings, rules) for side, of_side in known.items()}

    def _constrain(self, reference: Profile, now: float) -> list[Event]:
        """The same reference with other constraints; nothing happens if they are the same."""
        before = {side: of_side.constraints for side, of_side in self.given.sides.items()} if self.given else {}
        after = {side: of_side.constraints for side, of_side in reference.sides.items()}
        if before == after:
            return []
        events: list[Event] = [event for watch in self._constraints.values() for event in watch.finish(now)]
        for watch in self._constraints.values():
            self._violations.update(watch.counted())
        self.given = reference
        for side, of_side in self._watches.items():
            of_side.reference = replace(of_side.reference, constraints=after[side])
        self._constraints = self._constraint_watches(reference)
        return [*events, ConstraintsReplaced(now, sum(map(rule_count, after.values())))]

    def _learner(self, side: Side, wanted: int, material: LeastEffects) -> Learner:
        settings = self._settings
        declared = frozenset((*settings.decode.feature_names, *settings.learn.features))
        consent = Consent(declared, settings.learn.clear_categories, self._label_key)
        return Learner(side, wanted, material, consent, settings.decode.max_features)

    @property
    def reference(self) -> Profile | None:
        """What live is compared with: the file's profile, or what was learned so far; None while there is nothing."""
        sides = {side: watch.reference for side, watch in self._watches.items()}
        return Profile(sides) if sides else None

    @property
    def source(self) -> str:
        """Where the reference is from: `file`, `learned` or `learning`."""
        return LEARNING if not self._sources else next(iter(self._sources.values()))

    @property
    def detectors(self) -> int:
        """How many share the budget."""
        of_whole = sum(watch.verdicts.detectors for watch in self._watches.values())
        return of_whole * (1 + self._segments.most) if self._segments else of_whole

    @property
    def drifted(self) -> int:
        """Features in state drift."""
        return sum(watch.verdicts.states.count(State.DRIFT) for watch in self._watches.values())

    def limit(self, limits: Policy) -> None:
        """These limits are in force from now on."""
        self._limits = limits
        if self._segments:
            self._segments.limit(limits)
        for watch in self._watches.values():
            watch.verdicts.limits = limits

    def live_profile(self, side: Side) -> SideProfile | None:
        """What came on a side since its watch began; None where there is no reference yet."""
        return self._watches[side].live() if side in self._watches else None

    def live(self) -> Profile | None:
        """What came on both sides; None where nothing came."""
        known = {side: found for side, watch in self._watches.items() if (found := watch.live()).counts.any()}
        return Profile(known) if known else None

    def since(self, time: float, now: float) -> Profile | None:
        """The rows of both sides since `time` (Unix seconds), with when they began as their lineage; None where none came."""
        found = {side: period for side, watch in self._watches.items() if (period := watch.since(time, now))}
        if not found:
            return None
        sides = {
            side: replace(
                self._watches[side].reference, counts=of.wide_counts, moments=of.moments, joint=None, seasons=None
            )
            for side, of in found.items()
        }
        started = min(period.started for period in found.values())
        return Profile(sides, lineage=Lineage(self._digest, started, now))

    def route(self, exchange: Exchange, frames: list[Frame]) -> list[Frame]:
        """The frames of an exchange with the segments of their rows, where there are segments."""
        return self._segments.router.route(exchange, frames) if self._segments else frames

    def count(self, answered: Answered, rows: int) -> None:
        """Rows of a request that was not accepted."""
        self._not_accepted[answered] += rows

    def take(self, frames: Iterable[Frame], now: float) -> list[Event]:
        """Take rows; those that `route` has routed go to their segments as well."""
        by_side: dict[Side, list[Frame]] = {side: [] for side in Side}
        for frame in frames:
            by_side[frame.side].append(frame)
            if frame.version:
                self.versions.add(frame.version)
        return [event for side, of_side in by_side.items() if of_side for event in self._take(side, of_side, now)]

    def tick(self, now: float) -> list[Event]:
        """Do what is due by time: blocks that waited, windows that are over."""
        events = [event for watch in self._watches.values() for event in watch.tick(now)]
        events += [event for rules in self._constraints.values() for event in rules.tick(now)]
        if self._segments is None:
            return events
        for side, watch in self._watches.items():
            self._segments.follow(side, watch.verdicts.mismatches_by_name, now)
        return events + self._segments.tick(now)

    def count_unread(self, sides: Iterable[Side]) -> None:
        """Messages of an accepted exchange could not be read."""
        for side in sides:
            if side in self._watches:
                self._watches[side].take_unread()

    def finish(self, now: float) -> list[Event]:
        """Close what is open; nothing is fed after it."""
        events = [event for watch in self._watches.values() for event in watch.finish(now)]
        events += [event for rules in self._constraints.values() for event in rules.finish(now)]
        return events + self._segments.finish(now) if self._segments else events

    def view(self, stream: str, model_name: str) -> StreamView:
        """Every figure as of now, under these names."""
        key = self.key or StreamKey()
        return StreamView(
            stream=stream,
            model_name=model_name,
            model=key.model,
            endpoint=key.endpoint,
            sides=tuple(self._side_view(side) for side in Side),
            answered=dict(self.versions.by_version),
            violations=dict(self._violations + self._violations_now()),
            not_accepted=dict(self._not_accepted),
            digest=self._digest,
            segments=self._segments.views() if self._segments else (),
            name=self._label[0],
            created=self._label[1],
        )

    def _violations_now(self) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        for watch in self._watches.values():
            found.update(watch.violations())
        for rules in self._constraints.values():
            found.update(rules.counted())
        return found

    def _take(self, side: Side, frames: list[Frame], now: float) -> list[Event]:
        self._rows[side] += sum(frame.rows for frame in frames)
        if side in self._watches:
            return self._watch(side, frames, now)
        return self._learn(side, frames, now) if side in self._learners else []

    def _watch(self, side: Side, frames: list[Frame], now: float) -> list[Event]:
        """Rows are binned once, for the whole and for its segments."""
        watch = self._watches[side]
        rules: list[Event] = [*self._constraints[side].take(frames, now)] if side in self._constraints else []
        if self._segments is None:
            return rules + watch.take(frames, now)
        batches, events = watch.binned(frames, now)
        of_whole = watch.take_batches(batches, now)
        self._segments.follow(side, watch.verdicts.mismatches_by_name, now)
        return [*rules, *events, *of_whole, *self._segments.take(side, batches, now)]

    def _learn(self, side: Side, frames: list[Frame], now: float) -> list[Event]:
        """Gather rows until there are enough of one kind; what comes after them is watched."""
        learner = self._learners[side]
        configured = self._settings.decode.feature_names if side is Side.INPUT else ()
        events: list[Event] = []
        for at, frame in enumerate(frames):
            names = configured if frame.names is None and frame.width == len(configured) else frame.names
            learner.add(msgspec.structs.replace(frame, names=names, segments=None, arrived=now))
            if learner.due:
                changed = learner.refuse()
                if changed is None:
                    profile = learner.profile()
                    if side not in profile.sides:  # nothing of it may be learned
                        self._violations[ANY_FEATURE, WITHHELD] += learner.rows
                        learner.forget()
                        continue
                    learned = self._learned(side, profile, now)
                    return [*events, learned, *self._watch(side, frames[at + 1 :], now)]
                events.append(
                    LearningRefused(now, side, changed.feature, changed.effect, changed.changed, learner.refusals)
                )
        return events

    def _learned(self, side: Side, profile: Profile, now: float) -> ReferenceLearned:
        learner = self._learners.pop(side)
        if profile.sides[side].withheld:
            self._violations[ANY_FEATURE, WITHHELD] += learner.rows
        self._begin(side, profile.sides[side], LEARNED, digest(profile), now)
        self._digest = digest(self.reference or profile)
        return ReferenceLearned(now, side, learner.rows, self._digest)

    def _begin(self, side: Side, profile: SideProfile, source: str, digest_of_it: str, now: float) -> None:
        self._sources[side] = source
        self._digests[side] = digest_of_it
        self._watches[side] = Watch(side, profile, self._settings, self._limits, now)
        if self._segments:
            self._segments.begin(side, profile, now)
        self._budget.share()

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
            rules=self._constraints[side].reports() if side in self._constraints else (),
        )

"""A watch for each segment of the traffic and each side, over the rows that the watch of the whole has binned.

A segment is compared with its own rows of the reference if the profile has enough of them, else with the whole. The feature that
defines the segments is left out, since it does not vary within one. `binning.segments` assigns rows to segments; the monitor's
budget of false alarms covers segments and whole together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from sidecar.core.binning.binner import Batch, Binner
from sidecar.core.binning.segments import OTHER, Router, split
from sidecar.core.evidence.policy import Policy
from sidecar.core.reference.materiality import Material
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.watching.watch import Watch
from sidecar.core.words.arrays import Codes, Counts, Numbers
from sidecar.core.words.events import Event
from sidecar.core.words.frame import Side
from sidecar.core.words.mismatch import Mismatch
from sidecar.core.words.view import SegmentView
from sidecar.settings import Settings

OWN, WHOLE = "segment", "whole"


@dataclass(frozen=True, eq=False)
class _Kept:
    """The features that are watched in segments: their numbers in the side, and how their codes are converted."""

    reference: SideProfile
    rows: Numbers
    width: int
    """B of the whole."""
    offsets: Codes

    @classmethod
    def of(cls, whole: SideProfile, without: str) -> _Kept:
        rows = np.array([at for at, name in enumerate(whole.names) if name != without], np.int64)
        features = tuple(whole.features[at] for at in rows)
        width = Binner(features).width
        numbers = sum(feature.ordered for feature in features)
        reference = SideProfile(features, whole.counts[rows, :width], Moments.empty(numbers))
        return cls(reference, rows, whole.counts.shape[1], (np.arange(len(rows)) * width)[:, None])

    def codes(self, of_whole: Codes) -> Codes:
        return np.asarray(of_whole[self.rows] % self.width + self.offsets)

    def counted(self, counts: Counts) -> SideProfile:
        """The reference with other counts, given in the bins of the whole side."""
        width = self.reference.counts.shape[1]
        return SideProfile(self.reference.features, counts[self.rows, :width], self.reference.moments)


class SegmentWatches:
    """The watches of all segments on both sides; `router` numbers the segments."""

    def __init__(self, settings: Settings, router: Router, reference: Profile | None) -> None:
        self.router = router
        self._settings = settings
        self._stored = reference.segments if reference and reference.segment_by == router.by.feature else {}
        self._limits = Policy(np.inf, np.inf, Material(0.0, 0.0, 2.0, 0.0), 0)
        self._kept: dict[Side, _Kept] = {}
        self._own: dict[Side, dict[int, Counts]] = {}
        self._watches: dict[tuple[Side, int], Watch] = {}
        self._rows: dict[tuple[Side, int], int] = {}
        self._followed: dict[Side, Mapping[str, Mismatch]] = {}

    @property
    def most(self) -> int:
        """Most segments that share the budget, `other` included."""
        return self.router.most + 1

    def limit(self, limits: Policy) -> None:
        """Set the limits of all watches."""
        self._limits = limits
        for watch in self._watches.values():
            watch.verdicts.limits = limits

    def begin(self, side: Side, whole: SideProfile, now: float) -> None:
        """The reference of a side is known: watch the known segments."""
        if side is Side.INPUT:
            self.router.use_reference(whole.features)
        kept = _Kept.of(whole, self.router.by.feature if side is Side.INPUT else "")
        if len(kept.rows):
            self._kept[side] = kept
            self._own[side] = self._references(side, whole.counts)
            self._open(side, now)

    def take(self, side: Side, batches: Iterable[Batch], now: float) -> list[Event]:
        """Take rows that the watch of the whole has binned."""
        events: list[Event] = []
        for batch in batches if side in self._kept else ():
            if batch.segments is not None:
                self._open(side, now)
                for number, codes in split(self._kept[side].codes(batch.codes), batch.segments):
                    self._rows[side, number] += codes.shape[1]
                    events += self._watches[side, number].take_codes(codes, now)
        return events

    def follow(self, side: Side, whole: Mapping[str, Mismatch], now: float) -> None:
        """The features that are in mismatch in the whole are so in every segment, which does not tell of it."""
        if whole != self._followed.get(side, {}):
            self._followed[side] = whole
            for (of_side, _), watch in self._watches.items():
                if of_side is side:
                    watch.verdicts.follow(whole, now)

    def tick(self, now: float) -> list[Event]:
        """Judge blocks that have waited long enough, and close windows whose time is over."""
        return [event for watch in self._watches.values() for event in watch.tick(now)]

    def finish(self, now: float) -> list[Event]:
        """Judge waiting rows and close open windows."""
        return [event for watch in self._watches.values() for event in watch.finish(now)]

    def views(self) -> tuple[SegmentView, ...]:
        """All segments as their readers see them, `other` last."""
        names, known = self.router.names, self.router.known
        keys = sorted(self._watches, key=lambda key: (key[0] is Side.OUTPUT, key[1] == OTHER, key[1]))
        return tuple(
            SegmentView(
                segment=names[number],
                known=known,
                side=side,
                reference=OWN if number in self._own[side] else WHOLE,
                rows_total=self._rows[side, number],
                features=self._watches[side, number].segment_features(),
            )
            for side, number in keys
        )

    def _open(self, side: Side, now: float) -> None:
        """Watch new segments."""
        for number in range(len(self.router.names)):
            if (side, number) not in self._watches:
                own = self._own[side].get(number)
                reference = self._kept[side].reference if own is None else self._kept[side].counted(own)
                name = self.router.names[number]
                watch = Watch(side, reference, self._settings, self._limits, now, name)
                watch.verdicts.follow(self._followed.get(side, {}), now)
                self._watches[side, number] = watch
                self._rows[side, number] = 0

    def _references(self, side: Side, whole: Counts) -> dict[int, Counts]:
        """Own reference counts (F, B) of each segment with enough rows; `other` has what the segments leave of the whole."""
        least = self._settings.window.min_rows
        found = _stored(self._stored, self.router.names, side, least)
        rest = whole - sum(found.values())
        if found and int(rest.sum(axis=1).min()) >= least:
            found[OTHER] = rest
        return found


def _stored(stored: Mapping[str, Mapping[Side, Counts]], names: list[str], side: Side, least: int) -> dict[int, Counts]:
    found = {at: stored[name][side] for at, name in enumerate(names) if at != OTHER and side in stored.get(name, {})}
    return {at: counts for at, counts in found.items() if int(counts.sum(axis=1).min()) >= least}

"""Whether the reference describes what comes at all: how many cells, since the last look, it knows nothing of.

A row whose message could not be read, or that has none of the reference's columns, has no good cell. It looks after so many rows,
or when a window's time is over, and sooner at a feature that evidence makes suspect. `verdicts` keeps the states, `nearest` finds
the explanation, and `reference.strange` has the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from sidecar.core.reference.profile import SideProfile
from sidecar.core.reference.strange import (
    NEARLY_ALL,
    ORDINARY,
    is_strange,
    missing_mask,
    ordinary_share,
    rows_in,
    strange_mask,
)
from sidecar.core.words.arrays import AnyCounts, Bins, Floats, Mask
from sidecar.core.words.mismatch import Explanation, Kind, Mismatch
from sidecar.settings import WindowSettings

LEAST_ROWS = 20
"""Fewer rows are no mismatch, however long they took to come."""
LOOK_SECONDS = 1.0
"""Looks are no closer than this, unless rows are very many..."""
MANY = 10
"""...which is this many times `window.min_rows`."""
TAIL = 5
"""So many bad cells in a row make a change suspect, and put off another verdict until `LEAST_ROWS` have come."""
CLEAN = 0.5
"""A mismatch is over after a look at which fewer than this share of the cells are bad."""
_STEP = 0.1
"""Weight of the last rows in the mean number of rows of a message."""
_KINDS = (Kind.UNSEEN, Kind.TYPE, Kind.MISSING_FEATURE, Kind.UNREAD)
_ROWS, _MESSAGES, _MISSING = range(3)
_BAD = slice(3, 7)


class Explainer(Protocol):
    """Knows the last rows as they came."""

    def explained(self, at: int, kind: Kind) -> Explanation:
        """The nearest explanation for the feature with this number."""

    def is_unreadable(self, at: int) -> bool:
        """Whether there are values for the feature, and none of them can be read."""


class Look(NamedTuple):
    """Features that the reference does not describe, and those (F,) whose cells are good again."""

    found: dict[int, Mismatch]
    clean: Mask


class Mismatches:
    """One side. `counted` gives the rows in each bin (F, B) since the start, and `violations` are counted by (feature, kind)."""

    def __init__(
        self,
        reference: SideProfile,
        settings: WindowSettings,
        counted: Callable[[], AnyCounts],
        violations: Mapping[tuple[str, str], int],
        explainer: Explainer,
        now: float,
    ) -> None:
        features, width = reference.features, reference.counts.shape[1]
        self._names = reference.names
        self._least, self._seconds = min(settings.min_rows, settings.rows), settings.seconds
        self._counted, self._violations, self._explainer = counted, violations, explainer
        self._strange, self._missing = strange_mask(features, width), missing_mask(features, width)
        # A time that cannot be read leaves missing parts, which are no violation.
        self._times = [at for at, one in enumerate(features) if one.derived is not None and one.derived.kind == "time"]
        rows = np.maximum(reference.numbers.sum(axis=1), 1.0)
        usual = {Kind.UNSEEN: self._strange, Kind.TYPE: self._missing, Kind.MISSING_FEATURE: self._missing}
        shares = [ordinary_share(reference.numbers, mask) for mask in usual.values()]
        self._usual = np.array([*shares, 1.0 / rows])  # by kind: the reference's own share of such cells
        self.expected = np.asarray(self._usual[_KINDS.index(Kind.MISSING_FEATURE)] <= ORDINARY)
        """Features (F,) that are expected to come."""
        self._came = np.zeros(2)  # rows and messages
        self._unread = 0.0
        self._rows_of_message = 1.0
        self._started, self._looked_at = now, 0.0
        self._before = self._cells()
        self._suspects: dict[int, Floats] = {}  # of each feature what was counted (7,) when it became suspect
        self._cleared: set[int] = set()  # suspects that were no mismatch, until the next look

    def add(self, rows: int, messages: int) -> None:
        """Rows came, whether or not they have any feature of the reference."""
        self._came += rows, messages
        self._rows_of_message += _STEP * (rows / max(messages, 1) - self._rows_of_message)

    def add_unread(self, rows: int = 0) -> None:
        """A message could not be read, or so many of its rows; it counts as many rows as others have."""
        lost = rows or max(self._rows_of_message, 1.0)
        self._came += lost, 0 if rows else 1
        self._unread += lost

    def look(self, now: float) -> Look | None:
        """What there is to say; None before it is time to look. Counting begins anew then."""
        if self._is_due(now):
            cells = self._cells()
            since = cells - self._before
            found, clean = self._judged(since)
            weak = self._bad(since).sum(axis=0) >= NEARLY_ALL * since[_ROWS]
            weak[list(found)] = False
            # Rows of few messages may all be bad by chance: they are counted on, and another verdict waits no longer.
            self._cleared = {at for at in self._suspects if weak[at]}
            self._suspects.clear()
            self._before = np.where(weak, self._before, cells)
            self._started, self._looked_at = now, float(self._came[0])
            return Look(found, clean)
        return self._look_at_suspects() if self._suspects else None

    def suspects(self, at: int, bins: Bins) -> bool:
        """Whether a change of one feature, which is certain, seems to be a mismatch: its last rows, in these bins, are bad.

        Then what follows is looked at as soon as it is enough, and no other verdict need be told meanwhile.
        """
        if at in self._suspects or at in self._cleared:
            return at in self._suspects
        strange, missing = self._strange[at, bins], self._missing[at, bins]
        if len(bins) < TAIL or not (strange | missing).all():
            return False
        cells = self._cells()
        if missing.any() and not self._has_no_values(at, cells):
            return False
        self._suspects[at] = cells[:, at]
        return True

    @property
    def suspected(self) -> Mask:
        """Features (F,) of which a change waits for more rows."""
        return np.isin(np.arange(len(self._names)), list(self._suspects))

    def _look_at_suspects(self) -> Look | None:
        """Those of which enough rows have come are in mismatch, or cleared; few messages leave them suspect."""
        if all(self._came[0] - cells[_ROWS] < LEAST_ROWS for cells in self._suspects.values()):
            return None
        cells = self._cells()
        since = cells.copy()
        for at in range(cells.shape[1]):
            since[:, at] -= self._suspects.get(at, cells[:, at])
        found, _ = self._judged(since)
        bad = self._bad(since).sum(axis=0)
        for at in list(self._suspects):
            if at in found or (since[_ROWS, at] >= LEAST_ROWS and bad[at] < NEARLY_ALL * since[_ROWS, at]):
                del self._suspects[at]
                self._cleared.add(at)
        self._before = self._before.copy()
        for at in found:
            self._before[:, at] = cells[:, at]
        return Look(found, np.zeros(len(bad), np.bool_))

    def _judged(self, since: Floats) -> tuple[dict[int, Mismatch], Mask]:
        """Features in mismatch by what was counted (7, F), and those that are well (F,)."""
        rows, bad = since[_ROWS], self._bad(since)
        total = np.minimum(bad.sum(axis=0), rows)
        usual = self._usual[bad.argmax(axis=0), np.arange(len(rows))]
        wrong = is_strange(total, rows, usual, since[_MESSAGES]) & (rows >= LEAST_ROWS)
        found = {at: self._mismatch(at, bad[:, at], total[at], rows[at]) for at in np.flatnonzero(wrong).tolist()}
        return found, np.asarray((rows > 0) & (total < CLEAN * rows))

    def _has_no_values(self, at: int, cells: Floats) -> bool:
        """Whether what is missing since the last look is absent or of another type, and no empty value."""
        since = cells - self._before
        return bool(self._bad(since)[1:3, at].sum() >= NEARLY_ALL * since[_MISSING, at])

    def _is_due(self, now: float) -> bool:
        rows, waited = float(self._came[0]) - self._looked_at, now - self._started
        if rows >= self._least and (waited >= LOOK_SECONDS or rows >= MANY * self._least):
            return True
        return rows >= LEAST_ROWS and waited >= self._seconds

    def _cells(self) -> Floats:
        """What was counted since the start, of each feature: rows, messages, missing ones, and those of each kind (7, F)."""
        counts = self._counted()
        missing = rows_in(counts, self._missing)
        cells = np.empty((_BAD.stop, len(self._names)))
        cells[:2] = self._came[:, None]
        cells[_MISSING] = missing
        wrong = [[self._violations.get((name, kind), 0) for name in self._names] for kind in _KINDS[1:3]]
        cells[_BAD] = np.vstack([rows_in(counts, self._strange), *wrong, np.full(len(missing), self._unread)])
        return cells

    def _bad(self, since: Floats) -> Floats:
        """Rows of each kind (4, F); times that cannot be read are of another type."""
        bad = since[_BAD].copy()
        for at in self._times:
            unknown = since[_MISSING, at] - bad[2, at]
            if unknown > 0 and self._explainer.is_unreadable(at):
                bad[1, at] = unknown
        return bad

    def _mismatch(self, at: int, bad: Floats, total: float, rows: float) -> Mismatch:
        kind = _KINDS[int(bad.argmax())]
        return Mismatch(kind, min(float(total / rows), 1.0), round(rows), self._explainer.explained(at, kind))

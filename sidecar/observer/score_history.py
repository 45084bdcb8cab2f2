"""Scores and verdicts since the start: one point per closed window, merged in pairs when there are too many.

For the live page. A merged point keeps the worst of its windows, so that no alarm vanishes. Time comes from the
windows. Prometheus keeps the real history.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from sidecar.core.words.events import FeatureReport, Score, State, WindowClosed

Floats = NDArray[np.float32]

POINTS = 120
"""Most points; merging halves them. They take some 5 kB per feature."""
_STATES = tuple(State)


class FeatureScores(msgspec.Struct, frozen=True):
    """The history of one feature: a place in each list for a point, oldest first; empty where no window has the feature."""

    at: list[float]
    """Ends of windows, Unix seconds."""
    state: list[State]
    evidence: list[float]
    effect: list[float]
    scores: dict[str, list[float | None]]
    """By measure; null where a window had none."""


class ScoreHistory:
    """The windows of one side, all against one reference: another reference needs a new history."""

    def __init__(self) -> None:
        self._measures: tuple[str, ...] = ()
        self._places: dict[str, int] = {}
        self._ends: list[float] = []
        self._points: list[Floats] = []
        self._windows = 1  # per point
        self._in_last = 1

    def add(self, window: WindowClosed) -> None:
        """Take the scores of a window, which has the same features as the first one."""
        if not self._places:
            self._places = {one.feature: at for at, one in enumerate(window.features)}
            self._measures = tuple(window.features[0].scores) if window.features else ()
        figures = np.array([self._figures(one) for one in window.features], np.float32)
        if self._points and self._in_last < self._windows:
            self._points[-1] = np.fmax(self._points[-1], figures)
            self._ends[-1] = window.ended
            self._in_last += 1
        else:
            self._append(window.ended, figures)

    def of(self, feature: str) -> FeatureScores:
        """The windows of one feature."""
        at = self._places.get(feature)
        if at is None:
            return FeatureScores([], [], [], [], {})
        columns = np.array([point[at] for point in self._points]).T.tolist()
        states, evidence, effect, *scores = columns
        known = [[None if math.isnan(value) else value for value in column] for column in scores]
        return FeatureScores(
            at=list(self._ends),
            state=[_STATES[round(state)] for state in states],
            evidence=evidence,
            effect=effect,
            scores=dict(zip(self._measures, known, strict=True)),
        )

    def _append(self, ended: float, figures: Floats) -> None:
        if len(self._points) == POINTS:
            pairs = zip(self._points[::2], self._points[1::2], strict=True)
            self._points = [np.fmax(first, second) for first, second in pairs]
            self._ends = self._ends[1::2]
            self._windows *= 2
        self._points.append(figures)
        self._ends.append(ended)
        self._in_last = 1

    def _figures(self, one: FeatureReport) -> list[float]:
        scores = (one.scores.get(measure) for measure in self._measures)
        values = [score.value if isinstance(score, Score) else math.nan for score in scores]
        return [_STATES.index(one.state), one.evidence, one.effect, *values]

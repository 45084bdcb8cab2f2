"""river: ADWIN and Page-Hinkley as they come, one detector a feature."""

from __future__ import annotations

import functools
from typing import Any

import river
from river import drift

from harness import run, stream


class Adwin:
    """ADWIN does not know a reference: it is fed it first."""

    delta = 0.002

    def __init__(self, reference: Any) -> None:
        self._detector = drift.ADWIN(delta=self.delta)
        for value in reference[-2_000:].tolist():
            self._detector.update(value)

    def update(self, value: float) -> bool:
        """Take a value."""
        self._detector.update(value)
        return bool(self._detector.drift_detected)


class FairAdwin(Adwin):
    """At a level that makes false alarms rare."""

    delta = 1e-7


class PageHinkley:
    """The same for Page-Hinkley."""

    def __init__(self, reference: Any) -> None:
        self._detector = drift.PageHinkley()
        for value in reference[-2_000:].tolist():
            self._detector.update(value)

    def update(self, value: float) -> bool:
        """Take a value."""
        self._detector.update(value)
        return bool(self._detector.drift_detected)


def profile(reference: Any, rows: Any) -> None:
    """Every value through ADWIN."""
    for column in rows.T.tolist():
        detector = drift.ADWIN()
        for value in column:
            detector.update(value)


if __name__ == "__main__":
    methods = {
        "ADWIN": functools.partial(stream, Adwin),
        "ADWIN, delta 1e-7": functools.partial(stream, FairAdwin),
        "Page-Hinkley": functools.partial(stream, PageHinkley),
    }
    run(methods, {"ADWIN update": profile}, river.__version__)

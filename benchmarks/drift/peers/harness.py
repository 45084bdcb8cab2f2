"""What the script of each peer shares: rows in from .npy, windows or rows to a detector, alarms and speed out as JSON.

Runs in the peer's own environment, so it imports numpy alone. A batch method is a function of two arrays that says which
features it flags; a streaming method is an object per feature that takes one number and says whether it alarms.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

WINDOWS = (200, 1_000)


class Stream(Protocol):
    """A streaming detector of one feature."""

    def update(self, value: float) -> bool:
        """Take a value; whether it alarms."""


Flags = Callable[[Any, Any], list[bool]]


def batch(flags: Flags, reference: Any, live: Any, window: int, most: int = 1_000_000) -> tuple[list[list[int]], int]:
    """Alarms as (rows seen, feature), looking at each full window, at most so many; and how many rows were looked at."""
    alarms: list[list[int]] = []
    seen = 0
    for end in range(window, min(len(live), most * window) + 1, window):
        seen = end
        alarms += [[end, at] for at, flagged in enumerate(flags(reference, live[end - window : end])) if flagged]
    return alarms, seen


def stream(make: Callable[[Any], Stream], reference: Any, live: Any) -> tuple[list[list[int]], int]:
    """The same for a detector per feature, made from its reference, which looks at each row and begins anew after an alarm."""
    alarms: list[list[int]] = []
    for at in range(live.shape[1]):
        detector = make(reference[:, at])
        for row, value in enumerate(live[:, at].tolist()):
            if detector.update(value):
                alarms.append([row + 1, at])
                detector = make(reference[:, at])
    return alarms, len(live)


def run(methods: dict[str, Callable[[Any, Any], tuple[list[list[int]], int]]], speed: dict[str, Callable[[Any, Any], None]],
        version: str) -> None:  # fmt: skip
    """Every method on every file of the directory that is the first argument; JSON to stdout."""
    directory = Path(sys.argv[1])
    found: dict[str, Any] = {"version": version, "methods": {}, "speed": {}}
    for path in sorted(directory.glob("*.live.npy")):
        name = path.name.removesuffix(".live.npy")
        reference, live = np.load(directory / f"{name}.reference.npy"), np.load(path)
        for method, look in methods.items():
            began = time.process_time()
            alarms, seen = look(reference, live)
            spent = time.process_time() - began
            found["methods"].setdefault(method, {})[name] = {"alarms": alarms, "rows": seen, "seconds": spent}
    rows = np.random.default_rng(1).normal(size=(10_000, 20))
    for what, act in speed.items():
        act(rows, rows)
        began = time.process_time()
        act(rows, rows)
        found["speed"][what] = rows.size / (time.process_time() - began)
    sys.stdout.write("\n" + json.dumps(found) + "\n")

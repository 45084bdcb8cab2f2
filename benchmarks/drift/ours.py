"""Our own detector on the rows that the peers get, and how fast it is; the same shape of result as `peers/harness.py` makes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drift.sequential import Found, watch
from harness.null_rows import blocks, profile_of
from sidecar import __version__
from sidecar.core.binning.binner import Binner
from sidecar.core.evidence.detector import Evidence
from sidecar.core.evidence.policy import policy
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.profile import SideProfile
from sidecar.core.watching.watch import Watch
from sidecar.core.words.arrays import Floats
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import DriftSettings, Settings

BUDGETS = (1e9, 1e5)


def look(reference: Floats, live: Floats, budget: float) -> tuple[list[list[int]], int]:
    """Alarms as (rows seen, feature), row by row; a feature that alarms begins anew."""
    profile = profile_of(reference.T)
    binner = Binner(profile.features)
    evidence = Evidence(profile, binner.mask, DriftSettings().tolerance)
    limits = policy(DriftSettings(mean_rows_between_false_alarms=budget), len(profile.features) + 1, 0)
    found, alarms = Found(), []
    for codes in blocks(binner, live.T):
        alarms += [[found.rows, int(at)] for at in watch(evidence, codes, limits, found)]
    return alarms, len(live)


def results(directory: Path) -> dict[str, Any]:
    """Every budget on every file, and the speed."""
    methods: dict[str, dict[str, Any]] = {f"evidence, a false alarm in {budget:.0e} rows": {} for budget in BUDGETS}
    for path in sorted(directory.glob("*.live.npy")):
        name = path.name.removesuffix(".live.npy")
        reference, live = np.load(directory / f"{name}.reference.npy"), np.load(path)
        for method, budget in zip(methods, BUDGETS, strict=True):
            alarms, seen = look(reference, live, budget)
            methods[method][name] = {"alarms": alarms, "rows": seen}
    return {"version": __version__, "methods": methods, "speed": speed()}


def speed() -> dict[str, float]:
    """Values a second of a core: counting alone, and with evidence and verdicts."""
    rng = np.random.default_rng(1)
    profile = profile_of(rng.normal(size=(20, 10_000)))
    binner = Binner(profile.features)
    names = profile.names
    found = {}
    for size in (1, 256):
        rows = rng.normal(size=size * 20)

        def count(rows: Floats = rows, size: int = size) -> None:
            batch = binner.bin(rows, size, 20, range(20))
            binner.counts(batch.codes)
            Moments.of(batch.numbers)

        found[f"profile, batches of {size}"] = 20 * size / _seconds(count)
    side = Watch(Side.INPUT, profile, Settings(), policy(DriftSettings(), 21, 100), 0.0)
    frame = Frame(Side.INPUT, names, 256, 20, rng.normal(size=256 * 20))
    found["profile, evidence and verdicts, batches of 256"] = 20 * 256 / _seconds(lambda: side.take([frame], 0.0))
    return found


def closing() -> tuple[float, float]:
    """Seconds to close a window over 1,000 features, and bytes that each of them needs after 25,600 rows and 20 windows."""
    import tracemalloc

    rng = np.random.default_rng(2)
    few, many = (profile_of(rng.normal(size=(features, 2_000))) for features in (2, 1_000))
    _watched(few, rng)  # so that what is made once for all features is made already
    tracemalloc.start()
    side = _watched(many, rng)
    gc.collect()  # which clears what the interpreter keeps of small objects to use them again
    size = tracemalloc.get_traced_memory()[0] / 1_000
    tracemalloc.stop()
    began = time.process_time()
    side.finish(1_300.0)
    return time.process_time() - began, size


def _watched(profile: SideProfile, rng: np.random.Generator) -> Watch:
    """A watch that has seen a hundred blocks of rows."""
    features = len(profile.features)
    side = Watch(Side.INPUT, profile, Settings(), policy(DriftSettings(), features + 1, 100), 0.0)
    for at in range(100):
        side.take([Frame(Side.INPUT, profile.names, 256, features, rng.normal(size=256 * features))], at * 12.8)
    return side


def _seconds(act: Callable[[], object]) -> float:
    """CPU time of a call, the best of five lots."""
    times = []
    for _ in range(5):
        began = time.process_time()
        calls = 0
        while time.process_time() - began < 0.1:
            act()
            calls += 1
        times.append((time.process_time() - began) / calls)
    return min(times)

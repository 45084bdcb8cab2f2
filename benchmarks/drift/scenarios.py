"""Sixty changes and how soon they are told: `python -m benchmarks.drift.scenarios`, which writes docs/drift-scenarios.md.

Rows from the change to the first alarm, at default settings, beside windows of 200 and 1,000 rows tested by Kolmogorov-Smirnov
and chi-squared, and ADWIN, all at the same rate of false alarms: as measured on clean rows of the same stream. An oracle that
knows both distributions shows how much is left. `--quick` takes one seed and leaves out what does not change. Results are kept
in .cache/drift-scenarios, so an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import platform
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.drift import oracle, windows
from benchmarks.drift.__main__ import peer
from harness.drift_delays import Stream, Told, told
from harness.drift_scenarios import SCENARIOS, TOO_SMALL, Scenario, Values, table
from harness.kept import Kept
from sidecar.core.words.arrays import Floats
from sidecar.settings import DriftSettings

PAGE = Path("docs/drift-scenarios.md")
MARK = "<!-- made by python -m benchmarks.drift.scenarios -->"
CLEAN = 400_000
"""Clean rows on which the tests of windows are calibrated, and..."""
ADWIN_CLEAN = 100_000
"""...ADWIN."""
ADWIN_REFERENCE = 2_000
"""Rows of the reference that ADWIN is fed first, since it knows none."""
ADWIN_LEVELS = 5
NEAR = 1.3
BUDGET = DriftSettings().mean_rows_between_false_alarms

Delays = list[int | None]
HERE = Path("benchmarks/drift")
KEPT = Path(".cache/drift-scenarios")
STREAMS = (Path("harness/drift_scenarios.py"), Path("harness/drift_delays.py"))
_OURS = Kept(KEPT / "ours", list[Told], (*STREAMS, Path("sidecar")))
_PEERS = Kept(KEPT / "windows", dict[str, Delays], (*STREAMS, HERE / "windows.py"))
_ORACLE = Kept(KEPT / "oracle", Delays, (*STREAMS, HERE / "oracle.py"))
_ADWIN = Kept(KEPT / "adwin", Delays, (*STREAMS, HERE / "peers" / "with_river_delays.py"))


@dataclass
class Row:
    """What each method came to in a scenario, by seed."""

    scenario: Scenario
    ours: list[Told]
    peers: dict[str, Delays] = field(default_factory=dict)
    oracle: Delays = field(default_factory=list)

    @property
    def own(self) -> Delays:
        """Our delays."""
        return [one.delay for one in self.ours]

    @property
    def best(self) -> float:
        """The least median delay of the peers."""
        return min((middle(delays) for delays in self.peers.values()), default=math.inf)

    @property
    def near(self) -> bool:
        """Whether we are the best, or within `NEAR` of it."""
        return math.isfinite(middle(self.own)) and middle(self.own) <= NEAR * self.best

    def line(self) -> str:
        """A row of the table."""
        ratio = middle(self.own) / middle(self.oracle)
        figures = [_text(delays) for delays in (self.own, *self.peers.values())]
        by = ", ".join(sorted({one.of for one in self.ours if one.of}))
        verdict = "yes" if self.near else "**no**"
        return (
            f"| {self.scenario.name} | {' | '.join(figures)} | {verdict} | {_text(self.oracle)} | {ratio:.1f} | {by} |"
        )


def middle(delays: Delays) -> float:
    """The median delay, in which never is infinite."""
    return statistics.median(math.inf if one is None else float(one) for one in delays) if delays else math.inf


def _text(delays: Delays) -> str:
    missed = sum(one is None for one in delays)
    found = middle(delays)
    return f"{f'{found:,.0f}' if math.isfinite(found) else 'never'}{f' ({missed} never)' if 0 < missed < len(delays) else ''}"


def measured(scenario: Scenario, streams: Sequence[Stream]) -> Row:
    """All but ADWIN."""
    name = f"{scenario.name}, {len(streams)} seeds"
    ours = _OURS.get(name, lambda: [told(stream) for stream in streams])
    peers = _PEERS.get(name, lambda: _by_window(scenario, streams))
    return Row(scenario, ours, peers, _ORACLE.get(name, lambda: _of_oracle(scenario, streams)))


def _of_oracle(scenario: Scenario, streams: Sequence[Stream]) -> Delays:
    knows = oracle.oracle(scenario, BUDGET)
    return [knows.delay(stream) for stream in streams]


def _by_window(scenario: Scenario, streams: Sequence[Stream]) -> dict[str, Delays]:
    rng = np.random.default_rng(5)
    at = np.arange(float(CLEAN)) * scenario.seconds
    clean = table(scenario.before, len(scenario.before), rng, at)
    return {f"windows of {window:,}": _of_windows(scenario, clean, streams, window) for window in windows.WINDOWS}


def _of_windows(scenario: Scenario, clean: list[Values], streams: Sequence[Stream], window: int) -> Delays:
    limits: list[float] = []
    found: Delays = []
    for stream in streams:
        each = [windows.tests_of(column) for column in stream.reference[: len(scenario.before)]]
        tests = [test for tests in each for test in tests]
        which = [at for at, tests in enumerate(each) for _ in tests]
        if not limits:
            count = len(tests) + scenario.width - len(each)
            limits = windows.thresholds(tests, [clean[at] for at in which], window, BUDGET, count)
        ends = windows.alarms(tests, limits, [stream.live[at] for at in which], window)
        after = [end - stream.change for end in ends if end > stream.change]
        found.append(after[0] if after else None)
    return found


def adwin(scenario: Scenario, streams: Sequence[Stream], environments: Path) -> Delays:
    """ADWIN, in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        (directory / "jobs.json").write_text(json.dumps([_job(directory, 0, streams)]))
        found = peer("river", environments, directory, "with_river_delays.py")
    if scenario.name not in found:
        raise SystemExit(f"ADWIN: {found.get('failed')}")
    delays: Delays = found[scenario.name]
    return delays


def _job(directory: Path, at: int, streams: Sequence[Stream]) -> dict[str, object]:
    scenario = streams[0].scenario
    changing = range(len(scenario.before))
    rng = np.random.default_rng(6)
    clean = table(scenario.before, len(scenario.before), rng, np.arange(float(ADWIN_CLEAN)) * scenario.seconds)
    flat = [_numbers(streams[0].reference[one], clean[one]) for one in changing]
    np.save(directory / f"{at}.clean.npy", np.concatenate(flat, axis=1))
    live = []
    for seed, stream in enumerate(streams):
        both = [(stream.reference[one], np.concatenate([stream.reference[one][-ADWIN_REFERENCE:], stream.live[one]]))
                for one in changing]  # fmt: skip
        np.save(directory / f"{at}.{seed}.npy", np.concatenate([_numbers(*pair) for pair in both], axis=1))
        live.append((f"{at}.{seed}.npy", ADWIN_REFERENCE + stream.change))
    rate = 1 / BUDGET / scenario.width
    return {"name": scenario.name, "clean": f"{at}.clean.npy", "live": live, "rate": rate}


def _numbers(reference: Values, values: Values) -> Floats:
    """A column as numbers (n, k): itself, and whether it is missing; or whether it is each of the most frequent names."""
    if values.dtype == object:
        names, counts = np.unique(reference.astype(str), return_counts=True)
        common = names[np.argsort(-counts)[:ADWIN_LEVELS]]
        flags = [values.astype(str) == name for name in common]
        return np.array([*flags, ~np.any(flags, axis=0)], np.float64).T
    missing = np.isnan(values)
    found = [np.where(missing, 0.0, values)]
    return np.array([*found, missing] if np.isnan(reference).any() else found, np.float64).T


def page(rows: Sequence[Row], small: Sequence[Row], seeds: int) -> Iterator[str]:
    """The tables."""
    names = list(rows[0].peers)
    near = sum(row.near for row in rows)
    never = [row for row in rows if not math.isfinite(middle(row.own))]
    some = sum(None in row.own for row in rows)
    before = sum(one.before for row in rows for one in row.ours)
    ratios = sorted(middle(row.own) / middle(row.oracle) for row in rows)
    now = datetime.datetime.now(tz=datetime.UTC)
    yield f"Measured {now:%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}; {seeds} seeds a scenario.\n"
    yield (f"Best of the methods without knowledge of the change, or within {NEAR} times the best: {near} of {len(rows)} "
           f"({near / len(rows):.0%}). Never told: {len(never)} scenarios by the median, {some} in any seed. False alarms before "
           f"the change: {before}. Ours over the oracle: median {statistics.median(ratios):.1f}, "
           f"{sum(one <= NEAR for one in ratios)} within {NEAR}.\n")  # fmt: skip
    yield f"| change | ours | {' | '.join(names)} | within {NEAR} of the best | oracle | ours / oracle | told of |"
    yield f"|---|---|{'---|' * len(names)}---|---|---|---|"
    yield from (row.line() for row in rows)
    if small:
        yield "\nToo small to matter at default settings, so silence is what is asked:\n"
        yield "| change | alarms | oracle |\n|---|---|---|"
        for row in small:
            yield f"| {row.scenario.name} | {sum(one is not None for one in row.own)} of {seeds} | {_text(row.oracle)} |"


def main() -> None:
    """Run everything, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, default=Path(".venv-drift"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one seed, and no page")
    options = parser.parse_args()
    seeds = 1 if options.quick else options.seeds
    rows, small = [], []
    for scenario in SCENARIOS if options.quick else (*SCENARIOS, *TOO_SMALL):
        streams = [Stream.draw(scenario, seed) for seed in range(seeds)]
        row = measured(scenario, streams)
        if scenario in TOO_SMALL:
            small.append(row)
            continue
        name = f"{scenario.name}, {seeds} seeds"
        row.peers["ADWIN"] = _ADWIN.get(name, partial(adwin, scenario, streams, options.environments))
        print(row.line(), flush=True)
        rows.append(row)
    text = "\n".join(page(rows, small, seeds))
    print(text)
    if PAGE.exists() and not options.quick:
        PAGE.write_text(f"{PAGE.read_text().partition(MARK)[0]}{MARK}\n\n{text}\n")


if __name__ == "__main__":
    main()

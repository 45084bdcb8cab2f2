"""Shows inputs to a target, and notes what it must not do: raise anything but its documented errors, compute too long, grow.

Limits are of processor time of the thread and of resident memory, both far above what any input needs: they find what hangs
or piles up, and say nothing of speed.
"""

from __future__ import annotations

import resource
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

CPU_SECONDS = 2.0
"""For one input of at most 64 KiB."""
GROWTH_BYTES = 256 << 20
"""Of the process over a run."""


@dataclass(frozen=True)
class Target:
    """A reader of what others wrote. `check` reads an input and asserts what must hold; it returns whether it was accepted."""

    name: str
    corpus: Callable[[], Sequence[bytes]]
    check: Callable[[bytes], bool]
    errors: tuple[type[Exception], ...] = ()
    """What it may raise, by its documentation."""
    tokens: tuple[bytes, ...] = ()
    least_accepted: float = 0.01
    """Share of the inputs that must be accepted, so that there is something to say."""


@dataclass(frozen=True)
class Finding:
    """An input that did what none may, and where."""

    data: bytes
    what: str
    place: str


@dataclass
class Report:
    """Of one run over one target."""

    target: str
    inputs: int = 0
    accepted: int = 0
    cpu_seconds: float = 0.0
    longest_seconds: float = 0.0
    growth_bytes: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)
    """The first of each kind, by its place."""

    def enter(self, finding: Finding) -> None:
        """Keep it, unless there is one of its kind; of two the shorter."""
        known = self.findings.get(finding.place)
        if known is None or len(finding.data) < len(known.data):
            self.findings[finding.place] = finding


def run(target: Target, inputs: Iterable[bytes]) -> Report:
    """Show all inputs to the target."""
    report = Report(target.name)
    before = _resident()
    for data in inputs:
        report.inputs += 1
        began = time.thread_time()
        try:
            report.accepted += target.check(data)
        except target.errors:
            pass
        except Exception as error:  # noqa: BLE001  # that is what we look for
            report.enter(Finding(data, f"{type(error).__name__}: {error}"[:300], _place(error)))
        spent = time.thread_time() - began
        report.cpu_seconds += spent
        report.longest_seconds = max(report.longest_seconds, spent)
        if spent > CPU_SECONDS:
            report.enter(Finding(data, f"took {spent:.1f} s of processor time", "processor time"))
    report.growth_bytes = max(0, _resident() - before)
    if report.growth_bytes > GROWTH_BYTES:
        report.enter(Finding(b"", f"the process grew by {report.growth_bytes >> 20} MiB", "memory"))
    return report


def _resident() -> int:
    """The most that the process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/sidecar/" in frame.filename] or frames[-1:]
    last = ours[-1]
    return f"{type(error).__name__} at {last.filename.rpartition('/sidecar/')[2]}:{last.lineno} in {last.name}"

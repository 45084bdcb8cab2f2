"""One soak from start to end: capacity is measured, clients ask at a share of it, and faults are put in one after the other."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.profiles import recounted
from harness.soak.clients import Book, Client, Failure, Pace, ask_all
from harness.soak.exchanges import KINDS
from harness.soak.faults import Fault
from harness.soak.memory import Slope, slope
from harness.soak.stand import Account, Stand
from sidecar.core.reference.profile import Profile

AFTERWARDS_SECONDS = 1.0
"""A failure that began so soon after a fault is its own."""
_SAMPLE_SECONDS = 1.0
_LAST_OF_EACH = 20


@dataclass(frozen=True)
class Plan:
    """How long, at which share of capacity, how many clients, and how many seconds pass from fault to fault. Each fault is put
    in once at least; `hold` is how many seconds those last that have to be undone.
    """

    seconds: float
    every: float
    hold: float
    capacity_seconds: float
    faults: Sequence[Fault]
    share: float = 0.6
    clients: int = 16
    settling_seconds: float = 60.0
    seed: int = 1


@dataclass(frozen=True)
class Moment:
    """A fault that was put in, from when to when, and how long it took until all was well again."""

    fault: Fault
    began: float
    ended: float
    recovery: float

    def explains(self, failure: Failure) -> bool:
        """Whether it is the reason of this failure."""
        during = failure.began < self.ended + AFTERWARDS_SECONDS and failure.ended > self.began
        return during and failure.what in self.fault.explains


@dataclass
class Result:
    """What a soak has found."""

    seconds: float
    capacity: float
    rate: float
    book: Book
    moments: list[Moment]
    accounts: list[Account]
    slopes: dict[str, Slope | None]
    last_observed: int
    last_results: Counter[str]
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[Failure] = field(default_factory=list)

    def __post_init__(self) -> None:
        for failure in self.book.failures:
            why = next((moment.fault.name for moment in self.moments if moment.explains(failure)), "")
            if why:
                self.explained[why] += 1
            else:
                self.unexplained.append(failure)

    @property
    def verified(self) -> int:
        """Exchanges whose bytes were all as sent."""
        return self.book.verified.total()

    @property
    def complaints(self) -> list[str]:
        """What is not as it must be; nothing after a good soak."""
        found = [f"unexplained: {failure}" for failure in self.unexplained]
        found += [f"not accounted for: {one}" for one in self.accounts if not one.closed]
        if (complete := sum(one.complete for one in self.accounts)) < self.verified:
            found.append(f"{self.verified} were answered, and {complete} are counted as complete")
        found += [f"{name} grows: {one}" for name, one in self.slopes.items() if one and one.grows]
        if self.last_observed != _LAST_OF_EACH * sum(kind.depth for kind in KINDS):
            found.append(f"of the last exchanges only {self.last_observed} were observed")
        if self.last_results != _expected_results():
            found.append(f"of the last exchanges the observer made {dict(self.last_results)}")
        return found


def _expected_results() -> Counter[str]:
    return Counter(result for kind in KINDS for result in kind.messages * kind.depth * _LAST_OF_EACH)


async def soak(plan: Plan, folder: Path) -> Result:
    """Raises AssertionError if a fault cannot be put in, or nothing recovers from it."""
    stand = await asyncio.to_thread(Stand, folder, _reference(), plan.hold)
    try:
        return await _soaked(plan, stand)
    finally:
        await asyncio.to_thread(stand.close)


def _reference() -> Profile:
    return recounted({"a": [at / 50 - 2 for at in range(200)]})


async def _soaked(plan: Plan, stand: Stand) -> Result:
    began = time.monotonic()
    book = Book()
    capacity = await _capacity(plan, stand, book)
    over = asyncio.Event()
    rate = plan.share * capacity
    port = lambda: stand.sidecar.port  # noqa: E731  # it changes with each life
    asking = asyncio.ensure_future(ask_all(port, book, Pace(rate), plan.clients, plan.seed, over))
    measuring = asyncio.ensure_future(_measure(stand))
    moments = await _put_in(plan, stand, began)
    over.set()
    await asking
    await asyncio.to_thread(stand.recovered)
    measuring.cancel()
    observed, results = await _last(stand, book)
    await asyncio.to_thread(stand.close_account)
    slopes = {name: slope(lives, plan.settling_seconds) for name, lives in stand.memory.items()}
    return Result(time.monotonic() - began, capacity, rate, book, moments, stand.accounts, slopes, observed, results)


async def _capacity(plan: Plan, stand: Stand, book: Book) -> float:
    """Exchanges a second, as fast as clients, sidecar and model together can."""
    await asyncio.to_thread(stand.observer)
    over = asyncio.Event()
    before = book.verified.total()
    asking = asyncio.ensure_future(ask_all(lambda: stand.sidecar.port, book, Pace(0), plan.clients, plan.seed, over))
    await asyncio.sleep(plan.capacity_seconds)
    rate = (book.verified.total() - before) / plan.capacity_seconds
    over.set()
    await asking
    return rate


async def _put_in(plan: Plan, stand: Stand, began: float) -> list[Moment]:
    """All faults in their order, each once at least, and again and again as long as there is time."""
    moments: list[Moment] = []
    while True:
        due = began + plan.capacity_seconds + (len(moments) + 1) * plan.every
        if len(moments) >= len(plan.faults) and due > began + plan.seconds:
            await asyncio.sleep(max(0.0, began + plan.seconds - time.monotonic()))
            return moments
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        fault = plan.faults[len(moments) % len(plan.faults)]
        start = time.monotonic()
        await asyncio.to_thread(fault.act, stand)
        end = time.monotonic()
        moments.append(Moment(fault, start, end, await asyncio.to_thread(stand.recovered)))


async def _measure(stand: Stand) -> None:
    while True:
        stand.measure()
        await asyncio.sleep(_SAMPLE_SECONDS)


async def _last(stand: Stand, book: Book) -> tuple[int, Counter[str]]:
    """So many of each kind, and nothing else: what was observed of them, and what the observer read in them."""

    async def counted() -> tuple[int, Counter[str]]:
        await asyncio.to_thread(stand.quiet)
        metrics = await asyncio.to_thread(stand.sidecar.metrics)
        results: Counter[str] = Counter()
        for labels, count in metrics.samples("sidecar_decoded_total"):
            results[labels["result"]] += int(count)
        return int(metrics.total("sidecar_observed_total")), results

    observed, results = await counted()
    client = Client(lambda: stand.sidecar.port, book, 0)
    for kind in KINDS:
        for at in range(_LAST_OF_EACH):
            await client.ask(kind, at)
    client.leave()
    observed_then, results_then = await counted()
    return observed_then - observed, +Counter(results_then - results)

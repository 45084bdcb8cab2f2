"""Sixty ways in which a table changes, and four that are too small to matter: columns before and after.

A table has ten columns (or twenty), of which most are independent normal numbers that never change. A column is a function of a
generator and of the times of its rows, so cycles and streams that depend on themselves are columns too. Most scenarios come with
their mirror image. `drift_delays` sends them through the sidecar, `benchmarks.drift.scenarios` through others as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.core.words.arrays import Floats

Rng = np.random.Generator
Values = NDArray[Any]
Column = Callable[[Rng, Floats], Values]
"""Values (n,) at times (n,), in seconds."""
Change = Callable[[], tuple[Column, ...]]

WIDTH = 10
AR = 0.9
BURST = 50
BATCH = 1_000
DAY = 86_400.0
LEVELS = 500
GRADUAL_ROWS = 4_000


@dataclass(frozen=True)
class Scenario:
    """The first columns of a table, `before` and `after` a change; further ones are independent normal numbers."""

    name: str
    before: tuple[Column, ...]
    after: tuple[Column, ...]
    width: int = WIDTH
    together: bool = False
    """Whether the change is in how the columns depend on each other."""
    seconds: float = 0.02
    """Between two rows."""
    message: int = 1
    """Rows of a message."""
    clean: int = 4_000
    """Rows before the change, at the least."""
    seasonal: bool = False
    """Whether the reference is by the hour of the day."""
    reference: Column | None = None
    """What the reference is made of, where that is not `before`: training data do not depend on the row before."""
    independent: tuple[Column, Column] | None = None
    """For an oracle: the change as independent values, where the columns have none..."""
    free: Callable[[Values, Floats], Values] | None = None
    """...and how such values are got from a column and its times."""
    every: int = 1
    """Of how many rows one is independent of the others."""


def table(columns: tuple[Column, ...], width: int, rng: Rng, at: Floats) -> list[Values]:
    """The columns of rows at these times."""
    some: list[Values] = []
    shared = int(rng.integers(1 << 62))
    for column in columns:
        some.append(column(np.random.default_rng([shared, getattr(column, "stream", len(some))]), at))
    return some + [rng.normal(size=len(at)) for _ in range(width - len(columns))]


def normal(mean: float = 0.0, deviation: float = 1.0) -> Column:
    """Independent normal numbers."""
    return lambda rng, at: rng.normal(mean, deviation, len(at))


def rate(share: float) -> Column:
    """1 that often, else 0."""
    return lambda rng, at: (rng.random(len(at)) < share).astype(np.float64)


def missing(share: float) -> Column:
    """Normal numbers that are missing that often."""
    return lambda rng, at: np.where(rng.random(len(at)) < share, np.nan, rng.normal(size=len(at)))


def levels(*shares: float, name: str = "abcdefghij") -> Column:
    """Names with these shares; the first has what is left of 1."""
    names = np.array(list(name[: len(shares) + 1]), object)
    return lambda rng, at: names[rng.choice(len(names), len(at), p=[1 - sum(shares), *shares])]


def zipf(top: float) -> Column:
    """500 levels, whose top one has `top` times its share."""
    shares = 1 / np.arange(1.0, LEVELS + 1)
    shares /= shares.sum()
    rest = (1 - top * shares[0]) / (1 - shares[0])
    shares = np.concatenate([[top * shares[0]], rest * shares[1:]])
    names = np.array([f"level {at}" for at in range(LEVELS)], object)
    return lambda rng, at: names[rng.choice(LEVELS, len(at), p=shares)]


def outliers(share: float, deviations: float = 10.0) -> Column:
    """Normal numbers, some of them far out."""
    return lambda rng, at: rng.normal(size=len(at)) + np.where(rng.random(len(at)) < share, deviations, 0.0)


def spike(share: float) -> Column:
    """Normal numbers, some of them always the same."""
    return lambda rng, at: np.where(rng.random(len(at)) < share, 0.5, rng.normal(size=len(at)))


def bimodal(rng: Rng, at: Floats) -> Floats:
    """Two modes, with mean 0 and standard deviation 1."""
    return np.asarray(rng.choice([-0.9, 0.9], len(at)) + rng.normal(0, np.sqrt(0.19), len(at)))


def heavy(rng: Rng, at: Floats) -> Floats:
    """Student's t with two degrees of freedom."""
    return np.asarray(rng.standard_t(2, len(at)))


def rounded(rng: Rng, at: Floats) -> Floats:
    """Whole numbers."""
    return np.round(rng.normal(size=len(at)))


def correlated(correlation: float) -> tuple[Column, Column]:
    """Two normal columns. Both draw the same numbers, and take what is theirs."""

    def first(rng: Rng, at: Floats) -> Floats:
        return np.asarray(rng.normal(size=(2, len(at)))[0])

    def second(rng: Rng, at: Floats) -> Floats:
        x, y = rng.normal(size=(2, len(at)))
        return np.asarray(correlation * x + np.sqrt(1 - correlation**2) * y)

    return _of_one_stream(first), _of_one_stream(second)


def triple(related: bool) -> tuple[Column, Column, Column]:
    """Three columns, independent in pairs; if related, the product of all is never negative."""

    def one(which: int) -> Column:
        def column(rng: Rng, at: Floats) -> Floats:
            drawn = rng.normal(size=(3, len(at)))
            if which == 2 and related:
                return np.asarray(np.abs(drawn[2]) * np.sign(drawn[0] * drawn[1]))
            return np.asarray(drawn[which])

        return _of_one_stream(column)

    return one(0), one(1), one(2)


def autocorrelated(mean: float) -> Column:
    """AR(1) with standard deviation 1."""

    def column(rng: Rng, at: Floats) -> Floats:
        noise = rng.normal(size=len(at)) * np.sqrt(1 - AR**2)
        noise[:1] /= np.sqrt(1 - AR**2)
        found = np.fromiter(itertools.accumulate(noise.tolist(), lambda last, new: AR * last + new), np.float64)
        return np.asarray(found + mean)

    return column


def bursts(mean: float) -> Column:
    """Each value comes fifty times."""
    return lambda rng, at: np.repeat(rng.normal(mean, 1, -(-len(at) // BURST)), BURST)[: len(at)]


def in_batches(mean: float) -> Column:
    """Independent numbers, sorted within each batch."""

    def column(rng: Rng, at: Floats) -> Floats:
        values = rng.normal(mean, 1, -(-len(at) // BATCH) * BATCH).reshape(-1, BATCH)
        return np.sort(values, axis=1).ravel()[: len(at)]

    return column


def cycle(mean: float) -> Column:
    """A mean that goes up and down each day."""
    return lambda rng, at: rng.normal(mean, 1, len(at)) + swing(at)


def swing(at: Floats) -> Floats:
    """The daily cycle."""
    return np.asarray(2 * np.sin(2 * np.pi * at / DAY))


def innovations(values: Values, at: Floats) -> Values:
    """What is new in each row of `autocorrelated`."""
    return np.append(values[:1], values[1:] - AR * values[:-1])


def gradual(mean: float, seconds: float) -> Column:
    """The mean grows from the first row on, for so long."""
    return lambda rng, at: rng.normal(size=len(at)) + mean * np.minimum((at - at[:1]) / seconds, 1.0)


def _of_one_stream(column: Column) -> Column:
    """Columns of one table that draw the same numbers."""
    column.stream = 0  # type: ignore[attr-defined]  # a function's own attribute: `table` seeds by it
    return column


def _mirrored(name: str, back: str, one: Column, other: Column, **more: Any) -> Iterator[Scenario]:
    yield Scenario(name, (one,), (other,), **more)
    yield Scenario(back, (other,), (one,), **more)


def _shifts(name: str, size: float, make: Callable[[float], Column], times: int = 1, **more: Any) -> Iterator[Scenario]:
    for sign, word in ((1, "+"), (-1, "-")):
        yield Scenario(f"{name} {word} {size:g} sd", (make(0.0),) * times, (make(sign * size),) * times, **more)


def _shapes() -> Iterator[Scenario]:
    for size in (0.4, 0.5, 1.0):
        yield from _shifts("mean", size, normal)
    yield from _mirrored("spread x 1.5", "spread / 1.5", normal(), normal(0, 1.5))
    yield from _shifts("one of 20: mean", 0.5, normal, width=20)
    yield from _shifts("all of 20: mean", 0.2, normal, 20, width=20)
    yield from _mirrored("tails heavier", "tails lighter", normal(), heavy)
    yield from _mirrored("one mode, then two", "two modes, then one", normal(), bimodal)
    yield from _mirrored("whole numbers appear", "fractions appear", normal(), rounded)
    yield from _mirrored("5 % are one value", "5 % are one value no more", normal(), spike(0.05))


def _rates() -> Iterator[Scenario]:
    for make, name in ((rate, "rate"), (missing, "nulls")):
        yield from _mirrored(f"{name} 0.1 -> 1 %", f"{name} 1 -> 0.1 %", make(0.001), make(0.01))
        yield from _mirrored(f"{name} 1 -> 5 %", f"{name} 5 -> 1 %", make(0.01), make(0.05))
    yield from _mirrored("nulls 60 -> 70 %", "nulls 70 -> 60 %", missing(0.6), missing(0.7))
    for share in (0.01, 0.05):
        some, more = levels(0.3, 0.2), levels(0.3, 0.2, share)
        yield from _mirrored(f"category of {share:.0%} is new", f"category of {share:.0%} vanishes", some, more)
    yield from _mirrored(
        "shares 50:30:20 -> 30:30:40", "shares 30:30:40 -> 50:30:20", levels(0.3, 0.2), levels(0.3, 0.4)
    )
    yield Scenario("top of 500 levels halved", (zipf(1.0),), (zipf(0.5),))
    yield Scenario("top of 500 levels doubled", (zipf(1.0),), (zipf(2.0),))
    for share in (0.01, 0.02):
        yield from _mirrored(f"{share:.0%} are 10 sd out", f"{share:.0%} were 10 sd out", normal(), outliers(share))


def _relations() -> Iterator[Scenario]:
    none, strong = correlated(0.0), correlated(0.8)
    yield Scenario("correlation 0 -> 0.8", none, strong, together=True)
    yield Scenario("correlation 0.8 -> 0", strong, none, together=True)
    yield Scenario("correlation 0.6 -> -0.6", correlated(0.6), correlated(-0.6), together=True)
    yield Scenario("correlation -0.6 -> 0.6", correlated(-0.6), correlated(0.6), together=True)
    yield Scenario("relation of three vanishes", triple(True), triple(False), together=True)
    yield Scenario("relation of three appears", triple(False), triple(True), together=True)


def _streams() -> Iterator[Scenario]:
    seconds = 0.02
    for one in _shifts("gradual, 4,000 rows:", 1.0, lambda mean: gradual(mean, GRADUAL_ROWS * seconds)):
        yield replace(one, independent=(normal(), normal(0.5 if "+" in one.name else -0.5)))
    for one in _shifts("daily cycle, mean", 1.0, cycle, seconds=4.0, seasonal=True, free=lambda x, at: x - swing(at)):
        yield _freed(one, 1.0)
    for one in _shifts("AR(1) 0.9, mean", 1.0, autocorrelated, reference=normal(), free=innovations):
        # What is new in each row: the noise, and a tenth of the shift.
        noise = float(np.sqrt(1 - AR**2))
        yield replace(one, independent=(normal(0, noise), normal(0.1 if "+" in one.name else -0.1, noise)))
    for one in _shifts("bursts of 50, mean", 1.0, bursts, reference=normal()):
        yield replace(_freed(one, 1.0), every=BURST)
    for one in _shifts(
        "sorted batches of 1,000, mean", 0.5, in_batches, message=BATCH, seconds=0.001, clean=20 * BATCH
    ):
        yield _freed(one, 0.5)
    yield from _shifts("a row a second, mean", 0.5, normal, seconds=1.0)


def _freed(one: Scenario, size: float) -> Scenario:
    return replace(one, independent=(normal(), normal(size if "+" in one.name else -size)))


SCENARIOS = (*_shapes(), *_rates(), *_relations(), *_streams())
TOO_SMALL = (
    *_shifts("mean", 0.2, normal),
    Scenario("rate 0.1 -> 0.2 %", (rate(0.001),), (rate(0.002),)),
    Scenario("nulls 1 -> 1.2 %", (missing(0.01),), (missing(0.012),)),
)
"""Changes that matter by no criterion at default settings: what is asked of these is silence."""

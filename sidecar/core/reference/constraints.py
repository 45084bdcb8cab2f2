"""What a column must keep, whatever its distribution does: declared by people, or derived from a profile by `derive_constraints`.

A reference carries them beside its counts, where people edit them (`constraints_file`). Whether values keep them is
`rule_checks`'; how many may not, and still the verdict is ok, is said here.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sidecar.core.words.patterns import Pattern
from sidecar.core.words.rules import Rule

ALLOWED = 0.01
"""Share of rows that may break a rule that says nothing else: one row in a hundred, as for violations of the schema."""
LEAST_ALLOWED = 0.001
"""A rule that allows less is judged as if it allowed this, so that a single bad row is no verdict."""
RECENT_ROWS = 1_000
"""Rows among which a column of unique values may have none twice: more are not remembered."""
_SHOWN = 5
_WORST = 0.999


class ValueType(enum.StrEnum):
    """What the values of a column are. A whole number is an integer however it is written; a string is a text."""

    INTEGER = "integer"
    NUMBER = "number"
    STRING = "string"
    BOOLEAN = "boolean"


_Share = Annotated[float, Meta(ge=0, le=1)]
_NUMBERS = (None, ValueType.INTEGER, ValueType.NUMBER)


class Constraint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one column must keep; a field that is left out asks nothing. Raises ValueError if fields contradict each other."""

    feature: Annotated[str, Meta(min_length=1)]
    """The column; it need not be watched for drift."""
    type: ValueType | None = None
    required: bool = True
    """Every message must have the column: the set is complete."""
    max_missing: _Share | None = None
    """Largest share of rows without a value, where the column is there."""
    min: float | None = None
    max: float | None = None
    domain: tuple[str, ...] = ()
    """All values that there may be, by name."""
    pattern: str = ""
    """What each value must match as a whole: see `words.patterns` for what is understood."""
    unique: bool = False
    """No value twice among `RECENT_ROWS` rows."""
    monotone: Literal["", "rising", "falling"] = ""
    """No value less (`rising`) or more (`falling`) than the one before it."""
    allowed: Mapping[Rule, Annotated[float, Meta(ge=0, lt=1)]] = {}
    """Share of rows that may break a rule; `ALLOWED` for those that are not named."""

    def __post_init__(self) -> None:
        for why in self._contradictions():
            raise ValueError(f"the constraint of {self.feature!r} {why}")

    @property
    def is_numeric(self) -> bool:
        """Its values are read as numbers."""
        bounded = self.min is not None or self.max is not None
        return self.type in (ValueType.INTEGER, ValueType.NUMBER) or bounded or bool(self.monotone)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What is asked."""
        asked = {
            Rule.TYPE: self.type is not None,
            Rule.RANGE: self.min is not None or self.max is not None,
            Rule.DOMAIN: bool(self.domain),
            Rule.PATTERN: bool(self.pattern),
            Rule.MISSING: self.max_missing is not None and self.max_missing < 1,
            Rule.REQUIRED: self.required,
            Rule.UNIQUE: self.unique,
            Rule.MONOTONE: bool(self.monotone),
        }
        return tuple(rule for rule, is_asked in asked.items() if is_asked)

    def allows(self, rule: Rule) -> float:
        """The share of rows that may break a rule, as declared."""
        declared = self.max_missing if rule is Rule.MISSING else self.allowed.get(rule)
        return ALLOWED if declared is None else declared

    def judged_at(self, rule: Rule) -> float:
        """The share beyond which it is violated."""
        return min(max(self.allows(rule), LEAST_ALLOWED), _WORST)

    def limit(self, rule: Rule) -> str:
        """What a rule asks, in words."""
        texts = {
            Rule.TYPE: str(self.type),
            Rule.RANGE: _span(self.min, self.max),
            Rule.DOMAIN: _listed(self.domain),
            Rule.PATTERN: self.pattern,
            Rule.MISSING: f"at most {self.allows(rule):.3g} missing",
            Rule.REQUIRED: "in every message",
            Rule.UNIQUE: f"no value twice among {RECENT_ROWS:,} rows",
            Rule.MONOTONE: "never falls" if self.monotone == "rising" else "never rises",
        }
        return texts[rule]

    def _contradictions(self) -> list[str]:
        found = []
        if self.min is not None and self.max is not None and self.min > self.max:
            found.append(f"has a least value {self.min:g} above its largest {self.max:g}")
        if self.is_numeric and self.type not in _NUMBERS:
            found.append(f"has a range or an order, and its type is {self.type}, which has none")
        if self.domain and self.type is ValueType.BOOLEAN:
            found.append("has a domain, and its type is boolean, which is one")
        if self.is_numeric and (self.pattern or self.domain):
            found.append("has a pattern or a domain of names, and its values are numbers, which have no fixed form")
        if Rule.MISSING in self.allowed:
            found.append("allows missing values in `allowed`; say so with `max_missing`")
        return found or self._unreadable()

    def _unreadable(self) -> list[str]:
        try:
            Pattern(self.pattern)
        except ValueError as error:
            return [f"has a pattern that is not understood: {error}"]
        return []


def rule_count(constraints: tuple[Constraint, ...]) -> int:
    """How many verdicts there are."""
    return sum(len(one.rules) for one in constraints)


def without_doubles(constraints: tuple[Constraint, ...]) -> tuple[Constraint, ...]:
    """The same. Raises ValueError if two are of one column."""
    seen: set[str] = set()
    for one in constraints:
        if one.feature in seen:
            raise ValueError(f"two constraints are of {one.feature!r}")
        seen.add(one.feature)
    return constraints


def _span(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {_figure(high)}"
    return f"at least {_figure(low)}" if high is None else f"{_figure(low)} to {_figure(high)}"


def _figure(number: float | None) -> str:
    return "" if number is None else f"{number:.15g}"


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"one of {shown}" + (f", ... ({len(names)})" if len(names) > _SHOWN else "")

"""Constraints watched live: violations are counted, verdicts go by rate, and end by evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.observed import STARTED, exchange, monitor, reference
from harness.profiles import frame
from sidecar.core.reference.constraints import Constraint
from sidecar.core.reference.constraints_file import with_constraints
from sidecar.core.reference.profile import Profile
from sidecar.core.watching.constraint_watch import ConstraintWatch
from sidecar.core.watching.event_lines import event_line
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import ConstraintsReplaced, Event, State
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import Rule, RuleChanged, RuleState
from sidecar.settings import SegmentSettings, Settings, WindowSettings

AGE = Constraint("age", min=-6, max=6)


def constrained(*found: Constraint, profile: Profile | None = None) -> Profile:
    return with_constraints(profile or reference(), {Side.INPUT: found or (AGE,)})


def fed(
    machine: Monitor, rate: float, messages: int, start: float = STARTED, rows: int = 1, seed: int = 1
) -> list[Event]:
    """Messages, ten a second, of which a share of rows has an age of 1,000."""
    rng = np.random.default_rng(seed)
    events: list[Event] = []
    for at in range(messages):
        ages = np.where(rng.random(rows) < rate, 1_000.0, rng.normal(size=rows))
        made = [{"age": float(age), "income": float(rng.normal())} for age in ages]
        events += machine.feed(exchange(made), start + at / 10)
        events += machine.tick(start + at / 10 + 0.05)
    return events


def changes(events: list[Event]) -> list[RuleChanged]:
    return [event for event in events if isinstance(event, RuleChanged)]


@pytest.mark.slow  # a stream of thousands of rows
def test_a_range_that_three_rows_in_a_hundred_break_is_violated() -> None:
    machine = monitor(constrained())
    events = fed(machine, 0.03, 4_000)
    (changed,) = changes(events)

    assert (changed.before, changed.report.state) == (RuleState.OK, RuleState.VIOLATED)
    assert (changed.report.feature, changed.report.rule, changed.report.limit) == ("age", Rule.RANGE, "-6 to 6")
    assert changed.report.rate == pytest.approx(0.03, abs=0.015)
    assert changed.rows_seen < 3_500


@pytest.mark.slow  # a stream of thousands of rows
def test_no_drift_is_needed() -> None:
    """Rows as the reference has them, of which three in a hundred break a range that was declared."""
    machine = monitor(constrained(Constraint("age", max=1.88)))
    events = fed(machine, 0.0, 4_000)

    assert [one.report.state for one in changes(events)] == [RuleState.VIOLATED]
    assert machine.view().sides[0].features[0].state is State.OK


@pytest.mark.slow  # a stream of thousands of rows
def test_a_bad_row_now_and_then_is_counted_and_no_verdict() -> None:
    machine = monitor(constrained())
    events = fed(machine, 0.005, 6_000)

    assert changes(events) == []
    assert machine.view().violations["age", "constraint_range"] == pytest.approx(30, abs=15)
    assert {one.state for one in machine.view().sides[0].rules} == {RuleState.OK}


def test_one_message_of_a_thousand_bad_rows_is_no_verdict_and_a_few_are() -> None:
    machine = monitor(constrained())
    fed(machine, 0.0, 200)
    assert changes(fed(machine, 1.0, 1, STARTED + 100, rows=1_000)) == []
    assert machine.view().violations["age", "constraint_range"] == 1_000
    assert len(changes(fed(machine, 1.0, 20, STARTED + 200, rows=1_000))) == 1


@pytest.mark.slow  # a stream of thousands of rows
def test_a_rule_that_is_kept_again_recovers_and_can_be_violated_again() -> None:
    machine = monitor(constrained())
    events = fed(machine, 1.0, 200)
    events += fed(machine, 0.0, 2_000, STARTED + 100)
    events += fed(machine, 1.0, 200, STARTED + 400)

    assert [one.report.state for one in changes(events)] == [RuleState.VIOLATED, RuleState.OK, RuleState.VIOLATED]


def test_violations_of_rules_are_counted_beside_those_of_bins() -> None:
    machine = monitor(constrained())
    machine.feed(exchange([{"age": 1_000.0, "income": 0.0}, {"age": 0.0, "income": 0.0}]), STARTED)
    machine.tick(STARTED + 1)

    assert machine.view().violations == {("age", "range"): 1, ("age", "constraint_range"): 1}


def test_without_constraints_there_is_nothing_to_tell() -> None:
    machine = monitor()
    fed(machine, 1.0, 200)

    assert machine.view().sides[0].rules == ()
    assert not any(kind.startswith("constraint") for _, kind in machine.view().violations)


def test_before_there_are_enough_rows_a_rule_has_no_verdict() -> None:
    machine = monitor(constrained(), Settings(window=WindowSettings(min_rows=50)))
    fed(machine, 1.0, 49)
    assert {one.state for one in machine.view().sides[0].rules} == {RuleState.INSUFFICIENT}
    assert changes(fed(machine, 1.0, 2, STARTED + 10))[0].before is RuleState.INSUFFICIENT


def test_a_column_that_is_asked_for_and_not_sent_is_violated_whether_it_is_watched_or_not() -> None:
    machine = monitor(constrained(Constraint("customer"), Constraint("age")))
    events = fed(machine, 0.0, 200)

    assert [(one.report.feature, one.report.rule) for one in changes(events)] == [("customer", Rule.REQUIRED)]
    assert machine.view().violations["customer", "constraint_required"] == 200


def test_rows_of_segments_are_checked_once() -> None:
    settings = Settings(segments=SegmentSettings(by="header:x-tenant", values=("acme",)))
    machine = monitor(constrained(), settings)
    fed(machine, 1.0, 10)

    assert machine.view().violations["age", "constraint_range"] == 10


def test_outputs_have_constraints_of_their_own() -> None:
    profile = with_constraints(reference(), {Side.OUTPUT: (Constraint("score", max=0.4),)})
    machine = monitor(profile)
    events = fed(machine, 0.0, 200)

    assert [(one.report.side, one.report.feature) for one in changes(events)] == [(Side.OUTPUT, "score")]


def test_the_rules_of_a_stream_share_the_budget() -> None:
    one = constrained().sides[Side.INPUT]
    many = replace(one, constraints=tuple(Constraint(f"x{at}") for at in range(50)))
    few, of_many = (ConstraintWatch(Side.INPUT, side, Settings(), len(side.constraints)) for side in (one, many))

    assert few.reports()[0].threshold == pytest.approx(9)
    assert of_many.reports()[0].threshold == pytest.approx(9 + np.log10(50))


def test_messages_wait_for_each_other_and_no_longer_than_a_tenth_of_a_second() -> None:
    watch = ConstraintWatch(Side.INPUT, constrained().sides[Side.INPUT], Settings(), 1)
    bad = frame({"age": [1_000.0] * 400, "income": [0.0] * 400})
    rows = [msgspec.structs.replace(bad, rows=1, values=bad.values[:2])] * 63

    assert watch.take([bad], 0.0) == []
    assert watch.tick(0.05) == []
    assert watch.take(rows, 0.06)[0].report.state is RuleState.VIOLATED
    assert watch.take([bad], 1.0) == []
    assert watch.tick(1.2) == []
    assert watch.counted()["age", "constraint_range"] == 863


def test_edited_constraints_are_taken_up_without_touching_the_evidence_of_drift() -> None:
    machine = monitor(constrained())
    fed(machine, 1.0, 200)
    before = machine.view().sides[0]
    (event,) = machine.switch(constrained(Constraint("age", min=-6, max=2_000), Constraint("income")), STARTED + 100)
    after = machine.view().sides[0]

    assert event == ConstraintsReplaced(STARTED + 100, 3)
    assert machine.switch(constrained(Constraint("age", min=-6, max=2_000), Constraint("income")), STARTED + 101) == []
    assert [one.evidence for one in after.features] == [one.evidence for one in before.features]
    assert [one.state for one in after.rules] == [RuleState.INSUFFICIENT] * 3
    assert machine.view().violations["age", "constraint_range"] == 200
    assert changes(fed(machine, 1.0, 200, STARTED + 200)) == []


def test_the_next_reference_keeps_the_constraints_also_those_that_were_edited() -> None:
    edited = constrained(Constraint("income", max=9))
    machine = monitor(constrained(), Settings(window=WindowSettings(rows=100)))
    fed(machine, 0.0, 300)
    first = machine.since(STARTED, STARTED + 40)
    machine.switch(edited, STARTED + 41)
    second = machine.since(STARTED, STARTED + 42)

    assert first is not None
    assert second is not None
    assert first.sides[Side.INPUT].constraints == (AGE,)
    assert second.sides[Side.INPUT].constraints == edited.sides[Side.INPUT].constraints


def test_a_line_of_the_drift_log_says_which_rule_and_how_often_it_is_broken() -> None:
    machine = monitor(constrained())
    (changed,) = changes(fed(machine, 1.0, 200))
    line = event_line(changed)
    replaced = event_line(ConstraintsReplaced(1.0, 4))

    assert line is not None
    assert replaced is not None
    assert (line.level, line.event) == ("warning", "constraint_changed")
    told: dict[str, Any] = line.figures
    assert {key: told[key] for key in ("side", "feature", "rule", "before", "state", "limit", "allowed", "rate")} == {
        "side": "input", "feature": "age", "rule": "range", "before": "insufficient", "state": "violated", "limit": "-6 to 6",
        "allowed": 0.01, "rate": 1.0,
    }  # fmt: skip
    assert (replaced.event, replaced.figures) == ("constraints_replaced", {"rules": 4})

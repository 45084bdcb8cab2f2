"""Which line an event becomes: its level, its name and its figures, as docs/driftlog.md has them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.observed import exchange
from sidecar.core.watching.event_lines import event_line
from sidecar.core.words.events import (
    ConstraintsReplaced,
    DecodeFailed,
    Event,
    ExchangeSeen,
    FeatureReport,
    JointChanged,
    JointReport,
    LearningRefused,
    ReferenceChanged,
    ReferenceLearned,
    ReferenceMismatch,
    State,
    StreamBegan,
    StreamsFull,
    VerdictChanged,
    WindowClosed,
)
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import Rule, RuleChanged, RuleReport, RuleState

PAGE = (Path(__file__).parents[3] / "docs" / "driftlog.md").read_text()
REPORT = FeatureReport(Side.INPUT, "age", State.DRIFT, {}, 12.34567, 10.0, 0.123456789, 900, 0.98765, ())
JOINT = JointReport(Side.INPUT, State.DRIFT, 1e-30, 5e-7, 0.6, 900, (("age", 0.70004),), ())
RULE = RuleReport(Side.INPUT, "age", Rule.RANGE, RuleState.VIOLATED, "0 to 120", 0.01, 0.0312345, 700, 12.34567, 10.6)


def verdict(state: State, **changes: Any) -> VerdictChanged:
    return VerdictChanged(7.0, State.OK, 400, msgspec.structs.replace(REPORT, state=state, **changes))


LINES: list[tuple[Event, str, str]] = [
    (verdict(State.DRIFT), "warning", "verdict_changed"),
    (verdict(State.WARNING), "warning", "verdict_changed"),
    (verdict(State.OK), "info", "verdict_changed"),
    (WindowClosed(Side.INPUT, 5.0, 7.0, 10, (REPORT,)), "info", "window_closed"),
    (JointChanged(7.0, State.OK, 400, JOINT), "warning", "joint_changed"),
    (JointChanged(7.0, State.DRIFT, 400, msgspec.structs.replace(JOINT, state=State.OK)), "info", "joint_changed"),
    (RuleChanged(7.0, RuleState.OK, 900, RULE), "warning", "constraint_changed"),
    (
        RuleChanged(7.0, RuleState.VIOLATED, 900, msgspec.structs.replace(RULE, state=RuleState.OK)),
        "info",
        "constraint_changed",
    ),
    (ConstraintsReplaced(7.0, 3), "info", "constraints_replaced"),
    (ReferenceLearned(7.0, Side.INPUT, 2_000, "ab"), "info", "reference_learned"),
    (LearningRefused(7.0, Side.INPUT, "age", 0.5, "wider", 2), "warning", "learning_refused"),
    (ReferenceChanged(7.0, "", "ab"), "info", "reference_changed"),
    (DecodeFailed(7.0, "csv", "ragged", "row 3", 4), "warning", "decode_failed"),
    (ReferenceMismatch(7.0, Side.INPUT, "no feature"), "warning", "reference_mismatch"),
    (StreamBegan(7.0, "fraud", "fraud", "/predict", "learning"), "info", "stream_began"),
    (StreamsFull(7.0, 8, 40), "warning", "streams_full"),
]


@pytest.mark.parametrize(("event", "level", "name"), LINES)
def test_an_event_has_its_level_its_name_and_its_time(event: Event, level: str, name: str) -> None:
    line = event_line(event)

    assert line is not None
    assert (line.level, line.event, line.at) == (level, name, 7.0)
    assert f"`{name}`" in PAGE


def test_every_kind_of_event_has_a_line_but_an_exchange() -> None:
    assert {type(event) for event, _, _ in LINES} == set(Event.__args__) - {ExchangeSeen}
    assert event_line(ExchangeSeen(exchange(), 0)) is None


@pytest.mark.parametrize("event", [event for event, _, _ in LINES])
def test_every_figure_is_documented(event: Event) -> None:
    line = event_line(event)

    assert line is not None
    documented = set(re.findall(r"`(\w+)`", PAGE))
    assert set(line.figures) <= documented


def figures(event: Event) -> dict[str, Any]:
    line = event_line(event)
    assert line is not None
    return line.figures


def test_figures_are_rounded_to_what_a_reader_needs() -> None:
    found = figures(verdict(State.DRIFT))

    assert (found["evidence"], found["effect"], found["independent_ratio"]) == (12.346, 0.123457, 0.988)
    assert figures(LINES[4][0])["features"] == [{"feature": "age", "share": 0.7}]


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"segment": "acme"}, "segment", "acme"),
        ({"units": 0.01}, "units", 0.01),
        ({"changed": "wider"}, "changed", "wider"),
        ({"importance": 2.5}, "importance", 2.5),
    ],
)
def test_what_is_not_so_is_not_mentioned(changes: dict[str, Any], key: str, value: object) -> None:
    assert figures(verdict(State.DRIFT, **changes))[key] == value
    assert key not in figures(verdict(State.DRIFT))


def test_a_failure_names_its_trace_if_it_has_one() -> None:
    failed = DecodeFailed(7.0, "csv", "ragged", "row 3", 4, trace_id="ab")

    assert figures(failed)["trace_id"] == "ab"
    assert "trace_id" not in figures(msgspec.structs.replace(failed, trace_id=""))


def test_a_window_names_what_is_unwell_and_ranks_the_first_five_by_impact() -> None:
    states = [State.OK, State.DRIFT, State.WARNING, State.DRIFT, State.OK, State.OK, State.OK]
    reports = tuple(
        msgspec.structs.replace(
            REPORT, feature=f"x{at}", state=state, effect=at / 10, importance=10.0 if at == 1 else 1.0
        )
        for at, state in enumerate(states)
    )

    found = figures(WindowClosed(Side.OUTPUT, 5.0, 7.0, 10, reports))

    assert (found["side"], found["seconds"], found["rows"], found["features"]) == (Side.OUTPUT, 2.0, 10, 7)
    assert (found["drifted"], found["warning"]) == (["x1", "x3"], ["x2"])
    assert [one["feature"] for one in found["top"]] == ["x1", "x6", "x5", "x4", "x3"]

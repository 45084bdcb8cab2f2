"""What the demo says of the drift log, and whether it should have been said."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from sidecar.commands.demo_story import Story


def story() -> tuple[Story, io.StringIO]:
    told = io.StringIO()
    return Story(Console(file=told, width=200)), told


def verdict(state: str, rows: int, feature: str = "temp") -> bytes:
    shifts = [{"bin": "01", "range": "> 60", "reference_ratio": 0.01, "live_ratio": 0.2}]
    event = {"event": "verdict_changed", "side": "input", "feature": feature, "state": state, "rows_seen": rows}
    return json.dumps(event | {"shifts": shifts}).encode()


def test_a_story_with_an_alarm_after_the_change_only_ends_well() -> None:
    one, told = story()
    one.change(5000)
    one.hear(verdict("drift", 5040))

    assert one.judge() == 0
    assert "FIRST ALARM: drift on input temp, 40 rows after the change" in told.getvalue()
    assert "> 60: 1.0% of the rows -> 20.0%" in told.getvalue()


def test_a_story_without_alarm_ends_badly() -> None:
    one, told = story()
    one.change(5000)
    one.hear(verdict("warning", 5040))
    one.hear(verdict("ok", 9000))

    assert one.judge() == 1
    assert "no alarm came" in told.getvalue()


@pytest.mark.parametrize("heard_late", [False, True])
def test_an_alarm_on_rows_from_before_the_change_is_false_whenever_it_is_heard(heard_late: bool) -> None:
    one, told = story()
    if heard_late:
        one.change(5000)
    one.hear(verdict("drift", 4990))
    one.change(5000)
    one.hear(verdict("drift", 5040, "dewp"))

    assert one.judge() == 1
    assert "an alarm came before the change: input temp" in told.getvalue()


def test_a_warning_before_the_change_is_told_but_is_no_alarm() -> None:
    one, told = story()
    one.hear(verdict("warning", 4000))
    one.change(5000)
    one.hear(verdict("drift", 5100))

    assert one.judge() == 0
    assert "warning on input temp after 4,000 rows, though nothing had changed" in told.getvalue()


def test_only_the_first_alarm_is_called_first() -> None:
    one, told = story()
    one.change(0)
    one.hear(verdict("drift", 50))
    one.hear(verdict("drift", 60, "dewp"))

    assert told.getvalue().count("FIRST ALARM") == 1
    assert "dewp +60" not in told.getvalue()
    one.judge()
    assert "input temp +50, input dewp +60" in told.getvalue()


@pytest.mark.parametrize("line", [b"", b"no json\n", b"[1]\n", b'{"event":"window_closed"}\n'])
def test_lines_that_are_no_verdict_are_passed_over(line: bytes) -> None:
    one, told = story()

    one.hear(line)

    assert told.getvalue() == ""


def test_a_look_names_the_feature_nearest_to_an_alarm() -> None:
    one, told = story()
    features: list[dict[str, Any]] = [
        {"side": "input", "feature": "temp", "state": "ok", "evidence": 2.0, "threshold": 9.0},
        {"side": "input", "feature": "dewp", "state": "warning", "evidence": 3.0, "threshold": 9.0},
        {"side": "output", "feature": "delay", "state": "insufficient", "evidence": 0.0, "threshold": 9.0},
    ]

    one.look(1234, features)

    assert (
        "1,234 rows sent; 0 of 2 features have drifted; nearest is input dewp: its evidence is 10^3.0"
        in told.getvalue()
    )

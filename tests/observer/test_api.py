"""What the API answers, as plain values; `test_admin` has it over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.observed import SEGMENTED, SETTINGS, STARTED, TRACE, drifted_monitor, exchange, monitor, snapshot
from sidecar.core.words.events import (
    FeatureReport,
    JointChanged,
    JointReport,
    PairShift,
    ReferenceChanged,
    ReferenceLearned,
    State,
    VerdictChanged,
)
from sidecar.core.words.frame import Side
from sidecar.core.words.view import MonitorView
from sidecar.observer import api
from sidecar.observer.history import History
from sidecar.observer.memory import Memory
from sidecar.settings import Settings, TraceSettings
from sidecar.sink import Observed

NOW = STARTED + 90.0
DRIFTED = drifted_monitor(SEGMENTED).view()
REPORT = FeatureReport(Side.INPUT, "age", State.DRIFT, {}, 12.0, 10.0, 0.4, 900, 1.0, (), "wider", 100.0, "acme")
JOINT = JointReport(Side.INPUT, State.DRIFT, 1e-30, 5e-7, 0.6, 900, (("age", 0.7),), (PairShift("a", "b", 0.6, 0.0),))


def observed(view: MonitorView = DRIFTED, requests: int | None = 100) -> Observed:
    return Observed(None if requests is None else snapshot(requests), view, {"otlp": {"sent": 5}})


def plain(answer: Any) -> Any:
    """An answer as a reader of its JSON has it."""
    return msgspec.json.decode(msgspec.json.encode(answer))


def status(found: Observed) -> Any:
    return plain(api.status(SETTINGS, found, (), STARTED, NOW))


def test_status_says_what_is_watched_and_since_when() -> None:
    found = status(observed())

    assert found["model"] == {"name": "loans", "version": "7", "upstream": SETTINGS.upstream}
    assert found["observer"] == {"started": STARTED, "restarts": 1}
    assert (found["now"], found["digest"], found["sinks"]) == (NOW, DRIFTED.digest, {"otlp": {"sent": 5}})
    assert {(one["decoder"], one["result"]): one["count"] for one in found["decoded"]} == DRIFTED.decoded
    assert [(one["side"], one["rows_total"], one["drifted"], one["features"]) for one in found["sides"]] == [
        ("input", 3_000, 1, 2), ("output", 3_000, 0, 1),
    ]  # fmt: skip


def test_traffic_is_that_of_the_last_snapshot_and_absent_before_the_first() -> None:
    traffic = status(observed())["traffic"]

    assert (traffic["active_requests"], traffic["connections"], traffic["handoff_bytes"]) == (3, 2, 100)
    assert [(one["status"], one["count"], one["total_seconds"]) for one in traffic["requests"]] == [(200, 100, 2.0)]
    # 100 requests lie evenly between 0.01 and 0.025 seconds, as far as the bucket tells.
    assert traffic["latency_seconds"] == pytest.approx({"p50": 0.0175, "p95": 0.02425, "p99": 0.02485})
    assert {"protocol": "opaque", "outcome": "tls", "count": 1} in traffic["exchanges"]
    assert traffic["shed"] == [{"stage": "body", "reason": "bytes", "count": 4}]
    assert status(observed(requests=None))["traffic"] is None
    assert status(observed(requests=None))["observer"]["restarts"] == 0


def test_features_have_every_figure_but_their_bins() -> None:
    age = next(one for one in plain(api.features(DRIFTED))["features"] if one["feature"] == "age")
    view = next(one for one in DRIFTED.sides[0].features if one.feature == "age")

    assert {key: age[key] for key in ("evidence", "effect", "importance", "impact", "independent_ratio")} == {
        "evidence": view.evidence,
        "effect": view.effect,
        "importance": view.importance,
        "impact": view.impact,
        "independent_ratio": view.independent_ratio,
    }
    assert (age["side"], age["kind"], age["state"]) == ("input", "numeric", "drift")
    assert age["scores"].keys() == view.scores.keys()
    assert "bins" not in age


def test_a_feature_s_bins_have_shares_of_all_rows_and_of_the_windows() -> None:
    found = plain(api.feature(DRIFTED, "", "input", "age"))

    for share, rows in (("live_ratio", "live_rows"), ("window_ratio", "window_rows")):
        total = sum(one[rows] for one in found["bins"])
        assert total > 0
        assert [one[share] for one in found["bins"]] == pytest.approx([one[rows] / total for one in found["bins"]])


def test_shares_of_no_rows_are_none_and_no_fault() -> None:
    found = plain(api.feature(monitor().view(), "", "input", "age"))

    assert {one["live_ratio"] for one in found["bins"]} == {None}


def test_a_feature_says_what_each_of_its_scores_is_called() -> None:
    found = plain(api.feature(DRIFTED, "", "input", "age"))

    assert list(found["scores"]) == list(found["measures"])
    assert found["measures"]["jensen_shannon"] == "Jensen-Shannon"


@pytest.mark.parametrize(("side", "name"), [("output", "age"), ("sideways", "age"), ("input", "absent")])
def test_a_feature_that_is_not_there_is_none(side: str, name: str) -> None:
    assert api.feature(DRIFTED, "", side, name) is None


def test_at_one_look_segments_have_only_what_is_unwell_and_by_themselves_everything() -> None:
    found = plain(api.look(SETTINGS, observed(), (), Memory(), STARTED, NOW))["segments"]
    whole = plain(api.segments(DRIFTED))["segments"]

    brief = {
        (one["segment"], one["side"]): ([each["feature"] for each in one["features"]], one["unwell"]) for one in found
    }
    assert brief["other", "input"] == (["age"], 1)
    assert brief["acme", "input"] == ([], 0)
    assert {one["segment"]: list(one["drifted"]) for one in whole if one["side"] == "input"} == {
        "acme": [],
        "other": ["age"],
    }


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            VerdictChanged(NOW, State.OK, 400, REPORT),
            {"what": "verdict", "feature": "age", "segment": "acme", "before": "ok", "state": "drift", "units": 100.0},
        ),
        (JointChanged(NOW, State.OK, 400, JOINT), {"what": "joint", "before": "ok", "state": "drift", "effect": 0.6}),
        (ReferenceLearned(NOW, Side.OUTPUT, 2_000, "ab"), {"what": "learned", "side": "output", "rows_seen": 2_000}),
        (ReferenceChanged(NOW, "ab", "cd"), {"what": "reference", "before": "ab", "digest": "cd"}),
    ],
)
def test_a_change_says_what_it_is_of(event: Any, expected: dict[str, Any]) -> None:
    (found,) = plain(api.changes([event]))["changes"]

    assert found["at"] == NOW
    assert {key: found[key] for key in expected} == expected


def test_what_came_last_stands_first() -> None:
    memory = Memory()
    memory.saw([exchange(status=status, trace=TRACE) for status in (200, 201, 202)])
    events = [ReferenceChanged(at, "", "") for at in (1.0, 2.0)]

    assert [one["status"] for one in plain(api.exchanges(memory.exchanges))["exchanges"]] == [202, 201, 200]
    assert [one["at"] for one in plain(api.changes(events))["changes"]] == [2.0, 1.0]


def test_history_is_oldest_first() -> None:
    history = History()
    for second in range(5):
        history.add(snapshot(second * 25, at=STARTED + second))

    times = [point["at"] for point in plain(api.history(history.points))["points"]]
    assert times == sorted(times)
    assert len(times) > 1


def test_settings_are_shown_without_the_credentials_of_an_endpoint() -> None:
    settings = Settings(trace=TraceSettings(endpoint="https://me:hush@collector:4318/v1/traces?key=hush#hush"))

    assert api.effective(settings).trace.endpoint == "https://collector:4318/v1/traces"

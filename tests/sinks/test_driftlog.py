from __future__ import annotations

import os
from typing import Any

import msgspec
import orjson
import pytest

from harness.observed import STARTED, exchange
from sidecar.core.words.events import (
    BinShift,
    DecodeFailed,
    ExchangeSeen,
    FeatureReport,
    JointChanged,
    JointReport,
    NotEnough,
    PairShift,
    ReferenceLearned,
    ReferenceMismatch,
    Score,
    State,
    VerdictChanged,
    WindowClosed,
)
from sidecar.core.words.frame import Side
from sidecar.settings import ModelSettings
from sidecar.sinks.driftlog import DriftLog

MODEL = ModelSettings(name="loans", version="7")


def report(feature: str, effect: float, state: State = State.OK) -> FeatureReport:
    scores: dict[str, Score | NotEnough] = {
        "psi": Score(0.31, 0.3, 1e-9, 1000),
        "kolmogorov_smirnov": NotEnough("17 rows, 100 needed", 17),
    }
    return FeatureReport(
        Side.INPUT, feature, state, scores, 12.5, 10.3, effect, 900, 1.0, (BinShift("[3.2, 4.1)", 0.1, 0.4),)
    )


JOINT = JointReport(
    Side.INPUT,
    State.DRIFT,
    1e-30,
    5e-7,
    0.6,
    10_000,
    (("age", 0.7), ("income", 0.3)),
    (PairShift("age", "income", 0.6, 0.0),),
)


def logged(*events: Any) -> list[dict[str, Any]]:
    reading, writing = os.pipe()
    log = DriftLog(MODEL, writing)
    for event in events:
        log.handle(event)
    log.flush()
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return [orjson.loads(line) for line in pipe]


def test_a_verdict_that_changed_is_a_line_with_the_figures_it_rests_on() -> None:
    event = VerdictChanged(STARTED, State.OK, 25_140, report("car_value", 0.42, State.DRIFT))
    assert logged(event) == [
        {
            "event": "verdict_changed",
            "level": "warning",
            "timestamp": "2023-11-14T22:13:20.000Z",
            "model_name": "loans",
            "model_version": "7",
            "side": "input",
            "feature": "car_value",
            "before": "ok",
            "state": "drift",
            "rows_seen": 25_140,
            "evidence": 12.5,
            "threshold": 10.3,
            "effect": 0.42,
            "effect_rows": 900,
            "independent_ratio": 1.0,
            "scores": {
                "psi": {"value": 0.31, "debiased": 0.3, "p_value": 1e-9, "rows": 1000},
                "kolmogorov_smirnov": {"reason": "17 rows, 100 needed", "rows": 17},
            },
            "shifts": [{"range": "[3.2, 4.1)", "reference_ratio": 0.1, "live_ratio": 0.4}],
            "since": 0.0,
        }
    ]


def test_a_line_says_by_what_a_change_matters_and_since_when() -> None:
    about = msgspec.structs.replace(report("age", 0.4, State.DRIFT), criterion="missing", since=STARTED)
    (line,) = logged(VerdictChanged(STARTED, State.OK, 9, about))
    assert (line["criterion"], line["since"]) == ("missing", STARTED)


def test_a_line_about_a_slice_says_which() -> None:
    about = msgspec.structs.replace(report("age", 0.4), segment="acme")
    lines = logged(
        VerdictChanged(STARTED, State.OK, 9, about), WindowClosed(Side.INPUT, STARTED, STARTED, 9, (about,), "acme")
    )
    assert [line["segment"] for line in lines] == ["acme", "acme"]


def test_a_closed_window_names_what_drifts_and_the_five_largest_effects() -> None:
    reports = [report(f"x{at}", at / 10) for at in range(7)] + [report("age", 0.9, State.DRIFT)]
    (line,) = logged(WindowClosed(Side.INPUT, STARTED, STARTED + 12.5, 1000, tuple(reports)))
    assert (line["event"], line["rows"], line["seconds"], line["features"]) == ("window_closed", 1000, 12.5, 8)
    assert line["drifted"] == ["age"]
    assert [top["feature"] for top in line["top"]] == ["age", "x6", "x5", "x4", "x3"]


def test_a_correlation_that_broke_is_a_warning_that_names_features_and_pairs() -> None:
    (line,) = logged(JointChanged(STARTED, State.OK, 20_000, JOINT))
    assert (line["event"], line["level"], line["before"], line["state"]) == ("joint_changed", "warning", "ok", "drift")
    assert line["features"] == [{"feature": "age", "share": 0.7}, {"feature": "income", "share": 0.3}]
    assert line["pairs"] == [{"first": "age", "second": "income", "reference": 0.6, "live": 0.0, "third": ""}]


def test_what_a_reader_looks_for_stands_first() -> None:
    (line,) = logged(ReferenceLearned(STARTED, Side.INPUT, 2000, "ab" * 32))
    assert list(line)[:3] == ["timestamp", "level", "event"]


def test_a_recovery_is_no_warning() -> None:
    (line,) = logged(VerdictChanged(STARTED, State.DRIFT, 9, report("age", 0.0)))
    assert (line["level"], line["state"]) == ("info", "ok")


def test_the_other_events_are_a_line_each_and_exchanges_are_none() -> None:
    lines = logged(
        ReferenceLearned(STARTED, Side.INPUT, 2000, "ab" * 32),
        DecodeFailed(STARTED, "v2_json", "syntax", "100 %s broken\n{evil}", 16),
        ReferenceMismatch(STARTED, Side.INPUT, "none of 12 features"),
        ExchangeSeen(exchange(), 0),
    )
    assert [line["event"] for line in lines] == ["reference_learned", "decode_failed", "reference_mismatch"]
    assert lines[1]["detail"] == "100 %s broken\n{evil}"


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_a_figure_that_json_has_no_word_for_is_null(figure: float) -> None:
    (line,) = logged(VerdictChanged(STARTED, State.OK, 1, report("age", figure)))
    assert line["effect"] is None

"""The API answers what its schema says, and every path has one."""

from __future__ import annotations

from typing import Any

import jsonschema
import msgspec
import orjson
import pytest

from harness.observed import (
    SEGMENTED,
    SETTINGS,
    STARTED,
    TRACE,
    drifted_monitor,
    exchange,
    monitor,
    reference,
    snapshot,
)
from sidecar.core.reference.constraints import Constraint
from sidecar.core.reference.constraints_file import with_constraints
from sidecar.core.words.events import JointChanged, JointReport, PairShift, ReferenceChanged, ReferenceLearned, State
from sidecar.core.words.frame import Side
from sidecar.core.words.rules import Rule, RuleChanged, RuleReport, RuleState
from sidecar.observer import api, schema
from sidecar.observer.admin import make_app
from sidecar.observer.complaints import Complaints
from sidecar.observer.worker import Worker
from sidecar.settings import Settings
from sidecar.sinks.prometheus import PrometheusSink

JOINT = JointReport(
    Side.INPUT, State.DRIFT, 1e-30, 5e-7, 0.6, 10_000, (("age", 0.7),), (PairShift("age", "income", 0.1, 0.7),)
)

RULE = RuleReport(Side.INPUT, "age", Rule.RANGE, RuleState.VIOLATED, "at most 2", 0.01, 0.4, 120, 30.0, 9.3)


def watched(settings: Settings, seen: str = "nothing yet") -> Worker:
    """An observer that has seen nothing yet, or some of everything, with much or little of a reference."""
    known = reference(rows=20) if seen == "little" else reference()
    if seen == "drift":
        known = with_constraints(known, {Side.INPUT: (Constraint("age", max=2), Constraint("income"))})
    machine = drifted_monitor(settings, known) if seen == "drift" else monitor(known, settings)
    worker = Worker(machine, [PrometheusSink(settings)], lambda: STARTED, Complaints())
    if seen != "nothing yet":
        for second in range(3):
            worker.snapshot(snapshot(10 * second, at=STARTED + 2 * second))
        for step in range(40):
            rows = [{"age": 3.0 + at, "income": 0.1 * at} for at in range(300)]
            worker.exchanges([exchange(rows, trace=TRACE), exchange(status=503)] if step else [exchange(rows)])
        worker.finish()
        for event in (JointChanged(STARTED, State.OK, 9, JOINT), ReferenceLearned(STARTED, Side.INPUT, 2000, "ab")):
            worker.memory.handle(event)
        worker.memory.changes.append(ReferenceChanged(STARTED, "", "ab"))
        worker.memory.handle(RuleChanged(STARTED, RuleState.OK, 9, RULE))
    return worker


def answered(worker: Worker, settings: Settings) -> dict[str, Any]:
    """What each path with a type answers, as its readers see it."""
    looked, points, memory = worker.overview(), worker.history.points, worker.memory
    one = api.feature(looked.view, "", "input", "age")
    made = {
        "/api/v1/status": api.status(settings, looked, points, STARTED, STARTED),
        "/api/v1/history": api.history(points),
        "/api/v1/features": api.features(looked.view),
        "/api/v1/features/{side}/{name}": one,
        "/api/v1/trail/{side}/{name}": memory.score_history("", Side.INPUT).of("age"),
        "/api/v1/constraints": api.constraints(looked.view),
        "/api/v1/segments": api.segments(looked.view),
        "/api/v1/changes": api.changes(memory.changes),
        "/api/v1/faults": api.faults(worker.complaints.last.values()),
        "/api/v1/exchanges": api.exchanges(memory.exchanges),
        "/api/v1/live": api.look(settings, looked, points, memory, STARTED, STARTED),
        "/api/v1/settings": api.effective(settings),
    }
    return {path: orjson.loads(msgspec.json.encode(answer)) for path, answer in made.items()}


def check(answers: dict[str, Any]) -> None:
    document = orjson.loads(schema.schema_json())
    for path, answer in answers.items():
        ((_, content),) = document["paths"][path]["get"]["responses"]["200"]["content"].items()
        jsonschema.Draft202012Validator({**content["schema"], "components": document["components"]}).validate(answer)


@pytest.mark.parametrize("seen", ["nothing yet", "drift", "little"])
@pytest.mark.parametrize("settings", [SETTINGS, SEGMENTED], ids=["whole", "segments"])
def test_every_answer_fits_its_schema(settings: Settings, seen: str) -> None:
    answers = answered(watched(settings, seen), settings)
    with_a_type = {one.path for one in schema.ENDPOINTS if one.answer is not None}

    assert set(answers) == with_a_type
    check(answers)


def test_what_is_checked_has_something_of_everything() -> None:
    answers = answered(watched(SEGMENTED, "drift"), SEGMENTED)
    little = answered(watched(SEGMENTED, "little"), SEGMENTED)["/api/v1/features"]["features"]

    assert {one["what"] for one in answers["/api/v1/changes"]["changes"]} == {
        "verdict",
        "joint",
        "constraint",
        "learned",
        "reference",
    }
    assert all(score.keys() == {"reason", "rows"} for one in little for score in one["scores"].values())
    assert all(one["scores"] for one in [*answers["/api/v1/features"]["features"], *little])
    for path, name in (
        ("exchanges",) * 2,
        ("history", "points"),
        ("segments",) * 2,
        ("constraints", "rules"),
        ("trail/{side}/{name}", "at"),
    ):
        assert answers[f"/api/v1/{path}"][name], path


@pytest.mark.parametrize(("key", "value"), [("now", "today"), ("sides", [{}]), ("traffic", {"started": 1.0})])
def test_an_answer_of_another_shape_does_not_fit(key: str, value: Any) -> None:
    answers = answered(watched(SETTINGS), SETTINGS)
    answers["/api/v1/status"][key] = value

    with pytest.raises(jsonschema.ValidationError):
        check(answers)


def test_every_path_of_the_api_is_described_and_no_other() -> None:
    app = make_app(SETTINGS, watched(SETTINGS), lambda: STARTED)
    served = {resource.canonical for resource in app.router.resources() if resource.canonical.startswith("/api/")}

    assert {endpoint.path for endpoint in schema.ENDPOINTS} == served


def test_fields_are_described_by_their_docstrings_inherited_ones_too() -> None:
    described = schema.described()

    assert not [name for name in described if "." in name], "two types share a name"
    assert "evidence" in described["Feature"]["properties"]
    assert described["Feature"]["properties"]["evidence"]["description"].startswith("log10 of the e-value")
    assert described["FeatureDetail"]["properties"]["evidence"] == described["Feature"]["properties"]["evidence"]

"""What a model answers is watched as what it is asked: numbers, labels, and probabilities of classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pytest

from harness.profiles import recounted_frames
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.intake import Intake
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import State, VerdictChanged
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.core.words.frame import Frame
from sidecar.settings import Settings

pytestmark = pytest.mark.slow  # streams of thousands of rows

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
Rng = np.random.Generator


def v2(name: str, datatype: str, values: Any) -> dict[str, Any]:
    shape = list(np.shape(values))
    return {"model_name": "m", "outputs": [{"name": name, "shape": shape, "datatype": datatype, "data": values}]}


def regression(rng: Rng, changed: bool) -> dict[str, Any]:
    return v2("price", "FP64", rng.normal(110 if changed else 100, 10, 8).tolist())


def labels(rng: Rng, changed: bool) -> dict[str, Any]:
    return v2("label", "BYTES", rng.choice(["yes", "no"], 8, p=[0.6, 0.4] if changed else [0.2, 0.8]).tolist())


def numbered_labels(rng: Rng, changed: bool) -> dict[str, Any]:
    return v2("label", "INT64", rng.choice(3, 8, p=[0.2, 0.3, 0.5] if changed else [0.6, 0.3, 0.1]).tolist())


def probabilities(rng: Rng, changed: bool) -> dict[str, Any]:
    first = rng.beta(5, 2, 8) if changed else rng.beta(2, 5, 8)
    return v2("probabilities", "FP64", np.column_stack([first, 1 - first]).tolist())


def bare_probabilities(rng: Rng, changed: bool) -> dict[str, Any]:
    (output,) = probabilities(rng, changed)["outputs"]
    return {"predictions": output["data"]}


def exchange(answer: dict[str, Any]) -> Exchange:
    body = orjson.dumps(answer)
    path = "/v1/models/m:predict" if "predictions" in answer else "/v2/models/m/infer"
    return Exchange(0, 0, 0, "POST", path, path, 200, Outcome.COMPLETE, Message(), Message(HEAD, body, len(body)))


@pytest.mark.parametrize(
    ("answers", "features"),
    [
        (regression, {"price"}),
        (labels, {"label"}),
        (numbered_labels, {"label"}),
        (probabilities, {"prediction[0]", "prediction[1]", "prediction.class"}),
        (bare_probabilities, {"prediction[0]", "prediction[1]", "prediction.class"}),
    ],
)
def test_answers_that_change_are_drift_and_others_are_not(
    answers: Callable[[Rng, bool], dict[str, Any]], features: set[str]
) -> None:
    rng = np.random.default_rng(1)
    settings = Settings()
    intake = Intake(settings.decode, decoders(settings.decode))
    frames: list[Frame] = []
    for _ in range(400):
        reading = intake.read(exchange(answers(rng, False)), 0.0, [])
        assert reading
        frames += reading.frames
    monitor = Monitor(settings, recounted_frames(frames), decoders(settings.decode), 0.0)
    told: list[tuple[int, str]] = []

    for at in range(400):
        events = monitor.feed(exchange(answers(rng, at >= 250)), at / 10)
        events += monitor.tick(at / 10 + 0.05)
        told += [
            (at, event.report.feature)
            for event in events
            if isinstance(event, VerdictChanged) and event.report.state is State.DRIFT
        ]

    assert told
    assert min(at for at, _ in told) >= 250
    assert features <= {feature for _, feature in told}

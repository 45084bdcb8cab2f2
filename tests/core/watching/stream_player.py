"""Models and endpoints that are asked made-up rows, and a player that feeds what they are asked to a monitor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import orjson

from harness.profiles import recounted_frames
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.intake import Intake
from sidecar.core.reference.profile import Profile
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import Event, State, VerdictChanged
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.view import StreamView
from sidecar.proxy.route import Routes
from sidecar.settings import DecodeSettings, LearnSettings, Settings, WindowSettings

SETTINGS = Settings(window=WindowSettings(rows=1_000), learn=LearnSettings(rows=1_000))
ROWS = 8
Rng = np.random.Generator
Make = Callable[[Rng], Exchange]


def exchange(
    path: str,
    asked: Any,
    answer: Any,
    status: int = 200,
    outcome: Outcome = Outcome.COMPLETE,
    headers: str = "",
    kind: str = "application/json",
) -> Exchange:
    body = asked if isinstance(asked, bytes) else orjson.dumps(asked)
    answered = orjson.dumps(answer)
    request = f"POST {path} HTTP/1.1\r\nContent-Type: {kind}\r\n{headers}\r\n".encode()
    response = f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\n\r\n".encode() if status else b""
    route = Routes().match(path.encode())
    return Exchange(
        0, 0, 0, "POST", path, route, status, outcome,
        Message(request, body, len(body)), Message(response, answered if status else b"", len(answered)),
    )  # fmt: skip


def tensor(name: str, values: Any) -> dict[str, Any]:
    return {"name": name, "shape": list(np.shape(values)), "datatype": "FP64", "data": np.ravel(values).tolist()}


def v2(model: str, centre: float, width: int = 3, path: str = "/v2/models/{}/infer") -> Make:
    """A model of the Open Inference Protocol that is asked bare matrices, so that only the URL tells it from others."""

    def make(rng: Rng) -> Exchange:
        rows = rng.normal(centre, 1.0, (ROWS, width))
        answer = {"model_name": model, "outputs": [tensor("y", rng.normal(centre, 1.0, ROWS))]}
        return exchange(path.format(model), {"inputs": [tensor("x", rows)]}, answer)

    return make


def v1(model: str, centre: float, path: str = "/v1/models/{}:predict", headers: str = "") -> Make:
    def make(rng: Rng) -> Exchange:
        rows = rng.normal(centre, 1.0, (ROWS, 3)).tolist()
        answer = {"predictions": rng.normal(centre, 1.0, ROWS).tolist()}
        return exchange(path.format(model), {"instances": rows}, answer, headers=headers)

    return make


def endpoint(path: str, centre: float, *names: str, **changes: Any) -> Make:
    """A hand-written server: one object a request."""

    def make(rng: Rng) -> Exchange:
        body = {name: round(float(rng.normal(centre, 1.0)), 3) for name in names}
        return exchange(path, body, {"prediction": round(float(rng.normal(centre, 1.0)), 3)}, **changes)

    return make


class Player:
    """Feeds exchanges as they come, a hundred at a time, four batches a second."""

    def __init__(self, reference: Profile | None = None, settings: Settings = SETTINGS) -> None:
        self.monitor = Monitor(settings, reference, decoders(settings.decode), 0.0)
        self.events: list[Event] = []
        self.now = 0.0
        self.rng = np.random.default_rng(5)

    def play(self, count: int, *mix: tuple[Make, float]) -> Player:
        makes, shares = zip(*mix, strict=True)
        for at in range(0, count, 100):
            chosen = self.rng.choice(len(makes), min(100, count - at), p=shares)
            self.feed(*(makes[at](self.rng) for at in chosen))
        return self

    def feed(self, *exchanges: Exchange) -> Player:
        self.now += 0.25
        self.events += [*self.monitor.feed_many(exchanges, self.now), *self.monitor.tick(self.now)]
        return self

    def streams(self) -> dict[str, StreamView]:
        return {one.model_name: one for one in self.monitor.view().streams}

    def told(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def verdicts(self) -> list[tuple[str, str, State]]:
        raised = (State.WARNING, State.DRIFT)
        changes = [event for event in self.told(VerdictChanged) if event.report.state in raised]
        return [(event.stream, event.report.feature, event.report.state) for event in changes]


def profile_of(*makes: Make, rows: int = 4_000) -> Profile:
    """A reference of what these models are asked and answer."""
    rng = np.random.default_rng(1)
    intake = Intake(DecodeSettings(), decoders(DecodeSettings()))
    frames: list[Frame] = []
    while sum(frame.rows for frame in frames if frame.side is Side.INPUT) < rows:
        for make in makes:
            reading = intake.read(make(rng), 0.0, [])
            assert reading is not None
            frames += reading.frames
    return recounted_frames(frames)

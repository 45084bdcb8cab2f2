"""Nothing that looks like a secret gets from a payload, without consent, to anything that the sidecar shows or writes.

Secrets are planted in the examples of every decoder, as names, as texts and as numbers, often and rarely. The real monitor learns
from them and watches them, and everything that comes out is searched.
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.collector import receiving
from harness.secrets_planted import NAMES, NUMBERS, TEXTS
from harness.wire import exchange
from sidecar.core.reading.decoder import Example, Table
from sidecar.core.reading.decoders import DECODERS, decoders
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import loads
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.exchange import Exchange
from sidecar.observer import api
from sidecar.observer.complaints import Complaints
from sidecar.observer.worker import Worker
from sidecar.reference_store import save_reference
from sidecar.settings import DecodeSettings, LearnSettings, OtlpSettings, Settings, WindowSettings
from sidecar.sinks import driftlog, otlp_logs, otlp_metrics
from sidecar.sinks.prometheus import PrometheusSink

NOW = 1_700_000_000.0
SETTINGS = Settings(learn=LearnSettings(rows=100), window=WindowSettings(rows=100, min_rows=50))
HARMLESS_WORDS = ("red", "green")
LEARNED, WATCHED = 60, 120
"""Exchanges from which is learned, and that are watched afterwards."""
BATCH = 10
OFTEN, SELDOM = 2, 25
"""One in so many exchanges."""
FORMS = {f"{made.name} {at}": example for made in DECODERS for at, example in enumerate(made.examples)}
each_decoder = pytest.mark.parametrize("made", DECODERS, ids=lambda made: made.name)


class Out:
    """All that a worker lets out."""

    def __init__(self, monitor: Monitor, folder: Path, endpoint: str) -> None:
        self.monitor = monitor
        self._folder = folder
        otlp = OtlpSettings(logs_endpoint=f"{endpoint}/v1/logs", metrics_endpoint=f"{endpoint}/v1/metrics")
        self._settings = msgspec.structs.replace(SETTINGS, otlp=otlp)
        self._log = os.open(folder / "log", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        self._pushed = otlp_metrics.make(self._settings)
        log = driftlog.DriftLog(SETTINGS.model, self._log)
        sinks = (PrometheusSink(SETTINGS), log, otlp_logs.make(self._settings), self._pushed)
        self.worker = Worker(monitor, sinks, lambda: NOW, Complaints())

    def everything(self) -> Iterator[str]:
        """Texts, after the end."""
        observed, memory = self.worker.observed(), self.worker.memory
        for accept in ("text/plain", "application/openmetrics-text"):
            yield self.worker.metrics(accept)[0].decode()
        self._pushed.push(self.worker.metrics("text/plain")[0])
        self.worker.finish()
        self._pushed.flush()
        view = observed.view
        named = [
            (one.stream, side, each.feature) for one in view.streams for side in one.sides for each in side.features
        ]
        answers: list[Any] = [
            api.status(SETTINGS, observed, (), NOW, NOW), api.look(SETTINGS, observed, (), memory, NOW, NOW),
            api.features(view), api.segments(view), api.changes(memory.changes), api.exchanges(memory.exchanges),
            [api.feature(view, stream, side.side.value, name) for stream, side, name in named],
            [memory.score_history(stream, side.side).of(name) for stream, side, name in named],
        ]  # fmt: skip
        yield from (msgspec.json.encode(answer).decode() for answer in answers)
        yield (self._folder / "log").read_text()
        os.close(self._log)
        for profile in (self.monitor.reference, self.worker.live()):
            if profile:
                yield self._saved(profile)

    def _saved(self, profile: Profile) -> str:
        file = self._folder / "profile.json"
        save_reference(profile, str(file))
        assert loads(file.read_bytes())
        return file.read_text()


def escaped(text: str, example: Example) -> bytes:
    """As it stands in a string of the example's protocol."""
    return text.replace('"', '""').encode() if b"csv" in example.content_type else json.dumps(text)[1:-1].encode()


def as_exchange(example: Example, request: bytes, response: bytes) -> Exchange:
    return exchange(example.path, request, response, example.content_type, example.headers)


def with_names(example: Example, name: str) -> Exchange:
    """The first column of request and answer has another name."""
    bodies = []
    for body, table in ((example.request, example.inputs), (example.response, example.outputs)):
        first = (table.names or ("",))[0].partition("[")[0].encode()
        quote = b"" if body == example.request and b"csv" in example.content_type else b'"'
        bodies.append(body.replace(quote + first + quote, quote + escaped(name, example) + quote) if first else body)
    return as_exchange(example, *bodies)


def with_text(example: Example, text: str) -> Exchange:
    """Every text of request and answer is another one; where the request has none, the first number is."""
    if b"Inference-Header-Content-Length" in example.headers:
        return in_binary(example, text)
    bodies = [
        with_words(body, table, escaped(text, example))
        for body, table in ((example.request, example.inputs), (example.response, example.outputs))
    ]
    if bodies[0] == example.request:
        first = next(
            repr(cell).encode() for row in example.inputs.rows for cell in row if isinstance(cell, float | int)
        )
        bodies[0] = example.request.replace(first, b'"%s"' % escaped(text, example), 1)
    return as_exchange(example, *bodies)


def with_words(body: bytes, table: Table, text: bytes) -> bytes:
    """Each text of a table is another one; a single letter may be anything, unless it stands in quotes."""
    for word in {cell for row in table.rows for cell in row if isinstance(cell, str)} - {*(table.names or ())}:
        body = (
            body.replace(word.encode(), text)
            if len(word) > 1
            else body.replace(b'"%s"' % word.encode(), b'"%s"' % text)
        )
    return body


def in_binary(example: Example, text: str) -> Exchange:
    """A V2 request whose tensors follow its JSON, with another text in each cell of BYTES."""
    size = int(example.headers.partition(b":")[2])
    head, buffers, packed = json.loads(example.request[:size]), example.request[size:], b""
    for tensor in head["inputs"]:
        length = tensor["parameters"]["binary_data_size"]
        data, buffers = buffers[:length], buffers[length:]
        if tensor["datatype"] == "BYTES":
            cell = text.encode()
            data = (struct.pack("<I", len(cell)) + cell) * tensor["shape"][0]
            tensor["parameters"]["binary_data_size"] = len(data)
        packed += data
    told = json.dumps(head).encode()
    headers = b"Inference-Header-Content-Length: %d\r\n" % len(told)
    return as_exchange(replace(example, headers=headers), told + packed, example.response)


def first_number(example: Example) -> bytes:
    """As it stands in the request; empty where it has none that is written."""
    cells = (cell for row in example.inputs.rows for cell in row if not isinstance(cell, bool))
    written = (str(cell) for cell in cells if cell is not None and re.fullmatch(r"[\d.]+", str(cell)))
    found = next(written, "").encode()
    return found if example.request.count(found) == 1 else b""


def with_number(example: Example, number: str) -> Exchange:
    return as_exchange(example, example.request.replace(first_number(example), number.encode()), example.response)


NUMBERED = {name: example for name, example in FORMS.items() if first_number(example)}


def stream(make: Any, example: Example, often: str, seldom: str, ordinary: Sequence[str]) -> list[Exchange]:
    """Secrets among harmless words; more of one of these after a while, so that there is something to say."""
    chosen = [
        seldom if at % SELDOM == 7 else often if at % OFTEN == 0 else ordinary[at % 3 == 0 if at < LEARNED else 0]
        for at in range(LEARNED + WATCHED)
    ]
    return [make(example, text) for text in chosen]


def read_through(exchanges: Sequence[Exchange], folder: Path, planted: Sequence[str], **changed: Any) -> Out:
    """Everything goes through the worker to the end, and nothing planted is found in what comes out."""
    settings = msgspec.structs.replace(SETTINGS, **changed)
    monitor = Monitor(settings, None, decoders(settings.decode), NOW, label_key=b"k" * 16)
    with receiving() as collector:
        out = Out(monitor, folder, collector.at("logs").removesuffix("/v1/logs"))
        for at in range(0, len(exchanges), BATCH):
            out.worker.exchanges(exchanges[at : at + BATCH])
            out.worker.tick()
        texts = [*out.everything(), *map(str, collector.logs), *map(str, collector.metrics)]
    assert len(texts) >= 11
    for secret in planted:
        written = {secret, json.dumps(secret)[1:-1], secret.encode("unicode_escape").decode()}
        assert not [text for text in texts if any(form in text for form in written)], secret
    return out


@pytest.mark.slow
@pytest.mark.parametrize("example", FORMS.values(), ids=FORMS)
def test_no_secret_that_is_a_value_gets_out(example: Example, tmp_path: Path) -> None:
    secrets = list(TEXTS.values())
    learned = 0
    for at, secret in enumerate(secrets):
        planted = (secret, secrets[at - 1])
        out = read_through(stream(with_text, example, *planted, HARMLESS_WORDS), tmp_path, planted)
        learned += out.monitor.reference is not None
    assert learned == len(secrets) > 30


@pytest.mark.slow
@each_decoder
def test_no_secret_that_is_a_name_gets_out(made: Any, tmp_path: Path) -> None:
    forms = [one for one in made.examples if with_names(one, "zq") != with_names(one, "zzq")]
    learned = 0
    for example in forms:
        exchanges = [with_names(example, name) for _ in range(10) for secret in NAMES for name in ("plain", secret)]
        learned += read_through(exchanges, tmp_path, NAMES).monitor.reference is not None
    assert learned == len(forms) > 0


@pytest.mark.slow
@pytest.mark.parametrize("example", NUMBERED.values(), ids=NUMBERED)
def test_no_identifier_that_is_a_number_gets_out(example: Example, tmp_path: Path) -> None:
    for at, number in enumerate(NUMBERS):
        planted = (number, NUMBERS[at - 1])
        out = read_through(stream(with_number, example, *planted, ("1.5", "2.5")), tmp_path, planted)
        assert out.monitor.reference is not None


def test_declared_columns_are_learned_whatever_they_are_called(tmp_path: Path) -> None:
    body = b'{"instances": [{"age": 31.5, "email": "%s"}, {"age": 47, "email": "%s"}]}'
    asked = [
        exchange("/v1/models/m:predict", body % (b"a@example.com", b"b@example.com"), b'{"predictions": [1, 0]}')
        for _ in range(100)
    ]
    withheld = read_through(asked, tmp_path, ("email", "a@example.com"))
    declared = read_through(asked, tmp_path, ("a@example.com",), learn=LearnSettings(rows=100, features=("email",)))

    assert names_of(withheld.monitor.reference) == {"age", "prediction"}
    assert withheld.monitor.view().violations["*", "withheld"] == 200
    assert ("*", "extra_feature") not in withheld.monitor.view().violations
    assert names_of(declared.monitor.reference) == {"age", "email", "prediction"}


def test_a_login_or_a_prompt_is_no_inference_with_no_settings_at_all(tmp_path: Path) -> None:
    people = (("alice", "hunter2"), ("bob", "letmein"), ("carol", "qwerty"))
    asked = [
        exchange(path, json.dumps(body | {"password": word}).encode(), b'{"ok": true}')
        for path in ("/login", "/predict", "/", "/api/me")
        for _ in range(20)
        for user, word in people
        for body in ({"username": user}, {"user": user, "age": 31})
    ]
    asked += [exchange("/completion", b'{"prompt": "my ssn is 078-05-1120"}', b'{"content": "ok"}') for _ in range(200)]
    out = read_through(asked, tmp_path, ("hunter2", "letmein", "alice", "078-05-1120"))

    decoded = out.monitor.view().decoded
    assert out.monitor.reference is None
    assert set(decoded) == {("none", "no_decoder"), ("generic_json", "not_inference")}
    assert sum(decoded.values()) == len(asked)


@pytest.mark.parametrize(
    ("path", "asked", "answered"),
    [
        ("/predict", {"data": [[31, 0.5], [47, 1.5]]}, {"result": [6, 15]}),
        ("/predict", {"age": 31, "country": "NL"}, {"species": "setosa"}),
        ("/score", [[1.5, 2.5]], [0.25]),
        ("/invoke", {"input": {"a": 1, "b": 2}}, {"label": "yes"}),
        ("/classify", {"input_data": [[5.1, 3.5, 1.4, 0.2]]}, [0]),
        ("/", {"rooms": 3, "surface": 80.5}, {"price": 250000.0}),
        ("/api/v1/houses", {"features": [3, 80.5]}, {"prediction": 250000.0}),
        ("/orders/score", {"amount": 3.5, "items": 2}, {"score": 0.5}),
        (
            "/models/churn",
            {"inputs": ["good", "bad"]},
            [{"label": "pos", "score": 0.9}, {"label": "neg", "score": 0.8}],
        ),
    ],
)
def test_rows_that_are_answered_with_predictions_are_an_inference(path: str, asked: Any, answered: Any) -> None:
    assert decoded(path, asked, answered) == {("generic_json", "ok"): 2}


@pytest.mark.parametrize(
    ("path", "asked", "answered", "status"),
    [
        ("/users", {"age": 31}, {"score": 1}, 200),
        ("/auth/score", {"age": 31}, {"score": 1}, 200),
        ("/v1/search", {"age": 31}, {"score": 1}, 200),
        ("/graphql", {"age": 31}, {"score": 1}, 200),
        ("/auth", {"age": 31}, {"detail": "no"}, 422),
        ("/predict", {"age": 31, "password": "x"}, {"detail": "no"}, 422),
        ("/predict", {"age": 31, "api_key": "x"}, {"score": 1}, 200),
        ("/things", {"name": "bob", "city": "x"}, {"result": "ok"}, 200),
        ("/things", {"size": 3}, {"id": 17}, 200),
        ("/things", {"size": 3}, {"ok": True}, 200),
        ("/things", {"data": [[1], [2], [3]]}, {"scores": [1, 2]}, 200),
        ("/things", {"name": "bob"}, {"score": 1.5}, 200),
    ],
)
def test_what_reads_otherwise_is_counted_and_not_learned(path: str, asked: Any, answered: Any, status: int) -> None:
    found = decoded(path, asked, answered, status)

    assert set(found) <= {("none", "no_decoder"), ("generic_json", "not_inference")}
    assert sum(found.values()) == 1


def test_a_declared_path_is_read_whatever_it_is_called() -> None:
    assert decoded("/users", {"age": 31}, {"ok": True}, declared="/users") == {("generic_json", "ok"): 2}


def test_a_labelled_reference_that_is_read_again_watches_only_what_is_missing(tmp_path: Path) -> None:
    asked = [
        with_text(next(e for e in DECODERS[0].examples if e.inputs.names), f"zq{at}@example.com") for at in range(100)
    ]
    out = read_through(asked, tmp_path, ("zq1@example.com",))
    assert out.monitor.reference is not None
    save_reference(out.monitor.reference, str(tmp_path / "again.json"))
    again = Monitor(SETTINGS, loads((tmp_path / "again.json").read_bytes()), decoders(SETTINGS.decode), NOW)
    events = [event for one in asked for event in again.feed(one, NOW)]

    assert not [event for event in events if type(event).__name__ == "VerdictChanged"]


def decoded(path: str, asked: Any, answered: Any, status: int = 200, declared: str = "") -> dict[tuple[str, str], int]:
    settings = DecodeSettings(paths=(declared,) if declared else ())
    monitor = Monitor(msgspec.structs.replace(SETTINGS, decode=settings), None, decoders(settings), NOW)
    one = exchange(path, json.dumps(asked).encode(), json.dumps(answered).encode())
    monitor.feed(msgspec.structs.replace(one, status=status), NOW)
    return dict(monitor.view().decoded)


def names_of(profile: Profile | None) -> set[str]:
    return {name for side in profile.sides.values() for name in side.names} if profile else set()

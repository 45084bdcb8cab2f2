"""Nothing that looks like a secret gets from a path, a query or a tensor's name to anything that the sidecar shows or writes.

Beside `test_consent`, which plants in payloads: here the secrets stand in the paths of every decoder's examples, and in the names
and types of tensors that cannot be read, of which the drift log complains.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from harness.collector import attributes, receiving
from harness.observed import TRACE
from harness.secrets_planted import HARMLESS, NAMES, TEXTS
from harness.wire import exchange
from sidecar.core.reading.capture import dumps, loads
from sidecar.core.reading.decoder import Example
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.paths import shown_path
from sidecar.core.watching.event_lines import event_line
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.events import ExchangeSeen
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.lookalikes import NAMES_OF_THINGS, kind_of_text
from sidecar.settings import Settings, TraceSettings
from sidecar.sinks.otlp import make
from tests.laws.test_consent import FORMS, NOW, SETTINGS, as_exchange, read_through

CONTROLS = ("\x1b[2J", "\x07", "\x85", "\x00")
LONG = tuple(f"{'first.middle.'}{at}.last.of.a.long.name.indeed@example.com" for at in "ab")
"""An address that is none any more where it is cut to 20 or 40 characters."""
each_form = pytest.mark.parametrize("example", FORMS.values(), ids=FORMS)


def encoded(text: str, times: int = 1) -> str:
    return encoded(quote(text, safe=""), times - 1) if times else text


def asked_at(example: Example, path: str) -> Exchange:
    one = as_exchange(example, example.request, example.response)
    return msgspec.structs.replace(one, target=path, route="other", trace=TRACE)


def planted(example: Example) -> Iterator[Exchange]:
    """The secrets as a segment, as what a verb follows, as values of a query, and in an absolute URL."""
    for text in TEXTS.values():
        for times in (1, 2, 3):
            segment = encoded(text, times)
            query = f"?user={segment}&{segment}=1#{segment}"
            yield asked_at(example, f"/tenants/{segment}{example.path}{query}")
            yield asked_at(example, f"http://{segment}:{segment}@host/{segment}:score{example.path}{query}")


def written(texts: dict[str, str]) -> set[str]:
    return {form for text in texts.values() for times in range(4) for form in (encoded(text, times),)}


def captured(one: Exchange) -> str:
    """A capture's line without its bodies, which are captured since that was asked for."""
    line = json.loads(dumps(one))
    return json.dumps({key: value for key, value in line.items() if key not in {"request", "response"}})


def spans_of(exchanges: list[Exchange]) -> list[dict[str, Any]]:
    """Attributes of the spans, and their names."""
    with receiving() as collector:
        sink = make(Settings(trace=TraceSettings(endpoint=collector.url)))
        for one in exchanges:
            sink.handle(ExchangeSeen(one, 0))
        sink.flush()
        return [{**attributes(span), "name": span.name} for span in collector.spans]


@each_form
def test_no_secret_in_a_path_or_query_gets_out(example: Example, tmp_path: Path) -> None:
    exchanges = list(planted(example))
    read_through(exchanges, tmp_path, sorted(written(TEXTS)))
    spans, lines = list(map(str, spans_of(exchanges))), list(map(captured, exchanges))

    assert len(spans) == len(lines) == len(exchanges) == 6 * len(TEXTS)
    for secret in written(TEXTS):
        assert not [text for text in (*spans, *lines) if secret in text], secret


@each_form
def test_a_capture_whose_path_lost_a_secret_decodes_as_before(example: Example) -> None:
    before = asked_at(example, f"/tenants/{encoded(TEXTS['email'])}{example.path}")
    after = loads(dumps(before))

    assert after.target == f"/tenants/***{example.path}"
    assert results(after) == results(before)


def results(one: Exchange) -> dict[tuple[str, str], int]:
    monitor = Monitor(SETTINGS, None, decoders(SETTINGS.decode), NOW)
    monitor.feed(one, NOW)
    return dict(monitor.view().decoded)


@pytest.mark.parametrize("text", [text for text in TEXTS.values() if kind_of_text(text) not in NAMES_OF_THINGS])
def test_the_name_of_a_model_is_hidden_where_it_is_a_secret(text: str) -> None:
    assert shown_path(f"/v1/models/{encoded(text)}:predict") == "/v1/models/***:predict"
    assert shown_path(f"/v2/models/{encoded(text)}/infer") == "/v2/models/***/infer"


@pytest.mark.parametrize("word", [*HARMLESS, *FORMS, "2024-01-01"])
def test_words_dates_and_versions_of_models_are_shown(word: str) -> None:
    path = f"/v2/models/{encoded(word)}/versions/20240101/infer"
    assert shown_path(path) == path


@pytest.mark.parametrize("sign", CONTROLS)
def test_no_control_character_gets_into_a_capture_or_a_span(sign: str) -> None:
    one = msgspec.structs.replace(exchange("/a", b"{}"), target=f"/a{sign}b/c", route="other", trace=TRACE)
    head = one.request.head.replace(b"Host: m", b"Host: m" + sign.encode("latin-1") + b"n")
    one = msgspec.structs.replace(one, request=msgspec.structs.replace(one.request, head=head))

    assert json.loads(captured(one))["path"].isprintable()
    values = [str(value) for span in spans_of([one]) for value in span.values()]
    assert len(values) > 5
    assert all(map(str.isprintable, values))


def broken(name: str) -> list[dict[str, Any]]:
    """Tensors of which each is refused for another reason."""
    right = {"name": name, "shape": [2], "datatype": "FP64", "data": [1.5, 2.5]}
    return [
        {**right, "shape": "none"},
        {**right, "shape": [3]},
        {"name": name, "shape": [2], "datatype": "FP64"},
        {"name": name, "shape": [2], "datatype": "FP64", "parameters": {"binary_data_size": 99}},
        {**right, "data": [{"a": 1}, 2.5]},
        {"name": "x", "shape": [2], "datatype": name, "parameters": {"binary_data_size": 0}},
    ]


@pytest.mark.parametrize("name", [*NAMES, *TEXTS.values(), *LONG])
def test_no_tensor_that_cannot_be_read_is_named_by_a_secret(name: str) -> None:
    for tensor in broken(name):
        monitor = Monitor(SETTINGS, None, decoders(SETTINGS.decode), NOW)
        events = monitor.feed(exchange("/v2/models/m/infer", json.dumps({"inputs": [tensor]}).encode()), NOW)
        lines = [str(event_line(event)) for event in events]
        assert lines, tensor
        assert not [line for line in lines if name[:16] in line], lines

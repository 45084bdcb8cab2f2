"""Messages that once lost all their features, or were read as something else: each is read as the rows that were meant.

A file begins with a line that names method, path and content type.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.wire import exchange
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.intake import Intake
from sidecar.core.words.events import DecodeFailed
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame
from sidecar.settings import DecodeSettings

PAYLOADS = Path(__file__).parents[2] / "data" / "payloads"
NESTED = ("age", "income", "kids", "flag", "city", "meta.src")
AGE = ("age", "income")
ONE = b'{"predictions": [1]}'
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def read(asked: Exchange) -> tuple[list[Frame], Intake]:
    settings = DecodeSettings()
    intake = Intake(settings, decoders(settings))
    failures: list[DecodeFailed] = []
    reading = intake.read(asked, 0.0, failures)
    return reading.frames if reading else [], intake


def sent(path: str, content_type: str, body: bytes, answer: bytes = ONE) -> Exchange:
    return exchange(path, body, answer, content_type.encode())


@pytest.mark.parametrize(
    ("name", "names", "values"),
    [
        ("one_nested_poisons_row", NESTED, [30, 50.5, 1, True, "Ulm", "app"]),
        ("features_wrapper", None, [20, 50, 1, True, "Ulm"]),
        ("jsonlines", AGE, [20, 50, 30, 40]),
        ("legacy_split", AGE, [20, 50]),
        ("seldon_tensor", AGE, [20, 50]),
    ],
)
def test_a_payload_that_was_lost_is_read(name: str, names: Any, values: list[Any]) -> None:
    head, _, body = (PAYLOADS / f"{name}.bin").read_bytes().partition(b"\n")
    _, _, path, _, content_type = head.decode().split(" ", 4)

    frames, _ = read(sent(path, content_type.removesuffix(" {}"), body))

    assert (frames[0].names, frames[0].values, frames[0].lost) == (names, values, None)


SPLIT = b'{"columns": ["age", "income"], "index": [0], "data": [[20, 50]]}'


@pytest.mark.parametrize(
    ("path", "content_type", "body", "names", "values"),
    [
        ("/score", JSON, b'{"input_data": %s, "params": {"x": 1}}' % SPLIT, AGE, [20, 50]),
        ("/invocations", JSON, b'{"input_data": %s}' % SPLIT, AGE, [20, 50]),
        ("/serving-endpoints/m/invocations", JSON, b'{"dataframe_split": %s, "params": {"x": 1}}' % SPLIT, AGE, [20, 50]),
        ("/predict", JSON, b'{"dataframe_split": %s}' % SPLIT, AGE, [20, 50]),
        ("/predict", JSON, SPLIT, AGE, [20, 50]),
        ("/invocations", f"{JSON}; format=pandas-records", b'[{"age": 20, "income": 50}]', AGE, [20, 50]),
        ("/predict", JSON, b'{"instances": [{"age": 20, "income": 50}], "parameters": {"t": 0.5}}', AGE, [20, 50]),
        ("/predict", JSON, b'{"instances": [1, 2], "parameters": {"t": 0.5}}', ("value",), [1, 2]),
        ("/predict", JSON, b'{"inputs": ["a", "b"]}', ("value",), ["a", "b"]),
        ("/predict", JSON, b'{"inputs": "a", "parameters": {"top_k": 1}}', ("value",), ["a"]),
        ("/invocations", JSON, b'{"inputs": "a"}', ("value",), ["a"]),
        ("/v1/models/m:predict", JSON, b'{"inputs": "a"}', ("value",), ["a"]),
        ("/predict", JSON, b'{"features": ["a", "b"]}', None, ["a", "b"]),
        ("/predict", JSON, b'{"feat": {"age": 31}, "flag": false}', ("feat.age", "flag"), [31, False]),
        ("/predict", JSON, b'{"data": {"tensor": {"shape": [1, 2], "values": [20, 50]}}}', None, [20, 50]),
        ("/predict", FORM, b'json={"data":{"names":["age","income"],"ndarray":[20,50]}}&x=1', AGE, [20, 50]),
        ("/api/v0.1/predictions", JSON, b'{"binData": "AAEC"}', ("value.bytes",), [3]),
        ("/score", "application/x-ndjson", b'{"age": 20, "income": 50}', AGE, [20, 50]),
        ("/score", "application/JSONL; charset=utf-8", b'[20, 50]', None, [20, 50]),
    ],
)  # fmt: skip
def test_forms_of_servers_and_clients_are_read(
    path: str, content_type: str, body: bytes, names: Any, values: Any
) -> None:
    frames, _ = read(sent(path, content_type, body))

    assert (frames[0].names, frames[0].values, frames[0].lost) == (names, values, None)


def test_a_broken_line_costs_its_row_and_is_told_by_its_number() -> None:
    body = b'{"age": 20}\n{"age": 3\n\n{"age": 40}\nnull\n'

    frames, intake = read(sent("/invocations", "application/jsonl", body))

    assert frames[0].values == [20, 40]
    assert frames[0].lost
    assert (frames[0].lost.rows, frames[0].lost.first) == (2, "row 1: no JSON")
    assert intake.results["json_lines", "partial"] == 1


def test_lines_of_which_none_is_json_are_refused() -> None:
    frames, intake = read(sent("/invocations", "application/jsonl", b"{\n}}\n"))

    assert len(frames) == 1
    assert intake.results["json_lines", "syntax"] == 1


def test_lines_of_csv_with_other_numbers_of_cells_cost_themselves() -> None:
    frames, intake = read(sent("/invocations", "text/csv", b"0.5,1.5\n2.5\n3.5,4.5\n"))

    assert (len(frames[0].values), frames[0].rows) == (4, 2)
    assert frames[0].lost
    assert (frames[0].lost.rows, frames[0].lost.first) == (1, "row 1: not 2 cells")
    assert intake.results["csv", "partial"] == 1


def test_probabilities_for_one_row_are_one_row_and_for_several_rows_several() -> None:
    answer = b'{"predictions": [0.25, 0.75]}'

    one, _ = read(sent("/invocations", JSON, b'{"instances": [[1, 2]]}', answer))
    two, _ = read(sent("/invocations", JSON, b'{"instances": [[1, 2], [3, 4]]}', answer))

    assert (one[1].rows, one[1].width) == (1, 5)
    assert (two[1].rows, two[1].names) == (2, ("prediction",))

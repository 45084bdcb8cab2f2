"""The forms of MLflow's scoring server; `test_forms` has that all of them read the same table."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from harness.wire import exchange
from sidecar.core.reading.decoders.mlflow_json import MlflowJson
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

DECODER = MlflowJson(DecodeSettings())


def asked(document: Any) -> Frame:
    body = orjson.dumps(document)
    return DECODER.request(exchange("/invocations", body), body)


def answered(document: Any) -> Frame:
    body = orjson.dumps(document)
    return DECODER.response(exchange("/invocations", b"{}", body), body)


@pytest.mark.parametrize(
    ("path", "method", "sure"),
    [
        ("/invocations", "POST", True),
        ("/models/a/invocations", "POST", True),
        ("/invocations", "GET", False),
        ("/invocations/1", "POST", False),
    ],
)
def test_it_is_sure_of_its_path_and_less_than_csv_by_its_content_type(path: str, method: str, sure: bool) -> None:
    assert DECODER.priority(exchange(path, b"{}", method=method)) == (0.8 if sure else 0.0)


def test_a_split_frame_has_the_names_of_its_columns() -> None:
    frame = asked({"dataframe_split": {"columns": ["a", 7], "index": [0, 1], "data": [[1, "x"], [2, None]]}})

    assert (frame.side, frame.names, frame.rows) == (Side.INPUT, ("a", "7"), 2)
    assert list(frame.values) == [1, "x", 2, None]


def test_a_split_frame_without_columns_is_a_bare_matrix() -> None:
    assert asked({"dataframe_split": {"data": [[1, 2]]}}).names is None


@pytest.mark.parametrize("key", ["dataframe_records", "instances", "inputs"])
def test_rows_and_columns_may_stand_under_any_of_the_other_keys(key: str) -> None:
    rows = asked({key: [{"a": 1, "b": 2}, {"a": 3, "b": 4}]})
    columns = asked({key: {"a": [1, 3], "b": [2, 4]}})

    assert rows.names == columns.names == ("a", "b")
    assert list(rows.values) == list(columns.values) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("document", "names", "values"),
    [
        ({"predictions": [0.5, 0.25]}, ("prediction",), [0.5, 0.25]),
        ([0.5, 0.25], ("prediction",), [0.5, 0.25]),
        ({"predictions": [{"p": 1, "q": 2}]}, ("p", "q"), [1, 2]),
        ({"predictions": {"p": [1, 2]}}, ("p",), [1, 2]),
        ({"p": [1, 2]}, ("p",), [1, 2]),
    ],
    ids=["list", "bare list", "rows", "columns", "bare columns"],
)
def test_predictions_are_read_in_every_form(document: Any, names: tuple[str, ...], values: list[float]) -> None:
    frame = answered(document)

    assert (frame.side, frame.names, list(frame.values)) == (Side.OUTPUT, names, values)


@pytest.mark.parametrize(
    "document",
    [
        {"rows": [[1]]},
        {"dataframe_split": {"columns": ["a"]}},
        {"dataframe_split": [[1]]},
        {"dataframe_split": {"columns": "a", "data": [[1]]}},
    ],
    ids=["no known key", "no data", "no object", "columns that are no list"],
)
def test_another_structure_is_refused_as_such(document: Any) -> None:
    with pytest.raises(DecodeError) as caught:
        asked(document)

    assert caught.value.reason == "structure"

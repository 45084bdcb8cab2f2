"""What real clients sent to real servers decodes to the rows they meant."""

from __future__ import annotations

from typing import Any

import pytest

from harness.wire import recorded
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.payload import payload
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame
from sidecar.errors import DecodeError
from sidecar.settings import Settings

LIMIT = 1 << 24
DECODERS = decoders(Settings().decode)
IRIS = [0.1, 0.2, 0.3, 0.4, -1.0, -2.0, 0.5, 0.6]
ABCD = ("a", "b", "c", "d")
ONE = ("prediction",)

CASES: list[tuple[str, str, tuple[str, ...] | None, list[Any], tuple[str, ...] | None, list[Any]]] = [
    ("mlserver_v2_json", "v2_json", None, IRIS, ("predict",), [1, 0]),
    ("mlserver_v2_json_nested", "v2_json", None, IRIS, ("predict",), [1, 0]),
    ("mlserver_v2_pd", "v2_json", ABCD, IRIS, ("predict",), [1, 0]),
    ("kserve_v2_json", "v2_json", None, IRIS, ("output-0",), [1, 0]),
    ("kserve_triton_http_binin_binout", "v2_json", None, IRIS, ("output-0",), [1, 0]),
    ("kserve_v1", "v1_json", None, IRIS, ONE, [1, 0]),
    ("mlflow_records", "mlflow_json", ABCD, IRIS, ONE, [1, 0]),
    ("mlflow_split", "mlflow_json", ABCD, IRIS, ONE, [1, 0]),
    ("mlflow_inputs_named", "mlflow_json", ABCD, IRIS, ONE, [1, 0]),
    ("mlflow_np_inputs", "mlflow_json", None, IRIS, ONE, [1, 0]),
    ("mlflow_np_instances", "mlflow_json", None, IRIS, ONE, [1, 0]),
    ("mlflow_csv", "csv", ABCD, [*map(str, IRIS)], ONE, [1, 0]),
    ("azml_score", "generic_json", None, [1, 2, 3, 4, 5, 6], ONE, [6, 15]),
    ("seldon_ndarray", "seldon", ("a", "b", "c"), [0.1, 0.2, 0.3, 1.0, 2.0, 3.0], ("p0", "p1"), [0.1, 0.2, 1.0, 2.0]),
    ("seldon_form", "generic_json", None, [1, 2, 3], ("p0", "p1"), [1, 2]),
    ("seldon_jsondata", "seldon", ("age", "country"), [31, "NL"], ("age", "country"), [31, "NL"]),
    ("seldon_strdata", "generic_json", ("value",), ["hello"], ONE, ["hello"]),
    ("litserve_plain", "generic_json", None, [1.0, 2.0], ONE, [2.0, 4.0]),
    ("ray_plain", "generic_json", None, [1.0, 2.0], ONE, [2.0, 4.0]),
]  # fmt: skip


def first_post(name: str) -> Exchange:
    return next(exchange for exchange in recorded(name) if exchange.method == "POST")


def chosen(exchange: Exchange) -> Any:
    return max(DECODERS, key=lambda decoder: decoder.priority(exchange))


@pytest.mark.parametrize(("name", "decoder", "names", "inputs", "output_names", "outputs"), CASES)
def test_a_recorded_exchange_decodes_to_the_rows_that_were_meant(
    name: str,
    decoder: str,
    names: tuple[str, ...] | None,
    inputs: list[Any],
    output_names: tuple[str, ...] | None,
    outputs: list[Any],
) -> None:
    exchange = first_post(name)
    reader = chosen(exchange)

    assert reader.name == decoder
    assert_frame(reader.request(exchange, payload(exchange.request, LIMIT)), names, inputs)
    assert_frame(reader.response(exchange, payload(exchange.response, LIMIT)), output_names, outputs)


def assert_frame(frame: Frame, names: tuple[str, ...] | None, values: list[Any]) -> None:
    assert frame.names == names
    assert frame.rows * frame.width == len(values)
    came = list(frame.values)
    assert came == (values if any(isinstance(value, str) for value in values) else pytest.approx(values))


def test_a_gzipped_request_is_read_through_its_compression() -> None:
    exchange = first_post("kserve_triton_http_gzip_bin")

    frame = chosen(exchange).request(exchange, payload(exchange.request, LIMIT))

    assert_frame(frame, None, IRIS)


def test_strings_and_numbers_side_by_side_keep_their_columns() -> None:
    exchange = first_post("kserve_multi_bytes_json")

    frame = chosen(exchange).request(exchange, payload(exchange.request, LIMIT))

    assert frame.names == ("age", "country", "score")
    assert list(frame.values) == [31, "NL", 0.5, 47, "dé", 1.5]


@pytest.mark.parametrize("name", ["seldon_feedback", "seldon_feedback2"])
def test_feedback_is_no_input_and_nobody_claims_it(name: str) -> None:
    exchange = first_post(name)

    assert chosen(exchange).priority(exchange) == 0


@pytest.mark.parametrize("name", ["openai_litserve_chat", "openai_litserve_chat_stream"])
def test_a_chat_completion_is_no_table_and_nobody_claims_it(name: str) -> None:
    exchange = first_post(name)

    assert chosen(exchange).priority(exchange) == 0


def test_an_event_stream_is_refused_as_unsupported() -> None:
    exchange = first_post("bento_stream")

    with pytest.raises(DecodeError) as caught:
        chosen(exchange).response(exchange, payload(exchange.response, LIMIT))

    assert caught.value.reason == "unsupported"

"""Laws that every decoder keeps, whatever the bytes."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire import DATA, exchange, recorded
from sidecar.core.reading.decoder import Decoder
from sidecar.core.reading.decoders import decoders
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

SETTINGS = DecodeSettings(max_rows=50, max_features=20)
ALL = decoders(SETTINGS)
BEYOND_SMALL = b" " * 5000
"""Blanks that make a body long: some decoders read long ones in another way."""
laws = settings(deadline=None, derandomize=True)
halves = st.text(st.characters(categories=["Cs", "Lu"]), max_size=3)  # of surrogate pairs, as JSON can spell them
huge = st.integers(1, 6000).map(lambda digits: 10 ** min(digits, 4000))
scalars = st.none() | st.booleans() | st.integers() | huge | st.floats() | st.text(max_size=5) | halves
keys = st.sampled_from(
    ["inputs", "outputs", "instances", "predictions", "data", "shape", "name", "datatype", "parameters", "columns",
     "dataframe_split", "dataframe_records", "names", "ndarray", "x"]
)  # fmt: skip
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
)
recordings = sorted({path.name.split(".")[0] for path in DATA.glob("*.bin")})
bodies = [x.request.body for name in recordings for x in recorded(name) if x.request.body]


def read_all(decoder: Decoder, body: bytes, headers: bytes = b"") -> list[Frame]:
    """Both directions, short and long; a DecodeError is an answer too."""
    frames = []
    for one in (body, body + BEYOND_SMALL):
        asked = exchange("/v2/models/m/infer", one, one, headers=headers)
        for read in (decoder.request, decoder.response):
            with contextlib.suppress(DecodeError):  # which knows no reason but those of its list
                frames.append(read(asked, one))
    return frames


def assert_sound(frame: Frame) -> None:
    values = list(frame.values)
    assert len(values) == frame.rows * frame.width
    assert frame.names is None or len(frame.names) == frame.width
    assert frame.rows <= SETTINGS.max_rows
    assert (0 if frame.vectors else 1) <= frame.width <= SETTINGS.max_features
    for name, rows in (frame.vectors or {}).items():
        assert rows.shape[0] == frame.rows
        assert rows.dtype.kind in "fiub"
        name.encode()
    assert all(isinstance(value, float | int | bool | str | None) for value in values)
    for text in (*(frame.names or ()), *map(str, values)):
        text.encode()  # what was read can be written again: in a log, in a reference


@pytest.mark.parametrize("decoder", ALL, ids=lambda decoder: decoder.name)
@laws
@given(body=st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_decode_errors(decoder: Decoder, body: bytes) -> None:
    for frame in read_all(decoder, body):
        assert_sound(frame)


@pytest.mark.parametrize("decoder", ALL, ids=lambda decoder: decoder.name)
@laws
@given(document=documents)
def test_arbitrary_json_gives_a_sound_frame_or_a_decode_error(decoder: Decoder, document: Any) -> None:
    for frame in read_all(decoder, json.dumps(document).encode()):
        assert_sound(frame)


@pytest.mark.parametrize("decoder", ALL, ids=lambda decoder: decoder.name)
@laws
@given(body=st.sampled_from(bodies), at=st.integers(0, 500), to=st.binary(max_size=3), length=st.integers(-5, 300))
def test_a_mutated_recording_gives_a_sound_frame_or_a_decode_error(
    decoder: Decoder, body: bytes, at: int, to: bytes, length: int
) -> None:
    header = b"Inference-Header-Content-Length: %d\r\n" % length
    for frame in read_all(decoder, body[:at] + to + body[at + len(to) :], header):
        assert_sound(frame)


@pytest.mark.parametrize("decoder", ALL, ids=lambda decoder: decoder.name)
@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"inputs":' * 50_000, b"[[[[[[[[[[1]]]]]]]]]]", b"\xff\xfe[\x001\x00]\x00"]
)
def test_hostile_nesting_and_encodings_do_not_escape(decoder: Decoder, body: bytes) -> None:
    for frame in read_all(decoder, body):
        assert_sound(frame)


@pytest.mark.parametrize("decoder", ALL, ids=lambda decoder: decoder.name)
def test_more_rows_than_allowed_are_refused(decoder: Decoder) -> None:
    rows = [[1.0, 2.0]] * (SETTINGS.max_rows + 1)
    flat = {"name": "x", "shape": [len(rows), 2], "datatype": "FP64", "data": rows}
    documents = {
        "v2_json": json.dumps({"inputs": [flat]}).encode(),
        "csv": b"\n".join(b"1,2" for _ in rows),
    }
    body = documents.get(decoder.name, json.dumps({"instances": rows}).encode())

    with pytest.raises(DecodeError) as caught:
        decoder.request(exchange("/x", body), body)

    assert caught.value.reason == "too_large"


@pytest.mark.parametrize("decoder", ALL, ids=lambda decoder: decoder.name)
def test_only_a_request_that_carries_data_is_claimed(decoder: Decoder) -> None:
    for path in ("/v2/models/m/infer", "/v1/models/m:predict", "/invocations", "/predict"):
        assert decoder.priority(exchange(path, b"", method="GET")) == 0


def test_names_are_unique() -> None:
    assert len({decoder.name for decoder in ALL}) == len(ALL)


def test_the_sides_are_told_apart() -> None:
    (v2,) = (decoder for decoder in ALL if decoder.name == "v2_json")
    body = b'{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]}]}'

    assert v2.request(exchange("/v2/models/m/infer", body), body).side is Side.INPUT

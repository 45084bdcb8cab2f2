"""Laws that every decoder keeps, whatever the bytes. What varies between protocols, its examples say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.fuzz.frames import assert_sound
from harness.wire import DATA, exchange, recorded
from sidecar.core.reading.decoder import Decoder, Example, Table
from sidecar.core.reading.decoders import decoders
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.proxy.route import KNOWN
from sidecar.settings import DecodeSettings
from tests.laws.spoken import Spoken

SETTINGS = DecodeSettings(max_rows=50, max_features=20)
ALL = decoders(SETTINGS)
BEYOND_SMALL = b" " * 5000
"""Blanks that make a body long: some decoders read long ones in another way."""
READ, REFUSED = 0.25, 0.25
"""Of mutated examples at least so many are read, and so many refused or read but in part, else the laws say nothing."""
DIGITS = [b"%d" % digit for digit in range(10)]
EXTREMES = (
    b"0", b"-1", b"2147483648", b"9223372036854775808", b"99999999999999999999999999", b"-99999999999999999999999999",
    b"1" + b"0" * 4400, b"1.5", b"1e400", b'"2"', b"true", b"null", b"NaN", b"[2]", b'{"a": {}}',
)  # fmt: skip
DROPPED, TWICE = object(), object()
"""What may become of a value, beside being replaced."""
each_decoder = pytest.mark.parametrize("decoder", ALL, ids=lambda decoder: decoder.name)
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


def as_exchange(example: Example) -> Exchange:
    return exchange(example.path, example.request, example.response, example.content_type, example.headers)


def outcomes(decoder: Decoder, asked: Exchange) -> Iterator[tuple[bytes, Frame | DecodeError]]:
    """Each body with what came of it, in both directions, short and long. A DecodeError knows no reason but those of its list."""
    for padding in (b"", BEYOND_SMALL):
        for read, body in ((decoder.request, asked.request.body), (decoder.response, asked.response.body)):
            try:
                yield body, read(asked, body + padding)
            except DecodeError as error:
                yield body, error


def check_sound(decoder: Decoder, asked: Exchange, spoken: Spoken) -> None:
    """What is an example's own body has no part in how often the law spoke: any decoder may know those by heart."""
    known = {body for example in decoder.examples for body in (example.request, example.response)}
    for body, found in outcomes(decoder, asked):
        if body not in known:
            spoken.add("read" if isinstance(found, Frame) and found.lost is None else "refused")
        if isinstance(found, Frame):
            assert_sound(found, SETTINGS)


def assert_read_as(frame: Frame, side: Side, table: Table) -> None:
    """The table that was meant; a truth stays a truth, and a word a word."""
    flat = [value for row in table.rows for value in row]
    came = list(frame.values)
    assert (frame.side, frame.names, frame.rows, frame.vectors) == (side, table.names, len(table.rows), None)
    assert came == flat
    assert [type(value) in (bool, str) for value in came] == [type(value) in (bool, str) for value in flat]


def check_examples(decoder: Decoder) -> None:
    assert len(decoder.examples) > 1
    for example in decoder.examples:
        asked = as_exchange(example)
        for padding in (b"", BEYOND_SMALL):
            assert_read_as(decoder.request(asked, example.request + padding), Side.INPUT, example.inputs)
            assert_read_as(decoder.response(asked, example.response + padding), Side.OUTPUT, example.outputs)


def check_sizes(decoder: Decoder, most_rows: int, most_columns: int) -> None:
    """What is just allowed is read, and one row more is refused; one column more is too, or stays whole as a vector."""
    for rows, width in ((1, 2), (most_rows, 2), (3, most_columns)):
        example = decoder.sized(rows, width)
        asked = as_exchange(example)
        assert (len(example.inputs.rows), len(example.outputs.rows)) == (rows, rows)
        assert_read_as(decoder.request(asked, example.request), Side.INPUT, example.inputs)
        assert_read_as(decoder.response(asked, example.response), Side.OUTPUT, example.outputs)
    for _, found in outcomes(decoder, as_exchange(decoder.sized(most_rows + 1, 2))):
        assert isinstance(found, DecodeError)
        assert found.reason == "too_large"
    for width in (most_columns + 1, 2000):
        for _, found in list(outcomes(decoder, as_exchange(decoder.sized(3, width))))[
            ::2
        ]:  # requests; answers are narrow
            if isinstance(found, DecodeError):
                assert found.reason == "too_large"
            else:
                assert [rows.shape for rows in (found.vectors or {}).values()] == [(3, width)]


def check_claims(decoder: Decoder, others: Sequence[Decoder]) -> None:
    """Its own examples, and requests to its routes, with data alone; and no other decoder is surer."""
    for example in decoder.examples:
        asked = as_exchange(example)
        assert max(others, key=lambda one: one.priority(asked)) is decoder
        assert 0 < decoder.priority(asked) <= 1
        assert decoder.priority(exchange(example.path, b"", method="GET")) == 0
    for route in decoder.routes:
        assert route in KNOWN
        path = re.sub(r"\{\w+\}", "m", route)
        assert decoder.priority(exchange(path, b"", content_type=decoder.examples[0].content_type)) > 0


@st.composite
def mutated(draw: st.DrawFn, decoder: Decoder) -> Exchange:
    """An example of the decoder with something else in it, on either side."""
    example = draw(st.sampled_from(decoder.examples))
    request, response = (draw(mutations(body)) for body in (example.request, example.response))
    return exchange(example.path, request, response, example.content_type, example.headers)


def mutations(body: bytes) -> st.SearchStrategy[bytes]:
    """JSON gets another cell or another value somewhere, or loses one; any bytes get others in their midst, or another digit."""
    anywhere = st.builds(
        lambda at, to, skip: body[:at] + to + body[at + skip :],
        st.integers(0, len(body)), st.binary(max_size=3), st.integers(0, 3),
    )  # fmt: skip
    try:
        found = [container[key] for container, key in places(json.loads(body))]
    except ValueError:
        digits = [match.start() for match in re.finditer(rb"\d", body)]
        another = st.builds(
            lambda at, to: body[:at] + to + body[at + 1 :], st.sampled_from(digits), st.sampled_from(DIGITS)
        )
        return another | anywhere
    cells = [at for at, value in enumerate(found) if not isinstance(value, dict | list)]

    def at_one_of(where: Sequence[int], values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
        return st.builds(
            lambda at, to: json.dumps(changed(json.loads(body), at, to)).encode(), st.sampled_from(where), values
        )

    elsewhere = at_one_of(range(len(found)), st.sampled_from([DROPPED, TWICE]) | documents)
    return at_one_of(cells, scalars) | elsewhere | anywhere


def places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Each value within a document, as its container and its key."""
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in list(items):
        yield document, key
        yield from places(value)


def changed(document: Any, at: int, to: Any) -> Any:
    """The document with one value replaced, dropped, or there twice."""
    container, key = list(places(document))[at]
    if to is DROPPED:
        del container[key]
    elif to is TWICE:
        container.update({f"{key}2": container[key]}) if isinstance(container, dict) else container.insert(
            key, container[key]
        )
    else:
        container[key] = to
    return document


def check_numbers(decoder: Decoder) -> None:
    """Any number of an example, be it a size, a shape or a value, may be any other, or none."""
    spoken = Spoken()
    for example in decoder.examples:
        for at in (match.span() for match in re.finditer(rb"(?<![\w.])\d+(?![\w.])", example.request)):
            for other in EXTREMES:
                check_sound(decoder, exchange_with(example, at, other), spoken)
    spoken.assert_at_least(read=0.05)


def exchange_with(example: Example, at: tuple[int, int], other: bytes) -> Exchange:
    """The example with something else in one place on both sides, and a length of the JSON that fits again."""
    start, end = at
    request = example.request[:start] + other + example.request[end:]
    response = re.sub(rb"\d+", lambda found: other, example.response, count=1 + start % 5)
    longer = len(request) - len(example.request)
    headers = re.sub(rb"\d+", lambda found: b"%d" % max(int(found[0]) + longer, 0), example.headers)
    return exchange(example.path, request, response, example.content_type, headers)


def check_mutated(decoder: Decoder, how: settings = laws) -> None:
    spoken = Spoken()

    @how
    @given(asked=mutated(decoder))
    def law(asked: Exchange) -> None:
        check_sound(decoder, asked, spoken)

    law()
    spoken.assert_at_least(read=READ, refused=REFUSED)


@each_decoder
def test_its_own_examples_are_read_as_they_are_meant(decoder: Decoder) -> None:
    check_examples(decoder)


@each_decoder
def test_it_claims_its_own_examples_and_routes_and_only_with_data(decoder: Decoder) -> None:
    check_claims(decoder, ALL)


@each_decoder
def test_what_is_just_allowed_is_read_and_what_is_more_is_refused(decoder: Decoder) -> None:
    check_sizes(decoder, SETTINGS.max_rows, SETTINGS.max_features)


@each_decoder
def test_mutated_examples_give_sound_frames_or_decode_errors_and_often_each(decoder: Decoder) -> None:
    check_mutated(decoder)


@each_decoder
def test_any_number_in_the_place_of_another_gives_sound_frames_or_decode_errors(decoder: Decoder) -> None:
    check_numbers(decoder)


@each_decoder
@laws
@given(body=st.binary(max_size=200) | documents.map(lambda document: json.dumps(document).encode()))
def test_arbitrary_bytes_and_documents_raise_nothing_but_decode_errors(decoder: Decoder, body: bytes) -> None:
    check_sound(decoder, exchange("/v2/models/m/infer", body, body), Spoken())


@each_decoder
@laws
@given(body=st.sampled_from(bodies), at=st.integers(0, 500), to=st.binary(max_size=3), length=st.integers(-5, 300))
def test_a_mutated_recording_of_any_protocol_raises_nothing_but_decode_errors(
    decoder: Decoder, body: bytes, at: int, to: bytes, length: int
) -> None:
    header = b"Inference-Header-Content-Length: %d\r\n" % length
    other = body[:at] + to + body[at + len(to) :]
    check_sound(decoder, exchange("/v2/models/m/infer", other, other, headers=header), Spoken())


@each_decoder
@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"inputs":' * 50_000, b"[[[[[[[[[[1]]]]]]]]]]", b"\xff\xfe[\x001\x00]\x00"]
)
def test_hostile_nesting_and_encodings_do_not_escape(decoder: Decoder, body: bytes) -> None:
    check_sound(decoder, exchange("/v2/models/m/infer", body, body), Spoken())


def test_names_are_unique() -> None:
    assert len({decoder.name for decoder in ALL}) == len(ALL)

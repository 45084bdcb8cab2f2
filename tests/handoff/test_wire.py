"""Frames come out of the wire as they went in, however the bytes are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.http_streams import reads
from harness.observed import snapshot
from sidecar.core.words.exchange import Exchange, Message, Outcome, Trace
from sidecar.core.words.snapshot import Snapshot
from sidecar.handoff.wire import NONE, AckReader, Frame, FrameReader, Hello, acknowledge, encode
from sidecar.settings import Settings

MESSAGES = st.builds(Message, st.binary(max_size=30), st.binary(max_size=300), st.integers(0, 2**60), st.booleans())
EXCHANGES = st.builds(
    Exchange,
    started_ns=st.integers(0, 2**62),
    duration_ns=st.integers(0, 2**62),
    first_byte_ns=st.integers(0, 2**62),
    method=st.sampled_from(["GET", "POST", "_OTHER"]),
    target=st.text(max_size=20),
    route=st.sampled_from(["/", "other"]),
    status=st.integers(0, 999),
    outcome=st.sampled_from(Outcome),
    request=MESSAGES,
    response=MESSAGES,
    trace=st.none() | st.just(Trace("a" * 32, "b" * 16, "", sampled=True)),
)
FRAMES = st.one_of(
    st.just(Hello(Settings(upstream="10.0.0.1:80", reference="r.json"))),
    st.builds(snapshot, st.integers(0, 1000)),
    st.lists(EXCHANGES, max_size=4),
)


@given(st.data())
def test_frames_survive_the_wire_however_it_is_cut(data: st.DataObject) -> None:
    frames = data.draw(st.lists(FRAMES, max_size=4))
    reader = FrameReader()
    came: list[Frame] = []
    for piece in data.draw(reads(b"".join(map(encode, frames)))):
        came += reader.feed(piece)
    assert came == frames
    assert not reader._buffer


def test_a_reader_holds_no_more_than_the_frame_that_is_not_whole() -> None:
    reader = FrameReader()
    frame = encode(snapshot())
    for _ in range(50):
        assert [type(each) for each in reader.feed(bytes(frame + frame[:10]))] == [Snapshot]
        assert list(reader.feed(bytes(frame[10:]))) == [snapshot()]
    assert not reader._buffer


@given(st.data())
def test_acknowledgements_add_up_however_they_are_cut(data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.tuples(*[st.integers(0, 2**20)] * len(NONE)), max_size=10))
    reader = AckReader()
    stream = b"".join(map(acknowledge, counts))
    read = [reader.feed(piece) for piece in data.draw(reads(stream))]
    assert [sum(of) for of in zip(NONE, *read, strict=True)] == [sum(of) for of in zip(NONE, *counts, strict=True)]

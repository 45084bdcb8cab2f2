"""Which decoder reads an exchange, what is read of it, and how often a failure is told."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from harness.observed import TRACE
from harness.wire import exchange
from sidecar.core.reading.decoder import Example
from sidecar.core.reading.intake import COMPLAINT_SECONDS, NOBODY, Intake
from sidecar.core.words.events import DecodeFailed
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.stream import Answered
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

BOTH = [Side.INPUT, Side.OUTPUT]


class Reads:
    """A decoder that reads any body but `bad`, and counts how often its priority was asked for."""

    routes: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()

    def __init__(self, name: str, priority: float, version: str = "") -> None:
        self.name = name
        self.asked = 0
        self._priority = priority
        self._version = version

    @staticmethod
    def sized(rows: int, width: int) -> Example:
        raise NotImplementedError  # nobody asks here

    def priority(self, exchange: Exchange) -> float:
        self.asked += 1
        return self._priority

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        return self._frame(Side.INPUT, payload)

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        return self._frame(Side.OUTPUT, payload)

    def _frame(self, side: Side, payload: bytes) -> Frame:
        if payload == b"bad":
            raise DecodeError("syntax", "bad")
        return Frame(side, ("by",), 1, 1, [self.name], version=self._version if side is Side.OUTPUT else "")


def intake(*decoders: Reads) -> Intake:
    return Intake(DecodeSettings(), decoders)


def frames_of(made: Intake, exchange: Exchange, now: float, failures: list[DecodeFailed]) -> list[Frame]:
    """The frames of an exchange; none where nobody claims it."""
    reading = made.read(exchange, now, failures)
    return reading.frames if reading else []


def sides(frames: Iterable[Frame]) -> list[Side]:
    return [frame.side for frame in frames]


def test_the_surest_decoder_reads_an_exchange_and_of_equals_the_first() -> None:
    made = intake(Reads("unsure", 0.2), Reads("first", 0.7), Reads("second", 0.7))

    frames = frames_of(made, exchange("/x", b"ok", b"ok"), 0.0, [])

    assert [(frame.side, frame.values) for frame in frames] == [(side, ["first"]) for side in BOTH]
    assert made.results == {("first", "ok"): 2}


def test_the_choice_is_remembered_by_the_head() -> None:
    reads = Reads("a", 1.0)
    made = intake(reads)
    asked = []
    for path in ("/x", "/x", "/x", "/y"):
        frames_of(made, exchange(path, b"ok"), 0.0, [])
        asked.append(reads.asked)

    assert asked[0] == asked[1] == asked[2] < asked[3]


def test_heads_that_are_made_up_without_end_do_not_fill_the_memory() -> None:
    made = intake(Reads("a", 1.0))
    for at in range(3_000):
        frames_of(made, exchange(f"/x{at}", b"ok"), 0.0, [])
    frames_of(made, exchange("/" + "x" * 5_000, b"ok"), 0.0, [])

    assert len(made._choices) <= 1_024
    assert max(map(len, made._choices)) <= 2_048


def test_an_exchange_that_nobody_claims_is_a_failure_only_if_it_carried_something() -> None:
    failures: list[DecodeFailed] = []
    made = intake(Reads("a", 0.0))

    assert frames_of(made, exchange("/x", b""), 0.0, failures) == []
    assert failures == []
    assert frames_of(made, exchange("/x", b"ok"), 0.0, failures) == []
    assert [(one.decoder, one.reason) for one in failures] == [(NOBODY, "no_decoder")]


@pytest.mark.parametrize(
    ("status", "outcome", "answered", "read"),
    [
        (200, Outcome.COMPLETE, Answered.ACCEPTED, BOTH),
        (299, Outcome.COMPLETE, Answered.ACCEPTED, BOTH),
        (304, Outcome.COMPLETE, Answered.REFUSED, [Side.INPUT]),
        (503, Outcome.COMPLETE, Answered.REFUSED, [Side.INPUT]),
        (0, Outcome.COMPLETE, Answered.UNANSWERED, [Side.INPUT]),
        (200, Outcome.CLIENT_GONE, Answered.UNANSWERED, [Side.INPUT]),
    ],
)
def test_only_the_answer_of_a_request_that_was_accepted_is_read(
    status: int, outcome: Outcome, answered: Answered, read: list[Side]
) -> None:
    one = msgspec.structs.replace(exchange("/x", b"ok", b"ok"), status=status, outcome=outcome)

    reading = intake(Reads("a", 1.0)).read(one, 0.0, [])

    assert reading is not None
    assert (reading.answered, sides(reading.frames)) == (answered, read)


def test_a_refused_request_that_cannot_be_read_is_no_failure_of_ours() -> None:
    failures: list[DecodeFailed] = []
    made = intake(Reads("a", 1.0))

    assert frames_of(made, msgspec.structs.replace(exchange("/x", b"bad"), status=422), 0.0, failures) == []
    assert made.results == {("a", "refused"): 1}
    assert failures == []


def test_a_side_that_fails_leaves_the_other() -> None:
    failures: list[DecodeFailed] = []
    made = intake(Reads("a", 1.0))

    frames = frames_of(made, exchange("/x", b"bad", b"ok"), 0.0, failures)

    assert sides(frames) == [Side.OUTPUT]
    assert made.results == {("a", "syntax"): 1, ("a", "ok"): 1}
    assert [one.reason for one in failures] == ["syntax"]


def test_a_body_that_was_not_kept_whole_is_truncated_and_one_that_is_not_there_no_failure() -> None:
    failures: list[DecodeFailed] = []
    made = intake(Reads("a", 1.0))
    one = exchange("/x", b"ok", b"")
    cut = msgspec.structs.replace(one, request=Message(one.request.head, b"o", 2, truncated=True))

    assert frames_of(made, cut, 0.0, failures) == []
    assert made.results == {("a", "truncated"): 1}


def test_a_failure_is_counted_each_time_and_told_once_a_minute_with_what_was_held_back() -> None:
    failures: list[DecodeFailed] = []
    made = intake(Reads("a", 1.0))
    times = [0.0, 1.0, COMPLAINT_SECONDS - 0.1, COMPLAINT_SECONDS, COMPLAINT_SECONDS + 1, 2 * COMPLAINT_SECONDS]
    for now in times:
        frames_of(made, exchange("/x", b"bad", b""), now, failures)

    assert made.results["a", "syntax"] == len(times)
    assert [(one.at, one.since_last) for one in failures] == [(0.0, 0), (COMPLAINT_SECONDS, 2), (120.0, 1)]


def test_failures_of_another_kind_are_told_beside() -> None:
    failures: list[DecodeFailed] = []
    made = intake(Reads("a", 1.0))
    one = exchange("/x", b"bad", b"")
    frames_of(made, one, 0.0, failures)
    cut = Message(one.request.head, b"o", 2, truncated=True)
    frames_of(made, msgspec.structs.replace(one, request=cut), 0.0, failures)

    assert [one.reason for one in failures] == ["syntax", "truncated"]


def test_a_failure_carries_the_trace_that_it_came_with() -> None:
    failures: list[DecodeFailed] = []
    one = msgspec.structs.replace(exchange("/x", b"bad", b""), trace=TRACE)
    frames_of(intake(Reads("a", 1.0)), one, 0.0, failures)

    assert failures[0].trace_id == TRACE.trace_id

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from sidecar.capturing import courier
from sidecar.capturing.courier import Answer, Courier, Delivery
from sidecar.capturing.outbox import MemoryOutbox
from sidecar.capturing.outcomes import Outcomes


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(courier, "LONGEST_PAUSE", 0.01)


def started(deliver: Callable[[bytes], Delivery], most: int = 100) -> tuple[Courier, Outcomes]:
    outcomes = Outcomes("test")
    return Courier(MemoryOutbox(most, 10**6), deliver, outcomes, "test"), outcomes


def test_lines_are_delivered_in_their_order_and_counted() -> None:
    came: list[bytes] = []
    one, outcomes = started(lambda line: came.append(line) or Delivery(Answer.TAKEN))  # type: ignore[func-returns-value]
    for at in range(50):
        one.put(b"%d" % at)
    one.close(20)

    assert came == [b"%d" % at for at in range(50)]
    assert outcomes.results == {"sent": 50}


def test_a_receiver_that_is_away_is_tried_again_with_the_same_line_and_that_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    came: list[bytes] = []
    back = threading.Event()

    def deliver(line: bytes) -> Delivery:
        came.append(line)
        if len(came) == 5:
            back.set()
        return Delivery(Answer.TAKEN) if back.is_set() else Delivery(Answer.AWAY, "the receiver answered 503")

    one, outcomes = started(deliver)
    one.put(b"1")
    one.put(b"2")
    assert back.wait(20)
    one.close(20)

    assert came == [b"1"] * 5 + [b"2"]
    assert outcomes.results == {"sent": 2}
    (said,) = caplog.messages
    assert "exchanges wait: the receiver answered 503" in said


@pytest.mark.parametrize("raises", [False, True])
def test_what_is_refused_for_its_content_is_counted_and_left_behind(raises: bool) -> None:
    def deliver(line: bytes) -> Delivery:
        if line == b"bad" and raises:
            raise RuntimeError("unforeseen")
        return Delivery(Answer.REFUSED, "413") if line == b"bad" else Delivery(Answer.TAKEN)

    one, outcomes = started(deliver)
    for line in (b"good", b"bad", b"good"):
        one.put(line)
    one.close(20)

    assert outcomes.results == {"sent": 2, "failed": 1}


def test_what_there_is_no_room_for_is_dropped_and_what_waits_at_the_end_has_failed() -> None:
    hold = threading.Event()

    def deliver(line: bytes) -> Delivery:
        hold.wait(20)
        return Delivery(Answer.TAKEN)

    one, outcomes = started(deliver, most=3)
    for _ in range(5):
        one.put(b"x")
    one.close(0.05)
    hold.set()
    time.sleep(0.05)

    assert outcomes.results == {"dropped": 2, "failed": 3}


def test_a_disk_that_fails_costs_a_line_and_is_counted() -> None:
    class Broken(MemoryOutbox):
        def put(self, line: bytes) -> str:
            raise OSError(28, "No space left on device")

    outcomes = Outcomes("test")
    one = Courier(Broken(1, 1), lambda line: Delivery(Answer.TAKEN), outcomes, "test")
    one.put(b"x")
    one.close(1)

    assert outcomes.results == {"failed": 1}

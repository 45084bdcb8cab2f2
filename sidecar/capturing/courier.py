"""Brings lines from an outbox to a receiver, in their order, by a thread: at least once each.

A receiver that is away (it refuses connections, hangs, answers 5xx) is tried again, at growing intervals, with the same line.
What it refuses for its content is counted and left behind, since it would be refused for ever. Neighbours: `outbox`, `spool`,
and the sinks that know how to deliver one line.
"""

from __future__ import annotations

import enum
import logging
import threading
from collections.abc import Callable
from typing import NamedTuple

from sidecar.capturing.outbox import Outbox
from sidecar.capturing.outcomes import Outcomes
from sidecar.plain_text import told
from sidecar.rationed import Rationed

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 15.0
"""Seconds between two attempts, at first and at most; it doubles in between."""
_log = logging.getLogger("sidecar.capturing")


class Answer(enum.Enum):
    """What a receiver made of a line."""

    TAKEN = enum.auto()
    REFUSED = enum.auto()
    """For its content: it would be refused again."""
    AWAY = enum.auto()


class Delivery(NamedTuple):
    """An answer, and why it is not `TAKEN`."""

    answer: Answer
    why: str = ""


class Courier:
    """Starts its thread at once. `deliver` brings one line, and may block for some seconds."""

    def __init__(self, outbox: Outbox, deliver: Callable[[bytes], Delivery], outcomes: Outcomes, sink: str) -> None:
        self._outbox = outbox
        self._deliver = deliver
        self._outcomes = outcomes
        self._sink = sink
        self._away = Rationed(_log)
        self._came = threading.Event()
        self._ending = threading.Event()
        self._given_up = False
        self._settling = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"sink {sink}", daemon=True)
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Take a line, to be delivered later; what there is no room for is counted. Returns at once."""
        try:
            why = self._outbox.put(line)
        except OSError as error:
            self._outcomes.failed(told(error))
            return
        if why:
            self._outcomes.dropped(why)
        self._came.set()

    def close(self, seconds: float) -> None:
        """Deliver what waits, for at most so many seconds. What waits then has failed, unless the outbox keeps it."""
        self._ending.set()
        self._came.set()
        self._thread.join(seconds)
        with self._settling:
            self._given_up = True
            if not self._outbox.keeps and (waiting := self._outbox.waiting()):
                self._outcomes.failed("the end came before they were sent", waiting)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._given_up:
            self._came.clear()
            delivery = self._next()
            if delivery is None:
                if self._ending.is_set():
                    return
                self._came.wait()
            elif delivery.answer is Answer.AWAY:
                self._away.warn(f"sink {self._sink}: {self._outbox.waiting()} exchanges wait: {delivery.why}")
                if self._ending.is_set():
                    return
                self._ending.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                pause = FIRST_PAUSE

    def _next(self) -> Delivery | None:
        """Deliver the oldest line; None if nothing waits. An outbox that cannot be read is as a receiver that is away."""
        try:
            line = self._outbox.oldest()
            if line is None:
                return None
            delivery = self._delivery(line)
            with self._settling:
                if delivery.answer is not Answer.AWAY and not self._given_up:
                    self._outbox.settle()
                    self._count(delivery)
        except OSError as error:
            return Delivery(Answer.AWAY, told(error))
        return delivery

    def _delivery(self, line: bytes) -> Delivery:
        try:
            return self._deliver(line)
        except Exception as error:  # noqa: BLE001  # one line must not end the thread
            return Delivery(Answer.REFUSED, told(error))

    def _count(self, delivery: Delivery) -> None:
        if delivery.answer is Answer.TAKEN:
            self._outcomes.sent()
        else:
            self._outcomes.failed(delivery.why)

"""An exchange under way: what is known of it before it ends. A value; the conversation fills it in, the ledger reads it."""

from __future__ import annotations

from sidecar.core.words.exchange import Outcome, Trace
from sidecar.proxy.head import RequestHead, ResponseHead
from sidecar.proxy.tap import Body


class InFlight:
    """Begins with its request's head. Times are nanoseconds of the monotonic clock, 0 while unknown."""

    __slots__ = (
        "added",
        "answer",
        "begun",
        "ended",
        "first_byte",
        "head",
        "held",
        "outcome",
        "request",
        "response",
        "trace",
    )

    def __init__(self, head: RequestHead, begun: int, tapped: bool) -> None:
        """`tapped` says whether its bodies are kept for the observer."""
        self.head = head
        self.begun = begun
        self.first_byte = self.ended = 0
        self.added = 0
        """Nanoseconds for which we held its bytes."""
        self.held = head.cost
        """Bytes of the budget for heads, which the ledger gives back."""
        self.answer: ResponseHead | None = None
        self.outcome = Outcome.COMPLETE
        self.request = Body(tapped)
        self.response = Body(tapped)
        self.trace: Trace | None = None

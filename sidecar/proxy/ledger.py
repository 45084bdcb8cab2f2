"""Takes exchanges that have ended, counts them in the tally and offers them to the observer.

Entering one is a single append. Counting and offering is done in batches a few milliseconds later: in a batch, code and
data stay in the processor's caches; done one by one between two system calls, the same work costs about twice as much.
The conversation enters exchanges; `tally`, `tap`, `trace` and the handoff are what a batch goes through.
"""

from __future__ import annotations

from collections.abc import Callable

from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.handoff.port import Handoff
from sidecar.proxy.in_flight import InFlight
from sidecar.proxy.overload import Budget
from sidecar.proxy.tally import Tally
from sidecar.proxy.tap import Tap
from sidecar.proxy.trace import Tracer


class Ledger:
    """Takes ended exchanges.

    `schedule` is given `settle` when the first exchange of a batch is entered, and calls it later, or at once. `epoch`
    returns the Unix time, in ns, at which the monotonic clock was zero.
    """

    def __init__(
        self,
        tally: Tally,
        tap: Tap,
        heads: Budget,
        handoff: Handoff,
        tracer: Tracer,
        epoch: Callable[[], int],
        schedule: Callable[[Callable[[], None]], object],
    ) -> None:
        self._tally = tally
        self._tap = tap
        self._heads = heads
        self._handoff = handoff
        self._tracer = tracer
        self._epoch = epoch
        self._schedule = schedule
        self._entered: list[InFlight] = []

    def enter(self, exchange: InFlight, outcome: Outcome, now: int) -> None:
        """The exchange ended at `now` (monotonic ns)."""
        exchange.outcome = outcome
        exchange.ended = now
        if not exchange.head.probe:
            self._tally.active_requests -= 1
        self._entered.append(exchange)
        if len(self._entered) == 1:
            self._schedule(self.settle)

    def settle(self) -> None:
        """Count and offer all that was entered."""
        entered, self._entered = self._entered, []
        epoch = self._epoch()
        for exchange in entered:
            self._settle(exchange, epoch)
        self._handoff.flush()

    def _settle(self, exchange: InFlight, epoch: int) -> None:
        head, answer = exchange.head, exchange.answer
        request, response = exchange.request, exchange.response
        tapped = request.wanted
        self._heads.give(exchange.held)
        request_body = self._tap.release(request)
        response_body = self._tap.release(response)
        if head.probe:
            return
        duration = exchange.ended - exchange.begun
        status = answer.status if answer else 0
        trace = exchange.trace and self._tracer.end(exchange.trace, status, exchange.outcome, duration)
        finished = Exchange(
            exchange.begun + epoch,
            duration,
            exchange.first_byte - exchange.begun if exchange.first_byte else 0,
            head.method,
            head.target,
            head.route,
            status,
            exchange.outcome,
            Message(head.raw, request_body, request.size, request.truncated),
            Message(answer.raw if answer else b"", response_body, response.size, response.truncated),
            trace,
        )
        self._tally.ended(finished, exchange.added)
        if tapped or trace is not None:
            self._handoff.offer(finished)

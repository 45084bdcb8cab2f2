"""What every handoff keeps to: it takes an exchange or refuses it, at once, and never raises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.handoff.inproc import InprocHandoff
from sidecar.handoff.port import Handoff
from sidecar.handoff.socket import SocketHandoff
from sidecar.settings import HandoffSettings

LIMIT = 3


def _inproc(shed: list[int]) -> Handoff:
    return InprocHandoff(LIMIT)


def _socket(shed: list[int]) -> Handoff:
    settings = HandoffSettings(max_items=LIMIT)
    return SocketHandoff(asyncio.get_running_loop(), settings, lambda stage, reason, count: shed.append(count))


@pytest.mark.parametrize("make", [_inproc, _socket])
def test_what_goes_beyond_its_bound_is_refused_and_the_loss_is_counted(make: Callable[[list[int]], Handoff]) -> None:
    async def main() -> None:
        shed: list[int] = []
        handoff = make(shed)
        exchange = Exchange(0, 1, 1, "GET", "/", "/", 200, Outcome.COMPLETE, Message(), Message())
        assert [handoff.offer(exchange) for _ in range(LIMIT + 2)] == [True] * LIMIT + [False] * 2
        handoff.flush()  # nobody listens
        assert not handoff.offer(exchange)
        assert (handoff.refused if isinstance(handoff, InprocHandoff) else sum(shed)) == 3

    asyncio.run(main())

"""The handoff within one process keeps what it is offered up to its bound."""

from __future__ import annotations

from harness.observed import exchange
from sidecar.handoff.inproc import InprocHandoff
from sidecar.handoff.port import Handoff


def test_it_keeps_up_to_its_limit_and_refuses_the_newest() -> None:
    inproc = InprocHandoff(limit=2)
    handoff: Handoff = inproc
    exchanges = [exchange(target=f"/{number}") for number in range(3)]
    assert [handoff.offer(each) for each in exchanges] == [True, True, False]
    handoff.flush()
    assert inproc.exchanges == exchanges[:2]
    assert inproc.refused == 1

"""An exchange under way knows nothing of its end until somebody says so."""

from __future__ import annotations

import pytest

from sidecar.core.words.exchange import Outcome
from sidecar.proxy.head import RequestHead
from sidecar.proxy.in_flight import InFlight
from sidecar.proxy.route import Routes

GET = b"GET /predict HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize("tapped", [True, False])
def test_it_begins_without_an_answer_and_wants_its_bodies_only_if_tapped(tapped: bool) -> None:
    exchange = InFlight(RequestHead(GET, GET.lower(), Routes(), frozenset()), 7, tapped)
    assert (exchange.begun, exchange.first_byte, exchange.ended, exchange.added) == (7, 0, 0, 0)
    assert (exchange.answer, exchange.trace, exchange.outcome) == (None, None, Outcome.COMPLETE)
    assert (exchange.request.wanted, exchange.response.wanted) == (tapped, tapped)
    assert exchange.request is not exchange.response

from __future__ import annotations

import msgspec

from harness.observed import STARTED, TRACE, exchange
from sidecar.core.words.events import ExchangeSeen, ReferenceChanged, ReferenceLearned, WindowClosed
from sidecar.core.words.frame import Side
from sidecar.observer import api
from sidecar.observer.memory import Memory
from tests.observer.test_score_history import window


def test_an_exchange_is_remembered_as_metadata_without_path_or_payload() -> None:
    memory = Memory()
    memory.saw([exchange(trace=TRACE, target="/v2/models/of-a-customer/infer?token=hush")])
    (seen,) = msgspec.to_builtins(api.exchanges(memory.exchanges))["exchanges"]
    assert seen.pop("request_bytes") > 0
    assert seen.pop("response_bytes") > 0
    assert seen == {
        "at": STARTED,
        "method": "POST",
        "route": "/v2/models/{model}/infer",
        "status": 200,
        "outcome": "complete",
        "duration_seconds": 0.02,
        "first_byte_seconds": 0.01,
        "trace_id": TRACE.trace_id,
    }


def test_the_newest_exchanges_come_first_and_a_few_of_each_batch_do() -> None:
    memory = Memory()
    for batch in range(100):
        memory.saw([exchange(duration_ns=1_000_000_000 * (100 * batch + place)) for place in range(20)])
    told = [one.duration_seconds for one in api.exchanges(memory.exchanges).exchanges]
    assert len(told) == 50
    assert told[:6] == [9919, 9918, 9917, 9916, 9915, 9819]


def test_changes_of_the_reference_are_told_among_the_others() -> None:
    memory = Memory()
    memory.handle(ReferenceLearned(1.0, Side.INPUT, 2000, "d1"))
    memory.handle(ReferenceChanged(2.0, "d1", "d2"))
    memory.handle(ExchangeSeen(exchange(), 0))
    assert msgspec.to_builtins(api.changes(memory.changes))["changes"] == [
        {"what": "reference", "at": 2.0, "before": "d1", "digest": "d2"},
        {"what": "learned", "at": 1.0, "side": "input", "rows_seen": 2000},
    ]


def test_another_reference_begins_another_trail() -> None:
    memory = Memory()
    memory.handle(window(1))
    assert memory.score_histories[Side.INPUT].of("age").at == [1.0]
    memory.handle(ReferenceChanged(2.0, "d1", "d2"))
    assert memory.score_histories[Side.INPUT].of("age").at == []


def test_windows_of_slices_are_no_part_of_the_trail_of_the_whole() -> None:
    memory = Memory()
    whole = window(1)
    memory.handle(WindowClosed(Side.INPUT, 0.0, 1.0, 100, whole.features, segment="acme"))
    assert memory.score_histories[Side.INPUT].of("age").at == []

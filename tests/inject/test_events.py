"""Events are queued without waiting, named after what they say, and never made of names that are none."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from sidecar.inject.cluster import Access, Cluster
from sidecar.inject.events import Recorder, make_event

OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "fraud-7f9", "uid": "u"}
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def event(**changed: Any) -> dict[str, Any]:
    made = make_event(**{"namespace": "risk", "about": OWNER, "reason": "R", "message": "m", "now": NOW, **changed})
    assert made
    return made


def test_an_event_that_says_the_same_has_the_same_name_and_any_other_another() -> None:
    name = event()["metadata"]["name"]
    assert name.startswith("fraud-7f9.")
    assert event(now=datetime(2027, 1, 1, tzinfo=UTC))["metadata"]["name"] == name
    others = [event(message="n"), event(reason="S"), event(about={**OWNER, "uid": "v"})]
    assert len({name, *(one["metadata"]["name"] for one in others)}) == 4


def test_a_message_is_cut_at_a_character_and_a_time_is_as_kubernetes_writes_it() -> None:
    made = event(message="ü" * 600)
    assert made["message"] == "ü" * 500
    assert made["firstTimestamp"] == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("namespace", "name"),
    [("../x", "a"), ("Risk", "a"), ("risk", ""), ("risk", "a/../b"), ("", "a"), ("risk", "a" * 300)],
)
def test_names_that_are_none_make_no_event(namespace: str, name: str) -> None:
    assert make_event(namespace, {**OWNER, "name": name}, "R", "m", NOW) is None


def test_a_full_queue_drops_and_counts() -> None:
    async def act() -> dict[str, int]:
        async with Cluster(Access("http://127.0.0.1:9", None, str)) as cluster:
            recorder = Recorder(cluster)
            for number in range(502):
                recorder.record("risk", OWNER, "R", str(number))
            recorder.record("No", OWNER, "R", "m")
            return dict(recorder.results)

    assert asyncio.run(act()) == {"dropped": 3}

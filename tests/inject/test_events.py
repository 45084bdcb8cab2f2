"""Events are queued without waiting, named after what they say, and never made of names that are none."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.apiserver import running
from sidecar.inject.cluster import Access, Cluster
from sidecar.inject.events import Recorder, make_event
from tests.inject.trust import access

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
                recorder.record("risk", {**OWNER, "name": f"fraud-{number}"}, "R", "m")
            recorder.record("No", OWNER, "R", "m")
            return dict(recorder.results)

    assert asyncio.run(act()) == {"dropped": 3}


def recorded(clock: list[float], *told: tuple[str, dict[str, Any], str]) -> dict[str, int]:
    """What becomes of Events of these owners and reasons, none written yet, and of the first once more an hour later."""

    async def act() -> dict[str, int]:
        async with Cluster(Access("http://127.0.0.1:9", None, str)) as cluster:
            recorder = Recorder(cluster, lambda: clock[0])
            for namespace, owner, reason in told:
                recorder.record(namespace, owner, reason, "m")
            clock[0] += 3601
            recorder.record(*told[0], "m")
            return {**recorder.results, "queued": recorder._queue.qsize()}

    return asyncio.run(act())


def test_ten_namespaces_of_two_hundred_pods_that_are_tried_again_and_again_are_all_told_and_none_is_dropped() -> None:
    tries = [(f"team-{number % 10}", OWNER, "SidecarSkipped") for number in range(200 * 10 * 5)]

    assert recorded([0.0], *tries) == {"repeated": len(tries) - 10, "queued": 11}, "after an hour it is told again"


def test_each_owner_is_told_each_reason() -> None:
    other = {**OWNER, "uid": "v"}

    assert recorded([0.0], ("a", OWNER, "R"), ("a", other, "R"), ("a", OWNER, "S"), ("a", OWNER, "R")) == {
        "repeated": 1,
        "queued": 4,
    }


def test_an_event_that_could_not_be_written_is_written_at_the_next_occasion(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        api.down = True

        async def act() -> dict[str, int]:
            async with Cluster(access(api)) as cluster:
                recorder = Recorder(cluster)
                writing = asyncio.create_task(recorder.run())
                for result in ("failed", "sent"):
                    recorder.record("risk", OWNER, "R", "m")
                    while not recorder.results[result]:
                        await asyncio.sleep(0.005)
                    api.down = False
                recorder.record("risk", OWNER, "R", "m")
                writing.cancel()
                return dict(recorder.results)

        assert asyncio.run(act()) == {"failed": 1, "sent": 1, "repeated": 1}

"""The CloudEvents sink with a receiver that is there, refuses, hangs, and comes back."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from harness.observed import exchange
from harness.receiver import Posted, Receiver, receiving
from sidecar.capturing import courier
from sidecar.core.words.events import ExchangeSeen
from sidecar.errors import SettingsError
from sidecar.settings import CaptureSettings, CloudEventsSettings, DrainSettings, ModelSettings, Settings
from sidecar.sinks.cloudevents import CloudEvents, make


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(courier, "LONGEST_PAUSE", 0.05)


def sink_for(url: str, mask: tuple[str, ...] = (), **settings: Any) -> CloudEvents:
    return make(
        Settings(
            model=ModelSettings(name="loans"),
            cloudevents=CloudEventsSettings(url=url, timeout_seconds=0.2, **settings),
            capture=CaptureSettings(mask=mask),
            drain=DrainSettings(flush_seconds=10),
        )
    )


def feed(sink: CloudEvents, first: int, last: int) -> None:
    for at in range(first, last):
        sink.handle(ExchangeSeen(exchange([{"age": float(at)}]), 0))


def ages(posted: list[Posted]) -> list[int]:
    """Of the requests, in the order of their arrival; repeats (of the same id and type) are dropped, as a consumer would."""
    events = [from_http_event(HTTPMessage(dict(one.headers), one.body)) for one in posted]
    requests: dict[str, Any] = {one.get_id(): one.get_data() for one in events if one.get_type().endswith(".request")}
    return [int(data["inputs"][0]["data"][0]) for data in requests.values()]


def test_each_exchange_is_two_events_for_a_receiver_that_is_there() -> None:
    with receiving() as receiver:
        sink = sink_for(receiver.url)
        feed(sink, 0, 20)
        sink.flush()

        assert ages(receiver.posted) == list(range(20))
        assert len(receiver.posted) == 40
        assert sink.results == {"sent": 20}
        assert receiver.posted[0].headers["ce-inferenceservicename"] == "loans"


@pytest.mark.parametrize("spooled", [False, True])
@pytest.mark.parametrize("away", ["refuses", "hangs", "fails"])
def test_a_receiver_that_comes_back_gets_everything_in_its_order(tmp_path: Path, away: str, spooled: bool) -> None:
    with receiving() as receiver:
        sink = sink_for(receiver.url, spool=str(tmp_path / "spool") if spooled else "")
        feed(sink, 0, 10)
        receiver.wait_for(20)
        leave(receiver, away)
        feed(sink, 10, 200)
        time.sleep(0.5)
        assert sink.results == {"sent": 10}
        receiver.status = lambda posted: 200
        if away == "refuses":
            receiver.come()
        receiver.hanging = False
        feed(sink, 200, 210)
        receiver.wait_for(420)
        sink.flush()

        assert ages(receiver.posted) == list(range(210))
        assert sink.results == {"sent": 210}


def leave(receiver: Receiver, how: str) -> None:
    if how == "refuses":
        receiver.go()
    elif how == "hangs":
        receiver.hanging = True
    else:
        receiver.status = lambda posted: 503


def test_beyond_the_spool_exchanges_are_dropped_and_counted_to_the_last_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving() as receiver:
        receiver.go()
        sink = sink_for(receiver.url, spool=str(tmp_path), max_bytes=40_000)
        feed(sink, 0, 200)
        dropped = sink.results["dropped"]
        receiver.come()
        receiver.wait_for(2 * (200 - dropped))
        sink.flush()

        assert 0 < dropped < 200
        assert sink.results == {"sent": 200 - dropped, "dropped": dropped}
        assert ages(receiver.posted) == list(range(200 - dropped))
        assert "the spool is full" in caplog.text


def test_a_spool_outlives_a_restart(tmp_path: Path) -> None:
    with receiving() as receiver:
        receiver.go()
        first = sink_for(receiver.url, spool=str(tmp_path))
        feed(first, 0, 50)
        first.flush()
        assert "failed" not in first.results
        receiver.come()
        again = sink_for(receiver.url, spool=str(tmp_path))
        feed(again, 50, 60)
        receiver.wait_for(120)
        again.flush()

        assert ages(receiver.posted) == list(range(60))
        assert again.results == {"sent": 60}


def test_without_a_spool_what_waits_at_the_end_has_failed() -> None:
    with receiving() as receiver:
        receiver.go()
        sink = sink_for(receiver.url)
        feed(sink, 0, 1100)
        sink.flush()
        assert sink.results == {"dropped": 100, "failed": 1000}


def test_a_response_that_is_refused_repeats_the_request_under_the_same_id() -> None:
    with receiving() as receiver:
        once = threading.Event()

        def answers(posted: Posted) -> int:
            if posted.headers["ce-type"].endswith(".response") and not once.is_set():
                once.set()
                return 500
            return 200

        receiver.status = answers
        sink = sink_for(receiver.url)
        feed(sink, 0, 1)
        receiver.wait_for(3)
        sink.flush()

        assert len({one.headers["ce-id"] for one in receiver.posted}) == 1
        assert sink.results == {"sent": 1}


def test_an_exchange_that_the_receiver_refuses_for_its_content_does_not_hold_the_others() -> None:
    with receiving() as receiver:
        receiver.status = lambda posted: 413 if b"[3.0]" in posted.body else 202
        sink = sink_for(receiver.url)
        feed(sink, 0, 6)
        sink.flush()

        assert ages(receiver.posted) == [0, 1, 2, 4, 5]
        assert sink.results == {"sent": 5, "failed": 1}


def test_handling_an_event_never_waits_for_a_receiver_that_hangs(tmp_path: Path) -> None:
    with receiving() as receiver:
        receiver.hanging = True
        sink = sink_for(receiver.url, spool=str(tmp_path))
        feed(sink, 0, 3000)  # would take ten minutes
        assert sink.results == {}
        assert receiver.posted == []


def test_values_are_masked_and_exchanges_chosen_as_for_all_sinks() -> None:
    with receiving() as receiver:
        sink = sink_for(receiver.url, mask=("age",), statuses=("2xx",))
        sink.handle(ExchangeSeen(exchange([{"age": 77.125}], status=404), 0))
        sink.handle(ExchangeSeen(exchange([{"age": 77.125}]), 0))
        sink.flush()

        assert len(receiver.posted) == 2
        assert b"77.125" not in receiver.posted[0].body


def test_a_bad_url_or_spool_is_refused_at_the_start_without_repeating_a_password(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cloudevents\.url") as refused:
        sink_for("ftp://me:hush@receiver/")
    assert "hush" not in str(refused.value)
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"cloudevents\.spool"):
        sink_for("http://receiver/", spool=str(tmp_path / "file"))


def test_what_is_said_of_a_receiver_that_is_away_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    sink = sink_for("http://me:hush@127.0.0.1:9/")
    feed(sink, 0, 1)
    time.sleep(0.3)
    sink.flush()

    away = [message for message in caplog.messages if "exchanges wait" in message]
    assert len(away) == 1
    assert "Connection refused" in away[0]
    assert "hush" not in caplog.text

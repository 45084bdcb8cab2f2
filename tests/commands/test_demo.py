"""The parts of `drift-sidecar demo`; tests/path/test_demo.py tells the whole story."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.wire import exchange
from sidecar import cli
from sidecar.commands.demo import _made, _until_ready
from sidecar.commands.demo_processes import finished, free_port, process
from sidecar.commands.demo_story import Story
from sidecar.commands.demo_traffic import request
from sidecar.core.reading.decoders import decoders
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import SidecarError
from sidecar.settings import DecodeSettings


def story() -> tuple[Story, io.StringIO]:
    told = io.StringIO()
    return Story(Console(file=told, width=200)), told


def verdict(state: str, rows: int, feature: str = "temp") -> bytes:
    shifts = [{"bin": "01", "range": "> 60", "reference_ratio": 0.01, "live_ratio": 0.2}]
    event = {"event": "verdict_changed", "side": "input", "feature": feature, "state": state, "rows_seen": rows}
    return json.dumps(event | {"shifts": shifts}).encode()


def test_a_story_with_an_alarm_after_the_change_only_ends_well() -> None:
    one, told = story()
    one.change(5000)
    one.hear(verdict("drift", 5040))

    assert one.judge() == 0
    assert "FIRST ALARM: drift on input temp, 40 rows after the change" in told.getvalue()
    assert "> 60: 1.0% of the rows -> 20.0%" in told.getvalue()


def test_a_story_without_alarm_ends_badly() -> None:
    one, told = story()
    one.change(5000)
    one.hear(verdict("warning", 5040))
    one.hear(verdict("ok", 9000))

    assert one.judge() == 1
    assert "no alarm came" in told.getvalue()


@pytest.mark.parametrize("heard_late", [False, True])
def test_an_alarm_on_rows_from_before_the_change_is_false_whenever_it_is_heard(heard_late: bool) -> None:
    one, told = story()
    if heard_late:
        one.change(5000)
    one.hear(verdict("drift", 4990))
    one.change(5000)
    one.hear(verdict("drift", 5040, "dewp"))

    assert one.judge() == 1
    assert "an alarm came before the change: input temp" in told.getvalue()


def test_a_warning_before_the_change_is_told_but_is_no_alarm() -> None:
    one, told = story()
    one.hear(verdict("warning", 4000))
    one.change(5000)
    one.hear(verdict("drift", 5100))

    assert one.judge() == 0
    assert "warning on input temp after 4,000 rows, though nothing had changed" in told.getvalue()


def test_only_the_first_alarm_is_called_first() -> None:
    one, told = story()
    one.change(0)
    one.hear(verdict("drift", 50))
    one.hear(verdict("drift", 60, "dewp"))

    assert told.getvalue().count("FIRST ALARM") == 1
    assert "dewp +60" not in told.getvalue()
    one.judge()
    assert "input temp +50, input dewp +60" in told.getvalue()


@pytest.mark.parametrize("line", [b"", b"no json\n", b"[1]\n", b'{"event":"window_closed"}\n'])
def test_lines_that_are_no_verdict_are_passed_over(line: bytes) -> None:
    one, told = story()

    one.hear(line)

    assert told.getvalue() == ""


def test_a_look_names_the_feature_nearest_to_an_alarm() -> None:
    one, told = story()
    features: list[dict[str, Any]] = [
        {"side": "input", "feature": "temp", "state": "ok", "evidence": 2.0, "threshold": 9.0},
        {"side": "input", "feature": "dewp", "state": "warning", "evidence": 3.0, "threshold": 9.0},
        {"side": "output", "feature": "delay", "state": "insufficient", "evidence": 0.0, "threshold": 9.0},
    ]

    one.look(1234, features)

    assert (
        "1,234 rows sent; 0 of 2 features have drifted; nearest is input dewp: its evidence is 10^3.0"
        in told.getvalue()
    )


def test_the_request_of_a_few_flights_decodes_to_their_features() -> None:
    flights: list[dict[str, Any]] = [{"dep_delay": 3.0, "carrier": "UA"}, {"dep_delay": None, "carrier": "DL"}]
    one = exchange("/v2/models/flights/infer", json.dumps(request(flights, 7)).encode(), b"{}")
    found = decoders(DecodeSettings())
    best = max(found, key=lambda decoder: decoder.priority(one))

    frame = best.request(one, one.request.body)

    assert isinstance(frame, Frame)
    assert (frame.side, frame.names, frame.rows) == (Side.INPUT, ("dep_delay", "carrier"), 2)
    assert list(frame.values) == [3.0, "UA", None, "DL"]


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert free_port(port) != port


def test_a_port_that_is_free_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert free_port(port) == port


def test_a_process_that_ends_at_once_is_named_without_waiting_for_it_to_be_ready() -> None:
    async def start() -> None:
        async with process(sys.executable, "-c", "raise SystemExit(3)") as running:
            await running.wait()
            await _until_ready("http://127.0.0.1:1/readyz", {"model server": running})

    with pytest.raises(SidecarError, match="the model server ended at once, with exit code 3"):
        asyncio.run(start())


def test_a_process_is_ended_when_its_block_is_left() -> None:
    async def start() -> int | None:
        async with process(sys.executable, "-c", "import time; time.sleep(600)") as running:
            pass
        return running.returncode

    assert asyncio.run(start()) == -15


def test_a_step_that_fails_ends_the_demo() -> None:
    with pytest.raises(SidecarError, match="exit code 4"):
        asyncio.run(finished(sys.executable, "-c", "raise SystemExit(4)"))


def test_without_its_packages_the_demo_says_how_to_get_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert cli.main(["demo"]) == 2

    message = capsys.readouterr().err
    assert "sklearn" in message
    assert "make demo" in message


def test_two_demos_that_prepare_at_once_both_find_the_whole_folder(tmp_path: Path) -> None:
    program, data = tmp_path / "prepare.py", tmp_path / "cache" / "made"
    program.write_text(
        "import pathlib, sys, time\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "folder.mkdir()\n"
        "time.sleep(0.2)\n"
        "(folder / 'model').write_text('whole')\n"
    )

    async def prepare_twice() -> None:
        await asyncio.gather(_made(program, data), _made(program, data))

    asyncio.run(prepare_twice())

    assert (data / "model").read_text() == "whole"
    assert [path.name for path in data.parent.iterdir()] == ["made"]

"""The webhook's log is one JSON object a line, and records of libraries join it."""

from __future__ import annotations

import json
import logging
from io import BytesIO

from sidecar.inject.webhook_log import capture_libraries, make_log


def test_a_line_begins_with_time_level_and_event() -> None:
    stream = BytesIO()
    make_log(stream).warning("review", namespace="risk", text="ü\n")

    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert list(found) == ["timestamp", "level", "event", "namespace", "text"]
    assert (found["level"], found["event"], found["text"]) == ("warning", "review", "ü\n")


def test_libraries_join_from_warnings_on_with_their_traceback_and_only_meanwhile() -> None:
    stream, root = BytesIO(), logging.getLogger()
    before = list(root.handlers), root.level
    with capture_libraries(make_log(stream)):
        logging.getLogger("lib").info("quiet")
        try:
            raise ValueError("why")
        except ValueError:
            logging.getLogger("lib").exception("loud")

    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (line["event"], line["level"], line["logger"]) == ("library", "error", "lib")
    assert "ValueError: why" in line["detail"]
    assert (list(root.handlers), root.level) == before

"""Faults of the observer are counted each time and written once a minute a kind."""

from __future__ import annotations

import logging

import pytest

from sidecar.errors import DecodeError
from sidecar.observer.complaints import Complaints, Fault, Part


def test_a_fault_that_goes_on_is_counted_always_and_written_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints()
    for now in (0.0, 1.0, 59.9, 60.0, 61.0):
        complaints.add(Part.SINK, "otlp", DecodeError("syntax", f"at {now}"), now)

    assert complaints.counts == dict.fromkeys(Part, 0) | {"sink": 5}
    assert [record.getMessage() for record in caplog.records] == [
        "otlp failed (1 times since last said): DecodeError: syntax: at 0.0",
        "otlp failed (3 times since last said): DecodeError: syntax: at 60.0",
    ]


def test_what_a_library_says_of_a_value_is_not_written(caplog: pytest.LogCaptureFixture) -> None:
    Complaints().add(
        Part.ANALYSIS, "decoding", ValueError("could not convert string to float: '4111111111111111'"), 0.0
    )

    assert [record.getMessage() for record in caplog.records] == [
        "decoding failed (1 times since last said): ValueError"
    ]


def test_the_last_fault_of_each_kind_is_kept_as_it_is_said() -> None:
    complaints = Complaints()
    for now in (0.0, 1.0):
        complaints.add(Part.SINK, "otlp", DecodeError("syntax", f"at {now}"), now)
    complaints.add(Part.ANALYSIS, "decoding", ValueError("could not convert string to float: '4111111111111111'"), 2.0)

    assert list(complaints.last.values()) == [
        Fault(Part.SINK, "otlp", "DecodeError: syntax: at 1.0", 1.0, 2),
        Fault(Part.ANALYSIS, "decoding", "ValueError", 2.0, 1),
    ]


def test_another_kind_is_written_beside(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints()
    complaints.add(Part.SINK, "otlp", ValueError("a"), 0.0)
    complaints.add(Part.SINK, "capture", ValueError("b"), 1.0)

    assert [record.getMessage().split()[0] for record in caplog.records] == ["otlp", "capture"]


def test_what_is_written_has_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("deep")
    except ValueError as error:
        Complaints().add(Part.SINK, "otlp", error, 0.0)

    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[2] is not None

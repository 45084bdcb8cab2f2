from __future__ import annotations

import random
from typing import Any

import pytest

from harness.observed import ROUTE, exchange
from sidecar.capturing.chosen import Chosen
from sidecar.core.reading.capture import Record
from sidecar.settings import CaptureSettings


def taken(status: int = 200, **settings: Any) -> Record | None:
    return Chosen(CaptureSettings(**settings), (), random.Random(1)).record(exchange(status=status))


def test_all_exchanges_by_default_and_whole() -> None:
    made = taken()
    assert made is not None
    assert made.request.body
    assert not made.request.truncated


@pytest.mark.parametrize(("routes", "chosen"), [((ROUTE,), True), (("/other", ROUTE), True), (("/v2",), False)])
def test_only_the_routes_that_are_named(routes: tuple[str, ...], chosen: bool) -> None:
    assert (taken(routes=routes) is not None) is chosen


@pytest.mark.parametrize(("status", "chosen"), [(200, True), (204, False), (503, True), (404, False)])
def test_only_the_statuses_that_are_named(status: int, chosen: bool) -> None:
    assert (taken(status, statuses=("200", "5xx")) is not None) is chosen


def test_about_the_share_that_is_asked_for() -> None:
    chosen = Chosen(CaptureSettings(sample_ratio=0.25), (), random.Random(1))
    assert 70 <= sum(chosen.record(exchange()) is not None for _ in range(400)) <= 130


def test_a_body_that_is_too_long_is_left_out_and_the_record_says_so() -> None:
    whole = taken()
    assert whole is not None
    limit = len(whole.request.body) - 1
    assert len(whole.response.body) <= limit

    made = taken(max_body_bytes=limit)

    assert made is not None
    assert (made.request.body, made.request.truncated) == ("", True)
    assert made.request.body_bytes == whole.request.body_bytes
    assert made.response == whole.response


def test_values_are_masked_whatever_the_case_of_their_key() -> None:
    made = Chosen(CaptureSettings(), ("AGE",), random.Random(1)).record(exchange([{"age": 77.125}]))
    assert made is not None
    assert "77.125" not in made.request.body

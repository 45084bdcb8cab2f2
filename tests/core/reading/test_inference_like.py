"""What is taken for a model's input though nobody declared it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.observed import exchange
from sidecar.core.reading.inference_like import (
    GUESS,
    looks_like_inference,
    path_allows,
    priority_by_content_type,
    reads_as_request,
)
from sidecar.core.words.frame import Frame, Side


def frame(side: Side, names: tuple[str, ...] | None, *rows: list[Any]) -> Frame:
    return Frame(side, names, len(rows), len(rows[0]), [value for row in rows for value in row])


ASKED = frame(Side.INPUT, ("age", "income"), [31, 5.5], [40, 6.0])
ANSWERED = frame(Side.OUTPUT, ("prediction",), [0.1], [0.9])


@pytest.mark.parametrize(
    "path", ["/predict", "/score", "/fraud", "/api/v2/risk/score", "/users/score", "/orders/17/classify/3"]
)
def test_a_path_of_a_model_is_allowed(path: str) -> None:
    assert path_allows(path)


@pytest.mark.parametrize(
    "path",
    [
        "/login",
        "/api/SignIn",
        "/sign-in",
        "/log_in/now",
        "/users",
        "/users/17",
        "/chat/predict",
        "/auth/token",
        "/search",
        "/upload/score",
    ],
)
def test_a_path_of_people_or_prompts_is_not(path: str) -> None:
    assert not path_allows(path)


def test_numbers_asked_and_as_many_predictions_answered_are_an_inference() -> None:
    assert looks_like_inference(exchange(target="/fraud"), [ASKED, ANSWERED])


@pytest.mark.parametrize(
    "frames",
    [
        [ASKED],
        [ANSWERED],
        [ASKED, frame(Side.OUTPUT, ("prediction",), [0.1], [0.2], [0.3])],
        [ASKED, frame(Side.OUTPUT, ("token",), ["abc"], ["def"])],
        [ASKED, frame(Side.OUTPUT, ("id", "total"), [1, 2], [3, 4])],
        [frame(Side.INPUT, ("password", "age"), ["x", 1], ["y", 2]), ANSWERED],
        [frame(Side.INPUT, ("a", "b"), ["one", "two"], ["three", "four"]), ANSWERED],
        [ASKED, frame(Side.OUTPUT, ("status",), ["success"], ["success"])],
        [ASKED, frame(Side.OUTPUT, ("prediction",), ["w" * 65], ["w" * 65])],
    ],
    ids=["no answer", "no request", "other rows", "a credential", "bookkeeping", "asked with a password", "words alone",
         "a receipt", "an essay"],
)  # fmt: skip
def test_what_lacks_one_of_the_three_is_none(frames: list[Frame]) -> None:
    assert not looks_like_inference(exchange(target="/fraud"), frames)


def test_labels_will_do_where_the_path_says_what_models_do() -> None:
    words = frame(Side.INPUT, ("city", "job"), ["Ulm", "baker"], ["Bern", "judge"])

    assert reads_as_request(exchange(target="/predict"), words)
    assert not reads_as_request(exchange(target="/fraud"), words)


def test_a_content_type_alone_is_a_guess_but_on_the_path_of_a_protocol_or_a_declared_one() -> None:
    priorities = [
        priority_by_content_type(exchange(target=path), frozenset({"/mine"}))
        for path in ("/invocations", "/mine", "/other", "/login")
    ]

    assert priorities == [0.9, 0.9, GUESS, 0.0]

"""What became of a request, by the statuses that are accepted."""

from __future__ import annotations

import msgspec
import pytest

from harness.wire import exchange
from sidecar.core.reading.statuses import Statuses
from sidecar.core.words.exchange import Outcome
from sidecar.core.words.stream import Answered


@pytest.mark.parametrize(
    ("forms", "accepted"),
    [
        (["2xx"], {*range(200, 300)}),
        (["200"], {200}),
        (["200-204"], {200, 201, 202, 203, 204}),
        (["204-200"], {200, 201, 202, 203, 204}),
        (["200", "4xx"], {200, *range(400, 500)}),
        ([], set()),
    ],
)
def test_a_form_is_a_status_a_hundred_of_them_or_a_span(forms: list[str], accepted: set[int]) -> None:
    statuses = Statuses(forms)
    answered = {status: answer(statuses, status) for status in range(1, 600)}

    assert {status for status, found in answered.items() if found is Answered.ACCEPTED} == accepted
    assert set(answered.values()) <= {Answered.ACCEPTED, Answered.REFUSED}


def answer(statuses: Statuses, status: int, outcome: Outcome = Outcome.COMPLETE) -> Answered:
    return statuses.answered(msgspec.structs.replace(exchange("/x", b"{}"), status=status, outcome=outcome))


def test_without_a_whole_answer_a_request_is_unanswered_whatever_the_status() -> None:
    statuses = Statuses(["2xx"])

    assert answer(statuses, 0) is Answered.UNANSWERED
    assert {answer(statuses, 200, one) for one in Outcome if one is not Outcome.COMPLETE} == {Answered.UNANSWERED}

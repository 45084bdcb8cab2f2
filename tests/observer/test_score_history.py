from __future__ import annotations

import pytest

from sidecar.core.words.events import FeatureReport, NotEnough, Score, State, WindowClosed
from sidecar.core.words.frame import Side
from sidecar.observer.score_history import POINTS, ScoreHistory


def window(number: int, state: State = State.OK, psi: float | None = 0.5) -> WindowClosed:
    """The number is the evidence and, in tenths, the effect on `age`; `income` is always well."""
    scores: dict[str, Score | NotEnough] = {
        "psi": NotEnough("too few rows", 3) if psi is None else Score(psi, psi, 1.0, 100)
    }
    age = FeatureReport(Side.INPUT, "age", state, scores, number, 9.0, number / 10, 100, 1.0, ())
    income = FeatureReport(Side.INPUT, "income", State.OK, scores, 0.0, 9.0, 0.0, 100, 1.0, ())
    return WindowClosed(Side.INPUT, number - 1.0, float(number), 100, (age, income))


def history(*windows: WindowClosed) -> ScoreHistory:
    made = ScoreHistory()
    for one in windows:
        made.add(one)
    return made


def test_a_feature_has_its_figures_of_each_window() -> None:
    found = history(window(1), window(2, State.DRIFT, psi=0.25)).of("age")
    assert found.at == [1.0, 2.0]
    assert found.state == ["ok", "drift"]
    assert found.evidence == [1.0, 2.0]
    assert found.effect == pytest.approx([0.1, 0.2])
    assert found.scores == {"psi": [0.5, 0.25]}


def test_a_score_that_a_window_had_too_few_rows_for_is_none() -> None:
    assert history(window(1, psi=None), window(2)).of("age").scores == {"psi": [None, 0.5]}


def test_a_feature_that_no_window_had_has_no_points() -> None:
    assert history(window(1)).of("absent").at == []
    assert ScoreHistory().of("age").at == []


def test_a_long_trail_still_begins_at_the_start_and_ends_now() -> None:
    made = history(*(window(number) for number in range(1, 10_001)))
    found = made.of("age")
    assert POINTS / 2 <= len(found.at) <= POINTS
    assert found.at[0] < 10_000 / POINTS * 2
    assert found.at[-1] == 10_000
    assert found.at == found.evidence == sorted(found.at)


@pytest.mark.parametrize("alarm", [1, 7, 64, 999])
def test_an_alarm_of_a_single_window_stays_in_a_long_trail(alarm: int) -> None:
    made = history(*(window(number, State.DRIFT if number == alarm else State.OK) for number in range(1, 1001)))
    assert made.of("age").state.count(State.DRIFT) == 1
    assert State.DRIFT not in made.of("income").state

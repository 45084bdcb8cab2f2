"""Changes of many kinds are told within so many rows at default settings, and ugly tables are quiet: the short form of
`benchmarks.drift.scenarios` and `benchmarks.drift.ugly`.
"""

from __future__ import annotations

import numpy as np
import pytest

from harness.drift_delays import Stream, told
from harness.drift_scenarios import SCENARIOS, TOO_SMALL, Scenario
from harness.ugly_tables import UGLY, alarms
from sidecar.settings import Settings

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
SEED = 7
WITHIN = {
    "mean - 0.4 sd": 700,
    "mean + 1 sd": 120,
    "spread / 1.5": 450,
    "one of 20: mean + 0.5 sd": 400,
    "all of 20: mean + 0.2 sd": 2_500,
    "tails heavier": 250,
    "one mode, then two": 500,
    "whole numbers appear": 150,
    "5 % are one value": 8_000,
    "rate 0.1 -> 1 %": 6_000,
    "nulls 1 -> 5 %": 2_000,
    "nulls 70 -> 60 %": 4_000,
    "category of 1% is new": 2_500,
    "top of 500 levels halved": 3_500,
    "1% are 10 sd out": 4_000,
    "1% were 10 sd out": 18_000,
    "correlation 0.8 -> 0": 3_000,
    "relation of three appears": 3_000,
    "gradual, 4,000 rows: + 1 sd": 2_800,
    "daily cycle, mean - 1 sd": 500,
    "AR(1) 0.9, mean + 1 sd": 3_000,
    "bursts of 50, mean + 1 sd": 8_000,
    "sorted batches of 1,000, mean + 0.5 sd": 2_000,
    "a row a second, mean + 0.5 sd": 500,
}
"""About twice what it takes."""


def test_there_are_sixty_scenarios_of_different_names() -> None:
    assert len(BY_NAME) == len(SCENARIOS) == 60


@pytest.mark.slow
@pytest.mark.parametrize("name", WITHIN)
def test_a_change_is_told_within_so_many_rows_and_not_before_it_comes(name: str) -> None:
    found = told(Stream.draw(BY_NAME[name], SEED, WITHIN[name]))

    assert found.before == 0
    assert found.delay is not None


@pytest.mark.slow
@pytest.mark.parametrize("scenario", TOO_SMALL, ids=lambda scenario: scenario.name)
def test_a_change_that_is_too_small_to_matter_is_not_told(scenario: Scenario) -> None:
    assert told(Stream.draw(scenario, SEED, 10_000)).delay is None


@pytest.mark.slow
@pytest.mark.parametrize("name", UGLY)
def test_an_ugly_table_on_which_nothing_changes_raises_no_alarm(name: str) -> None:
    assert alarms(UGLY[name], Settings(), np.random.default_rng(SEED), 10_000) == []

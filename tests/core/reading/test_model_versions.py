"""Versions that answers name: counted one by one up to a bound, whatever a server names."""

from __future__ import annotations

from harness.observed import exchange
from harness.wire import recorded
from sidecar.core.reading.decoders import decoders
from sidecar.core.reading.model_versions import MOST, OTHER, ModelVersions
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.exchange import Exchange
from sidecar.settings import Settings


def counted(exchanges: list[Exchange]) -> dict[str, int]:
    settings = Settings()
    monitor = Monitor(settings, None, decoders(settings.decode), 0.0)
    monitor.feed_many(exchanges, 0.0)
    return dict(monitor.view().primary.answered)


def test_answers_are_counted_by_the_version_that_they_name() -> None:
    assert counted([exchange(), exchange()]) == {"7": 2}


def test_a_recorded_server_of_v2_names_its_version() -> None:
    assert counted(list(recorded("mlserver_v2_json"))) == {"v0.1.0": 1}


def test_versions_beyond_the_bound_are_counted_together() -> None:
    answers = ModelVersions()
    for at in range(2 * MOST):
        answers.add(str(at))
    answers.add("0")
    assert answers.by_version == {"0": 2, **{str(at): 1 for at in range(1, MOST)}, OTHER: MOST}


def test_what_is_too_long_for_a_version_is_not_told_apart() -> None:
    answers = ModelVersions()
    answers.add("x" * 65)
    answers.add("")
    assert answers.by_version == {OTHER: 1}

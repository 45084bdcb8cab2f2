"""What containers use, as far as it can be seen."""

from __future__ import annotations

import pytest

from harness.exposition import by_labels, everything, render, samples, value
from harness.observed import SETTINGS
from sidecar.core.words.containers import CgroupView, ContainersView, ProcessesView
from sidecar.sink import Observed
from sidecar.sinks.prometheus.containers import container_families
from sidecar.sinks.prometheus.families import Families


@pytest.fixture(scope="module")
def observed() -> Observed:
    return everything()


def test_containers_are_told_as_far_as_they_can_be_seen(observed: Observed) -> None:
    own = CgroupView(2.5, 0.3, 100, None, 1)
    model = ProcessesView(7.0, 200, 4, None, 1_700_000_000.0)

    text = render(observed._replace(containers=ContainersView(own, model)))

    assert value(text, "sidecar_container_cpu_seconds_total") == 2.5
    assert value(text, "sidecar_container_cpu_throttled_seconds_total") == 0.3
    assert value(text, "model_container_memory_bytes") == 200
    assert value(text, "model_container_start_time_seconds") == 1_700_000_000
    assert samples(text, "sidecar_container_memory_limit_bytes") == []
    assert samples(text, "model_container_descriptors") == []
    bare = render(observed._replace(containers=ContainersView()))
    assert [line for line in bare.splitlines() if "_container_" in line] == []


def figures(view: ContainersView) -> dict[str, float | None]:
    """The value of each family; None where it has no sample."""
    found = container_families(Families(SETTINGS.model), view)
    return {family.name: by_labels(family).get(()) for family in found}


def test_each_figure_is_under_its_own_name() -> None:
    own, model = CgroupView(1.5, 0.25, 300, 400, 5), ProcessesView(6.5, 700, 8, 9, 10.0)

    assert figures(ContainersView(own, model)) == {
        "sidecar_container_cpu_seconds": 1.5,
        "sidecar_container_cpu_throttled_seconds": 0.25,
        "sidecar_container_memory_bytes": 300,
        "sidecar_container_memory_limit_bytes": 400,
        "sidecar_container_oom_events": 5,
        "model_container_cpu_seconds": 6.5,
        "model_container_memory_bytes": 700,
        "model_container_threads": 8,
        "model_container_descriptors": 9,
        "model_container_start_time_seconds": 10.0,
    }


def test_either_container_may_be_out_of_sight() -> None:
    own, model = CgroupView(1.5, 0.25, 300, None, 5), ProcessesView(6.5, 700, 8, None, 10.0)

    assert figures(ContainersView(own, None))["sidecar_container_memory_limit_bytes"] is None
    assert all(name.startswith("sidecar_") for name in figures(ContainersView(own, None)))
    assert figures(ContainersView(None, model))["model_container_descriptors"] is None
    assert all(name.startswith("model_") for name in figures(ContainersView(None, model)))
    assert figures(ContainersView()) == {}

"""What holds for all tests: no limit of time on an example, and how they are divided over quick and over parallel runs."""

from __future__ import annotations

import hypothesis
import pytest

hypothesis.settings.register_profile("patient", deadline=None)  # no test asserts on wall-clock speed
hypothesis.settings.load_profile("patient")

SYSTEM = {"image", "path", "faults", "dashboards", "real", "k8s"}
"""Folders whose tests start whole programs, or need what Debian or another environment brings."""
TOGETHER = {
    "tests/image": "podman",  # one storage, and pods with fixed names
    "tests/dashboards/test_chain.py": "prometheus",  # in a hurry, so that two at once would keep each other late
    "tests/dashboards/test_fleet.py": "prometheus",
    "tests/real": "prometheus",
}
"""Tests that share something run one after the other; else a file's do, since it may have fixtures of its own."""
LONGEST_FIRST = ("tests/image", "tests/dashboards", "tests/path", "tests/inject", "tests/laws", "tests/real")
"""What is started last decides when a parallel run ends, so that is what is short."""
_LEFT_OUT = (
    "tests with real embeddings are left out, since their model needs gigabytes: `make test-embeddings` runs them"
)


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks, and given to processes by their groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks each test by where it stands."""
    for item in items:
        file = item.nodeid.partition("::")[0]
        if file.split("/")[1] in SYSTEM:
            item.add_marker("system")
        shared = [group for place, group in TOGETHER.items() if file.startswith(place)]
        item.add_marker(pytest.mark.xdist_group(shared[0] if shared else file))
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return next((at for at, place in enumerate(LONGEST_FIRST) if item.nodeid.startswith(place)), len(LONGEST_FIRST))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Behind the results."""
    if any("real_embeddings" in test.keywords for test in terminalreporter.stats.get("deselected", [])):
        terminalreporter.write_line(_LEFT_OUT)

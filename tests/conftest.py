"""What holds for all tests: no limit of time on an example, and a word about what a plain run leaves out."""

from __future__ import annotations

import hypothesis
import pytest

hypothesis.settings.register_profile("patient", deadline=None)  # no test asserts on wall-clock speed
hypothesis.settings.load_profile("patient")

_LEFT_OUT = (
    "tests with real embeddings are left out, since their model needs gigabytes: `make test-embeddings` runs them"
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Behind the results."""
    if any("real_embeddings" in test.keywords for test in terminalreporter.stats.get("deselected", [])):
        terminalreporter.write_line(_LEFT_OUT)

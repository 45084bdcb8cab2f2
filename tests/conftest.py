"""What a plain run leaves out, it says so."""

from __future__ import annotations

import pytest

_LEFT_OUT = (
    "tests with real embeddings are left out, since their model needs gigabytes: `make test-embeddings` runs them"
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Behind the results."""
    if any("real_embeddings" in test.keywords for test in terminalreporter.stats.get("deselected", [])):
        terminalreporter.write_line(_LEFT_OUT)

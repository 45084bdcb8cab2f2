"""The composition root: the only file that knows everybody. Makes both processes out of their parts.

Imports stand inside the functions, because the traffic process must not load what only the observer needs.
"""

from __future__ import annotations

import sys

from sidecar.settings import Effective

OBSERVER_COMMAND = [sys.executable, "-m", "sidecar.app"]
"""Runs the observer; the supervisor adds the numbers of the two sockets it inherits."""


def run(effective: Effective) -> int:
    """Run the sidecar (this process carries the traffic). Returns the exit code."""
    from sidecar.proxy.traffic import run as run_traffic

    return run_traffic(effective.settings, OBSERVER_COMMAND)

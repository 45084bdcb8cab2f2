"""The seam between the two processes, as the traffic process sees it: one synchronous call that never waits."""

from __future__ import annotations

from typing import Protocol

from sidecar.core.words.exchange import Exchange


class Handoff(Protocol):
    """Where finished exchanges go."""

    def offer(self, exchange: Exchange) -> bool:
        """Take `exchange` in O(1), or refuse it (False) and count the loss. Never blocks, never raises."""

    def flush(self) -> None:
        """A batch of offers is over: pass on what can be passed on without waiting."""

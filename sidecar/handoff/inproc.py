"""A handoff within one process: keeps what it is offered, up to a bound. For tests and tools without an observer."""

from __future__ import annotations

from sidecar.core.words.exchange import Exchange


class InprocHandoff:
    """Keeps at most `limit` exchanges and refuses the rest."""

    def __init__(self, limit: int = 10_000) -> None:
        self.exchanges: list[Exchange] = []
        self.refused = 0
        self._limit = limit

    def offer(self, exchange: Exchange) -> bool:
        """Keep it, or refuse it when full."""
        if len(self.exchanges) >= self._limit:
            self.refused += 1
            return False
        self.exchanges.append(exchange)
        return True

    def flush(self) -> None:
        """Nothing to pass on."""

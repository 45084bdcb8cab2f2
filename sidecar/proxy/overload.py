"""How much the traffic process takes on at a time: connections, the memory of heads, and descriptors. Pure.

A client is turned away for the number of connections alone, which only abuse reaches. Where memory is at stake its connection
becomes opaque instead: the bytes pass, unwatched. Descriptors are shared out once, at the start, so that health always has
some, each accepted client has one for the model, and each that is turned away is told so. `listener` asks the gate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from sidecar.core.words.snapshot import REFUSED
from sidecar.proxy.tally import Tally

_SPARE: Final = 24
"""Descriptors for starting an observer, for trying the model, for resolving a name."""
_MOST_FRONTS: Final = 256
_MOST_REFUSALS: Final = 64
_SAID_SECONDS: Final = 60.0
_CONNECTIONS, _DESCRIPTORS, _ADMIN = REFUSED
_FULL = "full"


class Bounds(NamedTuple):
    """How many there may be at a time."""

    connections: int
    """Clients; each takes two descriptors, one of them for the model."""
    fronts: int
    """Connections to the admin port; each takes two, one of them for the observer."""
    refusals: int
    """Clients that are being told that they are turned away."""
    reason: str
    """What bounds the connections; a value of `REFUSED`."""


def bounds(wanted: int, descriptors: int, used: int) -> Bounds:
    """The bounds for at most `wanted` connections, where `used` of `descriptors` are open before the first of them."""
    free = max(0, descriptors - used - _SPARE)
    fronts = max(1, min(_MOST_FRONTS, free // 8))
    refusals = max(1, min(_MOST_REFUSALS, free // 16))
    possible = max(1, (free - 2 * fronts - refusals) // 2)
    return Bounds(min(wanted, possible), fronts, refusals, _CONNECTIONS if wanted <= possible else _DESCRIPTORS)


class Budget:
    """Bytes that many connections hold together."""

    __slots__ = ("limit", "used")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def take(self, size: int) -> bool:
        """Take `size` bytes of it; False, and nothing is taken, if there are not so many."""
        if self.used + size > self.limit:
            return False
        self.used += size
        return True

    def give(self, size: int) -> None:
        """Give back what was taken."""
        self.used -= size


class Gate:
    """Who comes in. `say` gets a line at most once a minute and reason, by `clock` (seconds)."""

    def __init__(self, allowed: Bounds, tally: Tally, clock: Callable[[], float], say: Callable[[str], object]) -> None:
        self.bounds = allowed
        tally.connections_limit = allowed.connections
        self._tally = tally
        self._clock = clock
        self._say = say
        self._said: dict[str, tuple[float, int]] = {}
        self.open = 0
        """Clients that are connected."""
        self.refusing = 0
        """Clients that are being turned away."""

    def admit(self) -> bool:
        """Let a client in, if there is room; it leaves by `left`."""
        if self.open < self.bounds.connections:
            self.open += 1
            return True
        self.refused(self.bounds.reason, f"{self.open} connections are open, the most that {self._why()}")
        return False

    def left(self) -> None:
        """A client that was let in is gone."""
        self.open -= 1

    def front_gave_way(self) -> None:
        """A connection to the admin port was closed for a newer one, or because only health has room left."""
        self.refused(_ADMIN, f"{self.bounds.fronts} connections to the admin port are the most at a time")

    def refused(self, reason: str, why: str) -> None:
        """Count a connection that was turned away, and say so once a minute."""
        self._tally.refused[reason] += 1
        self._complain(reason, self._tally.refused[reason], f"connections refused ({reason}): {why}")

    def paused(self, error: OSError) -> None:
        """The kernel has no room for another connection: it waits."""
        self._tally.accept_pauses += 1
        self._complain(_FULL, self._tally.accept_pauses, f"times that accepting was put off: {error}")

    def _why(self) -> str:
        limited = self.bounds.reason == _DESCRIPTORS
        return "the limit of open files allows" if limited else "http.max_connections allows"

    def _complain(self, kind: str, count: int, text: str) -> None:
        at, before = self._said.get(kind, (float("-inf"), 0))
        now = self._clock()
        if now - at >= _SAID_SECONDS:
            self._said[kind] = now, count
            self._say(f"{count - before} {text}")

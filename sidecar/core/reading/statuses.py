"""Which requests count as input: those whose answers have an accepted status. Others are counted apart and never learned."""

from __future__ import annotations

from collections.abc import Iterable

from sidecar.core.words.exchange import Exchange, Outcome
from sidecar.core.words.stream import Answered


class Statuses:
    """What `decode.statuses` says: `2xx`, `200` or `200-204`, each of which the settings have checked."""

    def __init__(self, forms: Iterable[str]) -> None:
        self._accepted = numbers(forms)

    def answered(self, exchange: Exchange) -> Answered:
        """What became of a request."""
        if exchange.outcome is not Outcome.COMPLETE or not exchange.status:
            return Answered.UNANSWERED
        return Answered.ACCEPTED if exchange.status in self._accepted else Answered.REFUSED


def numbers(forms: Iterable[str]) -> frozenset[int]:
    """All statuses that one of the forms says."""
    return frozenset(status for form in forms for status in _of(form))


def _of(form: str) -> range:
    low, _, high = form.replace("xx", "00").partition("-")
    if form.endswith("xx"):
        return range(int(low), int(low) + 100)
    ends = sorted((int(low), int(high or low)))
    return range(ends[0], ends[1] + 1)

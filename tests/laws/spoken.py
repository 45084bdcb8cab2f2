"""How often a law had something to say: a law about frames that never meets a frame is no law."""

from __future__ import annotations

from collections import Counter


class Spoken:
    """Counts cases by what became of them."""

    def __init__(self) -> None:
        self._cases: Counter[str] = Counter()

    def add(self, outcome: str) -> None:
        self._cases[outcome] += 1

    def assert_at_least(self, **shares: float) -> None:
        """Each outcome has at least this share of all cases."""
        total = self._cases.total()
        for outcome, share in shares.items():
            found = self._cases[outcome] / max(total, 1)
            assert found >= share, f"{outcome}: {found:.1%} of {total} cases, {share:.0%} wanted ({dict(self._cases)})"

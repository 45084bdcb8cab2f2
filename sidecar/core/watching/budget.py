"""The budget of false alarms, shared among all streams: the more detectors there are, the higher the thresholds of each."""

from __future__ import annotations

from typing import Protocol

from sidecar.core.evidence.policy import Policy, policy
from sidecar.settings import Settings


class Member(Protocol):
    """What shares a budget: a `stream_watch`."""

    @property
    def detectors(self) -> int:
        """How many it has, of both sides and all segments."""

    def limit(self, limits: Policy) -> None:
        """These limits are in force from now on."""


class Budget:
    """Gives all members the same limits, anew whenever `share` is called because there is more or less to watch."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._members: list[Member] = []

    def join(self, member: Member) -> None:
        """One more."""
        self._members.append(member)
        self.share()

    def leave(self, member: Member) -> None:
        """One less."""
        self._members.remove(member)
        self.share()

    def share(self) -> None:
        """Compute the limits from all detectors, and tell every member."""
        detectors = sum(member.detectors for member in self._members)
        least_rows = self._settings.window.min_rows
        limits = policy(self._settings.drift, detectors, least_rows, max(len(self._members), 1))
        for member in self._members:
            member.limit(limits)

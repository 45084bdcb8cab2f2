"""The budget of false alarms is shared by all who are there."""

from __future__ import annotations

import pytest

from sidecar.core.evidence.policy import Policy, policy
from sidecar.core.watching.budget import Budget
from sidecar.settings import Settings

SETTINGS = Settings()


class Member:
    """Keeps the limits that it was told."""

    def __init__(self, detectors: int) -> None:
        self.detectors = detectors
        self.limits: Policy | None = None

    def limit(self, limits: Policy) -> None:
        self.limits = limits


def limits(detectors: int, members: int) -> Policy:
    return policy(SETTINGS.drift, detectors, SETTINGS.window.min_rows, members)


def test_all_members_have_the_limits_of_all_detectors_together() -> None:
    budget, members = Budget(SETTINGS), [Member(3), Member(8)]
    for member in members:
        budget.join(member)

    assert [member.limits for member in members] == [limits(11, 2)] * 2
    assert limits(11, 2).alarm > limits(3, 1).alarm


def test_who_leaves_gives_its_part_back_and_keeps_its_limits() -> None:
    budget, stays, leaves = Budget(SETTINGS), Member(3), Member(8)
    for member in (stays, leaves):
        budget.join(member)

    budget.leave(leaves)

    assert (stays.limits, leaves.limits) == (limits(3, 1), limits(11, 2))


@pytest.mark.parametrize("detectors", [0, 5])
def test_limits_are_computed_anew_when_a_member_has_more_to_watch(detectors: int) -> None:
    budget, member = Budget(SETTINGS), Member(0)
    budget.join(member)
    member.detectors = detectors

    budget.share()

    assert member.limits == limits(detectors, 1)

"""Rules and the kinds under which their violations are counted."""

from __future__ import annotations

from sidecar.core.words.rules import Rule


def test_no_kind_of_a_rule_is_that_of_another_violation() -> None:
    known = {
        "type",
        "missing_feature",
        "extra_feature",
        "unseen",
        "range",
        "shape",
        "stuck",
        "constant",
        "units",
        "withheld",
    }

    kinds = {rule.kind for rule in Rule}

    assert len(kinds) == len(Rule)
    assert kinds.isdisjoint(known)

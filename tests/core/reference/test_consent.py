"""What of a learned reference is named in clear; `tests/laws/test_consent.py` looks for planted values in all that goes out."""

from __future__ import annotations

from typing import Any

import pytest

from harness.profiles import frame, recounted
from sidecar.core.reference.consent import CLEAR_ROWS, Consent, Decision, decide
from sidecar.core.words.frame import Side

ROWS = 400
KEY = b"key"
KEYED = Consent(label_key=KEY)


def decided(column: list[Any], name: str = "c", consent: Consent = KEYED) -> Decision:
    columns = {name: column, "n": list(range(len(column)))}
    return decide(consent, recounted(columns).sides[Side.INPUT], [frame(columns)])


def test_few_frequent_categories_keep_their_names() -> None:
    assert decided(["red", "blue"] * (ROWS // 2)).named["c"] == {"red", "blue"}


def test_a_category_of_few_rows_has_none() -> None:
    rare = ["gold"] * (CLEAR_ROWS - 1)

    assert decided(["red"] * (ROWS - len(rare)) + rare).named["c"] == {"red"}


def test_more_categories_than_are_clear_have_none_unless_the_column_is_declared() -> None:
    column = [f"c{at % 8}" for at in range(ROWS)]

    assert decided(column, consent=Consent(clear_categories=7, label_key=KEY)).named["c"] == set()
    assert len(decided(column, consent=Consent(frozenset({"c"}), 7, KEY)).named["c"]) == 8


def test_one_value_like_a_secret_takes_the_names_of_all() -> None:
    assert decided(["red", "anna@example.org"] * (ROWS // 2)).named["c"] == set()


@pytest.mark.parametrize("name", ["password", "api_key", "user_email"])
def test_a_column_that_is_called_like_a_secret_is_withheld_unless_it_is_declared(name: str) -> None:
    column = ["red", "blue"] * (ROWS // 2)

    assert name in decided(column, name).withheld
    assert name not in decided(column, name, Consent(frozenset({name}), label_key=KEY)).withheld


def test_labels_stand_for_names_and_counts_stay() -> None:
    columns = {"c": ["red", "blue"] * (ROWS // 2)}
    profile = recounted(columns)
    consent = Consent(clear_categories=1, label_key=KEY)

    shown = decide(consent, profile.sides[Side.INPUT], [frame(columns)]).applied(profile, KEY).sides[Side.INPUT]

    (feature,) = shown.features
    assert feature.labelled
    assert all(name.startswith("#") for name in feature.categories)
    assert shown.counts.tolist() == profile.sides[Side.INPUT].counts.tolist()


def test_without_a_key_a_feature_that_needs_labels_is_withheld() -> None:
    assert "c" in decided(["red", "blue"] * (ROWS // 2), consent=Consent(clear_categories=1)).withheld

"""Which column is which feature."""

from __future__ import annotations

import pytest

from sidecar.core.binning.binner import ABSENT
from sidecar.core.binning.matching import match_columns, names_for

REFERENCE = ("age", "income", "country")


@pytest.mark.parametrize(
    ("names", "width", "configured", "found"),
    [
        (("b", "a"), 2, ("x", "y"), ("b", "a")),
        (None, 2, ("x", "y"), ("x", "y")),
        (None, 3, ("x", "y"), REFERENCE),
        (None, 3, ("x", "y", "z"), ("x", "y", "z")),
        (None, 4, ("x", "y"), ("f0", "f1", "f2", "f3")),
        (None, 1, (), ("f0",)),
    ],
    ids=["own", "configured", "the reference's", "configured first", "numbered", "single"],
)
def test_columns_are_called_by_themselves_then_the_settings_then_the_reference(
    names: tuple[str, ...] | None, width: int, configured: tuple[str, ...], found: tuple[str, ...]
) -> None:
    assert names_for(names, width, configured, REFERENCE) == found


def test_columns_are_found_by_name_in_any_order_and_others_are_counted() -> None:
    matching = match_columns(("country", "shoe", "age"), 3, (), REFERENCE)

    assert matching.columns == [2, ABSENT, 0]
    assert (matching.missing, matching.extra) == (("income",), 1)
    assert matching.matches
    assert not matching.misshapen


def test_of_two_columns_with_one_name_the_first_counts_and_the_second_is_extra() -> None:
    matching = match_columns(("age", "age", "income", "country"), 4, (), REFERENCE)

    assert (matching.columns, matching.extra) == ([0, 2, 3], 1)


def test_unnamed_columns_go_by_the_reference_s_order() -> None:
    assert match_columns(None, 3, (), REFERENCE).columns == [0, 1, 2]


@pytest.mark.parametrize(("width", "misshapen"), [(2, False), (3, False), (4, True)])
def test_unnamed_columns_of_another_number_than_any_known_are_misshapen(width: int, misshapen: bool) -> None:
    matching = match_columns(None, width, ("age", "income"), REFERENCE)

    assert matching.misshapen is misshapen
    assert matching.matches is not misshapen


def test_columns_of_which_none_is_a_feature_match_nothing() -> None:
    assert not match_columns(("a", "b"), 2, (), REFERENCE).matches

"""What is said of a column goes before what is said of all."""

from __future__ import annotations

import pytest

from sidecar.core.binning.bins import Kind
from sidecar.core.reference.choices import Choices
from sidecar.core.words.cell_texts import PLAIN, Reading

LOCAL, OTHER = Reading(decimal=","), Reading(thousands=",")


def test_a_column_is_read_by_its_own_form_and_any_other_by_that_of_all() -> None:
    choices = Choices(reading=LOCAL, readings={"a": OTHER, "b": PLAIN})

    assert [choices.read(name) for name in "abc"] == [OTHER, PLAIN, LOCAL]


def test_without_a_word_texts_are_plain_and_no_column_is_told() -> None:
    assert Choices().read("a") == PLAIN
    assert not Choices().is_told("a")


@pytest.mark.parametrize(
    "choices",
    [Choices(include=frozenset("a")), Choices(kinds={"a": Kind.BOOLEAN}), Choices(derive={"a": "text"})],
    ids=["include", "kind", "derive"],
)
def test_a_column_is_told_if_the_user_named_it_as_a_feature(choices: Choices) -> None:
    assert choices.is_told("a")
    assert not choices.is_told("b")


def test_a_way_to_read_a_column_does_not_make_it_a_feature() -> None:
    assert not Choices(readings={"a": LOCAL}, index=frozenset("a")).is_told("a")

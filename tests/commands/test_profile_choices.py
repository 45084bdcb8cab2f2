"""What the options of `profile` say of single columns, in the words of the core."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from sidecar.commands.profile_choices import choices_of, named_columns
from sidecar.core.binning.bins import Kind
from sidecar.errors import UserError


def options(**given: Any) -> argparse.Namespace:
    none = {"kind": [], "null": [], "decimal": [], "thousands": [], "include": [], "outputs": "", "data": []}
    return argparse.Namespace(**{**none, "min_category_rows": 20, **given})


def test_a_kind_counts_a_column_or_derives_features_from_it_and_a_time_has_its_form() -> None:
    choices = choices_of(options(kind=["a=categorical", "b=text", "c=time:ms", "d=e=numeric"]))

    assert choices.kinds == {"a": Kind.CATEGORICAL, "d=e": Kind.NUMERIC}
    assert choices.derive == {"b": "text", "c": "time"}
    assert choices.readings["c"].time == "ms"


def test_signs_are_of_all_columns_or_of_one() -> None:
    choices = choices_of(options(decimal=[",", "a=."], thousands=["apostrophe", "b=space"]))

    assert (choices.reading.decimal, choices.reading.thousands, choices.reading.signs) == (",", "'", True)
    assert (choices.readings["a"].decimal, choices.readings["a"].thousands) == (".", "'")
    assert (choices.readings["b"].decimal, choices.readings["b"].thousands) == (",", " ")


def test_texts_that_mean_nothing_are_split_stripped_and_kept_once() -> None:
    assert choices_of(options(null=["NA, -", "-,n/a"])).reading.null == ("NA", "-", "n/a")


def test_columns_that_options_name_must_be_there_but_outputs_are_looked_for_elsewhere() -> None:
    given = options(kind=["a=numeric", "b=text"], decimal=["c=,"], include=["d"], outputs="e")

    assert named_columns(choices_of(given), "e") == {"a", "b", "c", "d"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": ["a"]}, "is not NAME=KIND"),
        ({"kind": ["a=number"]}, "KIND is one of"),
        ({"kind": ["a=text:ms"]}, "has an unknown form"),
        ({"kind": ["a=time:fortnights"]}, "has an unknown form"),
        ({"decimal": [";"]}, "is no sign"),
        ({"thousands": ["a=;"]}, "is no sign"),
        ({"decimal": [","], "thousands": [","]}, "are both ','"),
        ({"thousands": ["a=."]}, "of 'a': are both '.'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_option(given: dict[str, list[str]], words: str) -> None:
    with pytest.raises(UserError) as error:
        choices_of(options(**given))
    assert words in str(error.value)

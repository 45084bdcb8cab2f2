"""The nearest explanation, from a few rows as they came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.profiles import frame, profile_of
from sidecar.core.binning.binner import Binner
from sidecar.core.reference.profile import SideProfile
from sidecar.core.watching.nearest import Nearest
from sidecar.core.words.cells import Coded, CodedCells, Columnar
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.mismatch import Explanation, Kind

COLUMNS: dict[str, list[Any]] = {
    "Age": [float(at % 50) for at in range(200)],
    "home_town": ["Delft", "York", "Zug", "Ede"] * 50,
    "size": ["01", "02", "007", "12"] * 50,
    "paid": [True, False] * 100,
    "answer": ["yes", "no"] * 100,
}
REFERENCE = profile_of(COLUMNS).sides[Side.INPUT]
AGE, TOWN, SIZE, PAID, ANSWER = range(5)


def nearest(frames: Sequence[Frame], reference: SideProfile = REFERENCE) -> Nearest:
    made = Nearest(reference, Binner(reference.features))
    for one in frames:
        made.keep([one])
    return made


def named(*names: str) -> Explanation:
    """Why `home_town` is not among columns of these names."""
    return nearest([frame({name: [1.0] for name in names})]).explained(TOWN, Kind.MISSING_FEATURE)


@pytest.mark.parametrize("name", ["HOME_TOWN", "Home_Town", " home_town"])
def test_a_name_in_another_case(name: str) -> None:
    assert named("Age", name) is Explanation.NAME_CASE


@pytest.mark.parametrize("name", ["home town", "home-town", "homeTown", "HOME.TOWN", "home__town"])
def test_a_name_in_another_spelling(name: str) -> None:
    assert named("Age", name) is Explanation.NAME_SPELLING


@pytest.mark.parametrize(
    "name", ["input.home_town", "features/home_town", "x_home_town", "num__home_town", "in.HOME_TOWN"]
)
def test_a_name_with_a_prefix(name: str) -> None:
    assert named("Age", name) is Explanation.NAME_PREFIX


def test_a_prefix_that_only_the_reference_has() -> None:
    prefixed = profile_of({"num__age": [1.0, 2.0] * 50}).sides[Side.INPUT]

    assert nearest([frame({"age": [1.0]})], prefixed).explained(0, Kind.MISSING_FEATURE) is Explanation.NAME_PREFIX


@pytest.mark.parametrize("name", ["chometown", "town", "home_towns", "hometow"])
def test_a_name_that_merely_looks_like_it_is_another_column(name: str) -> None:
    explanation = named("Age", "size", "paid", name)

    assert explanation in (Explanation.OTHER_VERSION, Explanation.NAME_PREFIX)
    assert (explanation is Explanation.NAME_PREFIX) == (name == "town")


@pytest.mark.parametrize(
    "names", [("x0", "x1", "x2"), ("x[0]", "x[1]", "x[2]"), ("input-0", "input-1"), ("0", "1", "2")]
)
def test_columns_that_are_numbered_where_the_reference_names_them(names: tuple[str, ...]) -> None:
    assert named(*names) is Explanation.NAME_POSITIONS


def test_few_columns_that_are_known_and_most_of_them() -> None:
    assert named("Age", "p", "q", "r") is Explanation.OTHER_MODEL
    assert named("Age", "size", "paid", "r") is Explanation.OTHER_VERSION
    assert named("Age", "size", "paid", "answer") is Explanation.ABSENT


def test_columns_that_the_reference_left_out_are_no_sign_of_another_version() -> None:
    withheld = msgspec.structs.replace(frame({"Age": [1.0], "ssn": ["x"]}))
    reference = SideProfile(REFERENCE.features, REFERENCE.counts, REFERENCE.moments, withheld=frozenset({"ssn"}))

    assert nearest([withheld], reference).explained(TOWN, Kind.MISSING_FEATURE) is Explanation.ABSENT


def test_an_object_in_the_place_of_a_value() -> None:
    assert named("Age", "home_town.name", "home_town.zip") is Explanation.NESTED
    assert nearest([frame({"Age": [None]})]).explained(AGE, Kind.TYPE) is Explanation.NESTED


def test_columns_without_names_in_another_number() -> None:
    bare = Frame(Side.INPUT, None, 1, 3, [1.0, 2.0, 3.0])

    assert nearest([bare]).explained(TOWN, Kind.MISSING_FEATURE) is Explanation.WIDTH
    assert nearest([bare]).name_explained() is Explanation.WIDTH


def typed(*values: Any) -> Explanation:
    """Why these values cannot be read as ages."""
    return nearest([frame({"Age": [value]}) for value in values]).explained(AGE, Kind.TYPE)


@pytest.mark.parametrize(
    ("values", "explanation"),
    [
        (["yes", "no"], Explanation.BOOLEANS),
        (["true", "False"], Explanation.BOOLEANS),
        (["48,5", "3,25"], Explanation.LOCALE),
        (["1.234,5", "2.345,6"], Explanation.LOCALE),
        (["12 kg", "13 kg"], Explanation.UNITS),
        (["12kg", "1.5kg"], Explanation.UNITS),
        (["36.6 °C"], Explanation.UNITS),
        (["50 km/h"], Explanation.UNITS),
        (["12 %", "13 %"], Explanation.UNITS),
        (["$ 12"], Explanation.UNITS),
        (["old", "young"], Explanation.TEXTS),
        (["4 to 5 years or so"], Explanation.TEXTS),
        (["2026-03-01"], Explanation.TEXTS),
    ],
)
def test_texts_where_numbers_are_expected(values: list[str], explanation: Explanation) -> None:
    assert typed(*values) is explanation


def unseen(at: int, *values: Any) -> Explanation:
    """Why the reference has none of these values."""
    return nearest([frame({REFERENCE.names[at]: [value]}) for value in values]).explained(at, Kind.UNSEEN)


@pytest.mark.parametrize(
    ("at", "values", "explanation"),
    [
        (TOWN, ["DELFT", "yorK"], Explanation.CASE),
        (TOWN, ["Delft ", " York"], Explanation.PADDING),
        (TOWN, [" delft"], Explanation.CASE),
        (TOWN, ["Rome"], Explanation.VALUES),
        (TOWN, [17, 18], Explanation.NUMBERS),
        (SIZE, ["1", "2", "7"], Explanation.ZEROS),
        (SIZE, ["0012", "002"], Explanation.ZEROS),
        (SIZE, ["99"], Explanation.VALUES),
        (SIZE, [99], Explanation.VALUES),
        (PAID, ["yes", "no"], Explanation.BOOLEANS),
        (PAID, ["T", "F"], Explanation.BOOLEANS),
        (PAID, ["perhaps"], Explanation.VALUES),
        (ANSWER, [True, False], Explanation.BOOLEANS),
        (ANSWER, ["Yes", "No"], Explanation.BOOLEANS),
    ],
)
def test_values_that_the_reference_does_not_have(at: int, values: list[Any], explanation: Explanation) -> None:
    assert unseen(at, *values) is explanation


def test_one_strange_value_among_others_explains_nothing() -> None:
    assert unseen(TOWN, "DELFT", "Rome", "Oslo") is Explanation.VALUES


def test_labels_are_tried_in_the_usual_cases() -> None:
    plain = REFERENCE.features[TOWN]
    keyed = msgspec.structs.replace(plain, labelled=True, label_key=b"key")
    labelled = msgspec.structs.replace(keyed, categories=tuple(keyed.label(one) for one in plain.categories))
    reference = SideProfile((labelled,), REFERENCE.counts[[TOWN]], REFERENCE.moments)
    made = [nearest([frame({"home_town": [value]})], reference) for value in ("delft", " Delft", "Rome")]

    assert [one.explained(0, Kind.UNSEEN) for one in made] == [
        Explanation.CASE,
        Explanation.PADDING,
        Explanation.VALUES,
    ]


def test_columns_that_were_exchanged() -> None:
    swapped = [frame({"Age": [town], "home_town": [age]}) for town, age in (("Delft", 12.0), ("Zug", 33.0))]

    assert nearest(swapped).explained(AGE, Kind.TYPE) is Explanation.ORDER
    assert nearest(swapped).explained(TOWN, Kind.UNSEEN) is Explanation.ORDER


def test_a_neighbour_whose_own_values_would_do_too_was_not_exchanged() -> None:
    reference = profile_of({"a": ["p", "q"] * 50, "b": ["p", "q"] * 50}).sides[Side.INPUT]

    assert nearest([frame({"a": ["r"], "b": ["p"]})], reference).explained(0, Kind.UNSEEN) is Explanation.VALUES


def test_only_the_last_frames_explain() -> None:
    made = nearest([frame({"home_town": ["Rome"]})] * 5 + [frame({"home_town": ["DELFT"]})] * 3)

    assert made.explained(TOWN, Kind.UNSEEN) is Explanation.CASE


def test_messages_that_cannot_be_read_and_rows_that_never_came() -> None:
    assert nearest([]).explained(AGE, Kind.UNREAD) is Explanation.UNREAD
    assert nearest([]).explained(AGE, Kind.MISSING_FEATURE) is Explanation.ABSENT
    assert nearest([]).explained(TOWN, Kind.UNSEEN) is Explanation.VALUES
    assert nearest([Frame(Side.INPUT, ("Age",), 0, 1, [])]).name_explained() is Explanation.ABSENT


def test_every_form_of_rows_is_kept() -> None:
    array = Frame(Side.INPUT, ("Age", "home_town"), 2, 2, np.array([1.0, 2.0, 3.0, 4.0]))
    columns = Columnar([[1.0, 2.0], CodedCells(Coded.of(["DELFT", "ZUG"]))])
    columnar = Frame(Side.INPUT, ("Age", "home_town"), 2, 2, columns)

    assert nearest([array]).explained(TOWN, Kind.UNSEEN) is Explanation.NUMBERS
    assert nearest([columnar]).explained(TOWN, Kind.UNSEEN) is Explanation.CASE


def test_times_that_cannot_be_read_are_unreadable_and_missing_ones_are_not() -> None:
    times = {"when": [f"2026-03-{at % 28 + 1:02}T10:00:00" for at in range(100)]}
    reference = profile_of(times).sides[Side.INPUT]

    assert nearest([frame({"when": ["the other day"]})], reference).is_unreadable(0)
    assert nearest([frame({"when": ["the other day"]})], reference).explained(0, Kind.TYPE) is Explanation.TIMES
    assert not nearest([frame({"when": [None]})], reference).is_unreadable(0)
    assert not nearest([frame({"when": ["2026-03-01"]})], reference).is_unreadable(0)

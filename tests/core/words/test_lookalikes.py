"""What looks like a secret or like personal data, and what does not."""

from __future__ import annotations

import numpy as np
import pytest

from harness.secrets_planted import HARMLESS, HARMLESS_NAMES, NAMES, NUMBERS, TEXTS
from sidecar.core.words.lookalikes import (
    are_identifiers,
    is_credential,
    kind_of_column,
    kind_of_name,
    kind_of_text,
    scrubbed,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_that_is_a_secret_or_personal_is_recognised(text: str) -> None:
    assert kind_of_text(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_a_plain_category_is_not_taken_for_one(text: str) -> None:
    assert not kind_of_text(text)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_such_data_is_recognised_in_any_case_and_language(name: str) -> None:
    assert kind_of_name(name)


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_names_of_features_and_of_measurements_are_not_taken_for_one(name: str) -> None:
    assert not kind_of_name(name)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("form", ["scores.{}", "{}.count", "home.{}.at[0]"])
def test_a_name_that_has_such_a_text_among_its_parts_is_recognised(form: str, text: str) -> None:
    assert kind_of_column(form.format(text))


@pytest.mark.parametrize(
    "name", [*HARMLESS_NAMES, "home.city", "card.type", "a.b.c.d.e.f.g.h", "home.income per month in euros"]
)
def test_parts_of_other_names_are_not_taken_for_one(name: str) -> None:
    assert not kind_of_column(name)


def test_credentials_are_told_from_personal_data() -> None:
    assert all(map(is_credential, ("password", "api_key", "accessToken", "pass")))
    assert not any(map(is_credential, ("email", "phone", "age")))


def test_a_card_number_has_the_check_digit_of_its_kind() -> None:
    assert kind_of_text("4111 1111 1111 1111") != ""
    assert are_identifiers(np.array([1.0, 2.0, 4111111111111111.0]))
    assert not are_identifiers(np.array([4111111111111112.0, 2.5e15, 3.5e14, 5e13]))


@pytest.mark.parametrize("number", [float(number) for number in NUMBERS])
def test_identifiers_are_recognised_among_numbers_however_rare(number: float) -> None:
    ordinary = RNG.normal(50, 10, 1_000)

    assert are_identifiers(np.full(100, number))
    assert are_identifiers(np.append(ordinary, number))
    assert not are_identifiers(ordinary)


@pytest.mark.parametrize(
    "numbers",
    [
        RNG.integers(0, 10_000_000, 1_000),
        np.exp(RNG.normal(18, 3, 1_000)).round(),
        np.append(RNG.normal(50, 10, 1_000), 999_999_999),
        np.append(RNG.normal(50, 10, 1_000), 1e12),
        np.full(100, np.nan),
    ],
    ids=["prices", "many orders of magnitude", "a number for missing", "a round number", "missing"],
)
def test_large_numbers_are_not_identifiers_as_such(numbers: np.ndarray) -> None:
    assert not are_identifiers(numbers.astype(np.float64))


def test_a_message_loses_what_looks_like_a_secret_and_nothing_else() -> None:
    assert scrubbed("values of 'age' have 3 cells") == "values of 'age' have 3 cells"
    assert scrubbed("tensor 'userPassword' has no shape") == "tensor '***' has no shape"
    assert scrubbed('datatype "alice@example.com" of 4111111111111111, 2 rows') == "datatype '***' of *** 2 rows"


@pytest.mark.parametrize("kind", ["email", "phone, plain", "card", "iban", "ssn", "jwt", "aws key", "bearer", "ipv4"])
def test_a_text_is_recognised_behind_a_word_that_begins_a_measurement(kind: str) -> None:
    assert kind_of_name(f"has {TEXTS[kind]}")

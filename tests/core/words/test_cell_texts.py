"""What the text of a cell says."""

from __future__ import annotations

import pytest

from sidecar.core.words.cell_texts import (
    PLAIN,
    Reading,
    are_codes,
    is_missing,
    number_of,
    seems_local,
)

GERMAN = Reading(decimal=",", thousands=".")
SIGNS = Reading(signs=True, thousands=",")


@pytest.mark.parametrize(
    ("text", "reading", "number"),
    [
        ("1.5", PLAIN, 1.5), (" -2 ", PLAIN, -2), ("+3", PLAIN, 3), (".5", PLAIN, 0.5), ("5.", PLAIN, 5), ("1e-05", PLAIN, 1e-5),
        ("1E+20", PLAIN, 1e20), ("Infinity", PLAIN, float("inf")), ("-inf", PLAIN, -float("inf")),
        ("1_000", PLAIN, None), ("0x1F", PLAIN, None), ("١٢", PLAIN, None), ("1,5", PLAIN, None), ("", PLAIN, None),
        ("nan", PLAIN, None), ("1.234,50", GERMAN, 1234.5), ("27,01", GERMAN, 27.01), ("1.234", GERMAN, 1234),
        ("1.23", GERMAN, None), ("1,2,3", Reading(thousands=","), None), ("12,34,567", Reading(thousands=","), 1234567),
        ("1 234", Reading(thousands=" "), 1234), ("1\u202f234", Reading(thousands=" "), 1234),
        ("1\u00a0234,5", Reading(decimal=",", thousands=" "), 1234.5), ("1\u2019234.50", Reading(thousands="'"), 1234.5),
        ("12.3%", SIGNS, 12.3), ("$5.10", SIGNS, 5.1), ("5.10 €", SIGNS, 5.1), ("EUR 1,234", SIGNS, 1234),
        ("(1,234.5)", SIGNS, -1234.5), ("-$5", SIGNS, -5), ("5-", SIGNS, -5), ("$", SIGNS, None),
        ("1 days 02:03:04.5", PLAIN, 93_784.5), ("2 days, 0:00:01", PLAIN, 172_801), ("P1DT2H3M4.5S", PLAIN, 93_784.5),
        ("-PT90S", PLAIN, -90), ("P", PLAIN, None), ("PT", PLAIN, None), ("P1M", PLAIN, None),
    ],
)  # fmt: skip
def test_a_text_is_a_number_as_its_column_is_written(text: str, reading: Reading, number: float | None) -> None:
    assert number_of(text, reading) == number


@pytest.mark.parametrize("text", ["", " ", "NA", "n/a", "NaN", "NULL", "None", "#N/A", "-", "?", "<NA>", "NaT", r"\N"])
def test_what_usually_means_missing_does_among_numbers(text: str) -> None:
    assert is_missing(text)


@pytest.mark.parametrize("text", ["0", "no", "unknown", "n.d.", "--1"])
def test_other_texts_mean_missing_only_if_the_user_said_so(text: str) -> None:
    assert not is_missing(text)
    assert is_missing(text, Reading(null=(text,)))


@pytest.mark.parametrize(
    ("texts", "codes"),
    [
        (["01", "12"], True), (["-007"], True), (["12345678901234567890"], True), (["+4915112345678"], True),
        (["1e5", "204"], True), (["0", "0.5", "-0.5"], False), (["1e-05", "2"], False), (["1e5", "0.5"], False),
        (["1000000000000000"], False), (["+1.5", "-2"], False), ([], False),
    ],
)  # fmt: skip
def test_texts_that_would_not_come_back_as_written_are_codes(texts: list[str], codes: bool) -> None:
    assert are_codes(texts) is codes


@pytest.mark.parametrize(
    ("texts", "reading"),
    [
        (["1,325", "88,897"], Reading(thousands=",")), (["27,01", "5,2"], Reading(decimal=",")),
        (["1.234,50", "7,5"], Reading(decimal=",", thousands=".")), (["1 234", "5"], Reading(thousands=" ")),
        (["1.234.567", "3.000"], Reading(decimal=",", thousands=".")), (["12.3%", "4%"], Reading(signs=True)),
        (["$5.10", "$1,234.00"], Reading(thousands=",", signs=True)), (["1'234.50"], Reading(thousands="'")),
        (["5,10 €"], Reading(decimal=",", signs=True)), (["a", "b"], None), (["10.0.0.1"], None), (["12:30"], None),
    ],
)  # fmt: skip
def test_local_numbers_are_recognised_with_the_form_that_reads_them(texts: list[str], reading: Reading | None) -> None:
    assert seems_local(texts) == reading

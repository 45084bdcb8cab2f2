"""What anybody sent is said in one line, without escape sequences and without credentials."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.plain_text import label, one_line, printable, traceback_of, without_credentials, without_url_secrets

MALFORMED = ["https://me:hu/sh@h/", "https://me:hu#sh@h/", "https://me:hu?sh@h/", "https://h/a@hush", "http://[hush"]
WHERE = ["{}", "'{}'", "(url: {})", "cannot fetch {}.", "a={},b", '{{"url":"{}"}}', "<{}>", "see\n{}\nthere"]
SECRET = [
    "http://me:hush@h/", "HTTPS://h/m?key=hush", "http://h/#hush", "/v1/traces?key=hush", "me:hush@collector:4318",
    "http://h/,http://me:hush@b/", "http://me:hu'hush@h/", "postgres+tcp://me:hush@h/db", "http://me@hush:hush@h/", *MALFORMED,
]  # fmt: skip
HARMLESS = [
    "", "a@b.example", "and/or?", "what? yes", "http://127.0.0.1:8080/v1", "Error (see docs/metrics.md)", "1:2", "/a/b:infer",
    "name é 漢字 👩\u200d👩", "50%", "C:\\temp", "a\\b",
]  # fmt: skip


@pytest.mark.parametrize("value", MALFORMED)
def test_an_address_that_reads_as_none_is_not_shown(value: str) -> None:
    assert without_credentials(value) == "***"


@pytest.mark.parametrize("value", [
    "", "reference.json", "/refs/loans.json", "/metrics", "http://127.0.0.1:8002/metrics", "http://[::1]:8002/metrics",
    "https://collector:4318/v1/traces", "http://collector",
])  # fmt: skip
def test_what_holds_no_credentials_is_shown_as_it_is(value: str) -> None:
    assert without_credentials(value) == value


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("secret", SECRET)
def test_no_text_repeats_credentials_of_a_url(secret: str, where: str) -> None:
    assert "hush" not in without_url_secrets(where.format(secret))


@pytest.mark.parametrize("text", HARMLESS)
def test_a_text_without_secrets_is_said_as_it_is(text: str) -> None:
    assert one_line(text) == text


def test_the_place_of_a_url_stays() -> None:
    assert without_url_secrets("cannot fetch 'https://me:hush@h:1/x?key=hush'.") == "cannot fetch 'https://h:1/x'."


@given(st.text())
def test_no_text_moves_a_cursor_or_begins_a_line(text: str) -> None:
    said = printable(text)
    assert not [one for one in said if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(said) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


@given(st.text("\\xu0123ab\x1b\n\u2028\ud800"), st.text("\\xu0123ab\x1b\n\u2028\ud800"))
def test_two_texts_are_never_labelled_alike(one: str, other: str) -> None:
    assert (label(one) == label(other)) is (one == other)


@pytest.mark.parametrize(
    "text", ["a:" * 100_000 + "@", "-/" * 100_000, "a" * 100_000 + "://", "a@" * 100_000, "?/" * 100_000]
)
def test_a_text_made_to_be_slow_is_read_once(text: str) -> None:
    assert len(one_line(text)) <= len(text)


def failing() -> None:
    try:
        int("4111111111111111x")
    except ValueError as error:
        raise OSError("http://me:hush@h/ is gone") from error


def test_a_traceback_says_where_and_what_and_repeats_no_value_and_no_credentials() -> None:
    with pytest.raises(OSError, match="gone") as caught:
        failing()
    lines = traceback_of(caught.value)

    assert "ValueError" in lines
    assert lines[-1] == "OSError: http://h/ is gone"
    assert not [line for line in lines if "hush@h" in line.replace('raise OSError("http://me:hush@h/ is gone")', "")]
    assert not [line for line in lines if "4111111111111111x" in line.replace('int("4111111111111111x")', "")]


def test_a_chain_of_errors_that_goes_in_a_circle_ends() -> None:
    error = OSError("a")
    error.__context__ = ValueError("b")
    error.__context__.__context__ = error

    assert traceback_of(error) == ["ValueError", "OSError: a"]

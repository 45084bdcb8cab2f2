"""Patterns say of every text what `re.fullmatch` says, and no pattern makes a text slow."""

from __future__ import annotations

import random
import re

import pytest

from sidecar.core.words.patterns import MOST_CHARACTERS, MOST_POSITIONS, Pattern

ATOMS = ("a", "b", "c", ".", "[ab]", "[^a]", r"\d", r"\w", r"\s", "[a-c1]", r"\D", r"\W", r"\S", "(?:ab|c)", "(a|b)", r"[\d-]",
         r"[\W_]", "1", "-", r"\.", "()", "(a{0,2})", r"[^\w]", "[]a]", "(|a)")  # fmt: skip
REPEATED = ("", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "{0}")


def made(rng: random.Random) -> str:
    """A pattern of a few pieces, some of them groups and choices."""
    pieces = [rng.choice(ATOMS) + rng.choice(REPEATED) for _ in range(rng.randint(1, 4))]
    inner = "".join(pieces)
    return f"(?:{inner})|{rng.choice(ATOMS)}" if rng.random() < 0.2 else inner


def test_patterns_agree_with_those_of_python_on_every_text() -> None:
    rng = random.Random(1)
    matched = looked = 0
    for _ in range(4_000):
        text = made(rng)
        theirs, ours = re.compile(text, re.ASCII), Pattern(text)
        for _ in range(6):
            value = "".join(rng.choice("aabbc1-._\n é]") for _ in range(rng.randint(0, 6)))
            looked += 1
            matched += ours.matches(value)
            assert ours.matches(value) == (theirs.fullmatch(value) is not None), (text, value)
    assert matched > 0.1 * looked


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("(a+)+b", "a" * MOST_CHARACTERS), ("(a*)*" * 20 + "c", "a" * MOST_CHARACTERS),
     ("(a|a|aa)+$", "a" * (MOST_CHARACTERS - 1) + "b"), ("(.{0,15}){0,15}x", "ab" * 500), (".*a.*a.*a.*a.*a.*b", "a" * 1000)],
)  # fmt: skip
def test_what_backtracking_would_never_end_on_takes_a_few_steps_a_character(pattern: str, text: str) -> None:
    found = Pattern(pattern)

    assert not found.matches(text)
    assert len(found._steps) <= len(text)  # one step for each character at most, each remembered


def test_a_pattern_describes_the_whole_text_with_or_without_anchors() -> None:
    for pattern in ("[A-Z]{2}", "^[A-Z]{2}$", "^NL$|^[A-Z]{2}$"):
        assert Pattern(pattern).matches("NL")
        assert not Pattern(pattern).matches("NLD")


def test_a_text_that_is_too_long_matches_nothing() -> None:
    assert Pattern(".*").matches("a" * MOST_CHARACTERS)
    assert not Pattern(".*").matches("a" * (MOST_CHARACTERS + 1))


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "a**", "a+?", "a++", "(?=a)", "(?P<x>a)", r"(a)\1", r"\b", "[z-a]", "a{3,1}", "{", "a{x}", "[", "[[a]", "x$y",
     "a^", "\\", f"a{{{MOST_POSITIONS + 1}}}", "(a{16}){16}", "(" * 60 + ")" * 60],
)  # fmt: skip
def test_what_is_not_understood_is_an_error_that_names_the_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        Pattern(pattern)

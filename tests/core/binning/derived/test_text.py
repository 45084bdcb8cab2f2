"""What a text becomes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sidecar.core.binning.derived.text import READ, Text

TEXT = Text()


def parts(*values: Any) -> dict[str, list[float]]:
    return dict(zip(TEXT.parts, TEXT.derive(values).tolist(), strict=True))


def test_length_words_and_ratios_of_characters() -> None:
    found = parts("Call ME at 12", "Žlutý kůň")

    assert found["length"] == [13, 9]
    assert found["words"] == [4, 2]
    assert found["upper"] == [3 / 13, 1 / 9]
    assert found["digits"] == [2 / 13, 0]
    assert found["non_ascii"] == [0, 4 / 9]


@pytest.mark.parametrize(
    ("text", "ratio"), [("Привет", 1.0), ("漢字", 1.0), ("a\N{GRINNING FACE}", 0.5), ("\ud800a", 0.5)]
)
def test_every_script_is_counted(text: str, ratio: float) -> None:
    assert parts(text)["non_ascii"] == [ratio]


def test_a_missing_or_empty_text_has_no_parts_and_its_neighbours_have() -> None:
    found = TEXT.derive(["a", None, "", float("nan"), "b"])

    assert np.isnan(found).all(axis=0).tolist() == [False, True, True, True, False]
    assert np.isnan(found).any(axis=0).tolist() == [False, True, True, True, False]


def test_a_number_is_read_as_it_is_written() -> None:
    assert parts(12.0, True) == parts("12", "true")


def test_the_views_are_of_the_set_of_words() -> None:
    one, other, third = TEXT.derive(["the red fox", "Fox, the RED! the...", "a blue bird sings"])[5:].T

    assert one.tolist() == other.tolist()
    assert one.tolist() != third.tolist()


def test_views_of_different_words_scatter_by_about_one() -> None:
    found = TEXT.derive([" ".join(f"w{row}x{at}" for at in range(12)) for row in range(1_000)])[5:]

    assert found.std(axis=1) == pytest.approx(1.0, abs=0.09)  # 4 standard errors
    assert found.mean(axis=1) == pytest.approx(0.0, abs=0.13)


def test_a_text_without_words_lies_in_the_middle() -> None:
    assert TEXT.derive(["?!"])[5:].ravel().tolist() == [0.0] * 8


def test_of_a_very_long_text_the_length_is_counted_in_full() -> None:
    found = parts("a" * READ + "1" * READ)

    assert (found["length"], found["digits"]) == ([2 * READ], [0.0])


def test_many_texts_give_what_each_gives_alone() -> None:
    texts = [f"{'Text ' * (at % 7)}{at}é" for at in range(200)]

    assert TEXT.derive(texts).tolist() == np.hstack([TEXT.derive([text]) for text in texts]).tolist()

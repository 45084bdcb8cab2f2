"""How a mismatch is said."""

from __future__ import annotations

from sidecar.core.words.mismatch import Explanation, Kind, Mismatch


def test_words_have_the_share_the_rows_and_the_explanation() -> None:
    named = Mismatch(Kind.MISSING_FEATURE, 1.0, 1_200, Explanation.NAME_CASE)
    unseen = Mismatch(Kind.UNSEEN, 0.97, 100, Explanation.CASE)

    assert named.words == "100.0% of 1,200 rows do not have the column: names differ in case"
    assert unseen.words == "97.0% of 100 rows have a value that the reference does not have: values differ in case"


def test_of_messages_that_cannot_be_read_the_drift_log_says_why() -> None:
    said = Mismatch(Kind.UNREAD, 1.0, 60, Explanation.UNREAD).words

    assert said == "100.0% of 60 messages could not be read; decode_failed in the drift log says why"


def test_explanations_are_a_closed_set_of_short_phrases() -> None:
    assert len(set(Explanation)) == len(Explanation)
    assert all(0 < len(one) <= 70 and one[0].islower() for one in Explanation)

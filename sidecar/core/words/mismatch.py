"""That a reference does not describe what comes: in which way, how much of it, and what is the nearest explanation.

Words alone: `watching.mismatch` finds it, `watching.nearest` explains it, and whoever shows it copies `words`.
"""

from __future__ import annotations

import enum

import msgspec


class Kind(enum.StrEnum):
    """What is wrong with nearly all cells of a feature. Its `criterion` while it is in state mismatch."""

    UNSEEN = "unseen"
    """Values that the reference does not have."""
    TYPE = "type"
    """Values that cannot be read as the feature's kind."""
    MISSING_FEATURE = "missing_feature"
    """No such column."""
    UNREAD = "unread"
    """Rows of messages that could not be read."""


class Explanation(enum.StrEnum):
    """The nearest explanation, which names nothing that a client sent. Label values `explanation` of `model_mismatched_features`,
    where `none` stands for no mismatch.
    """

    NAME_CASE = "names differ in case"
    NAME_SPELLING = "names differ in blanks, dashes, dots or underscores"
    NAME_PREFIX = "names have a prefix"
    NAME_POSITIONS = "columns are numbered on one side and named on the other"
    WIDTH = "columns without names come in another number"
    ORDER = "columns come in another order"
    NESTED = "objects or lists come where single values are expected"
    OTHER_VERSION = "most columns are known: perhaps the reference of another version"
    OTHER_MODEL = "few columns are known: perhaps the reference of another model"
    CASE = "values differ in case"
    PADDING = "values differ in blanks around them"
    ZEROS = "values differ in leading zeros"
    BOOLEANS = "booleans are written in other words"
    LOCALE = "numbers are written in another locale"
    UNITS = "numbers come with a unit"
    TEXTS = "texts come where numbers are expected"
    NUMBERS = "numbers come where names are expected"
    TIMES = "times are written in another way"
    VALUES = "no value is one that the reference has"
    ABSENT = "the column is not sent"
    UNREAD = "messages cannot be read"


_HAVE = {
    Kind.UNSEEN: "of {rows:,} rows have a value that the reference does not have",
    Kind.TYPE: "of {rows:,} rows have a value of another type",
    Kind.MISSING_FEATURE: "of {rows:,} rows do not have the column",
}


class Mismatch(msgspec.Struct, frozen=True):
    """Nearly all cells of a feature, or of all features of a side, are of `kind`: the `share` of `rows` rows."""

    kind: Kind
    share: float
    rows: int
    explanation: Explanation

    @property
    def words(self) -> str:
        """E.g. `100.0% of 120 rows do not have the column: names differ in case`."""
        if self.kind is Kind.UNREAD:
            return (
                f"{self.share:.1%} of {self.rows:,} messages could not be read; decode_failed in the drift log says why"
            )
        return f"{self.share:.1%} {_HAVE[self.kind].format(rows=self.rows)}: {self.explanation.value}"

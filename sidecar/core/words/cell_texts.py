"""What the text of a cell says: that it is missing, a number, or a code that only looks like one.

One `Reading` a column says how its texts are read, in the reference's file and live alike, so that a file, a CSV body, JSON and
BYTES of the same rows give the same bins. Whether a column is numbers or names is `reference.column`'s to say; times are
`time_texts`'.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

MISSING_NUMBERS = frozenset(
    {"", "na", "n/a", "nan", "-nan", "null", "none", "nil", "nat", "<na>", "#n/a", "#na", "#n/a n/a", "-", "--", "?", ".",
     "\\n", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"}
)  # fmt: skip
"""Texts in lower case that mean `missing` where numbers, booleans or times are expected. Among names only the empty text does:
`NA` is a country, and `-` and `?` are answers.
"""
EXACT = 2**53
"""Beyond it, neighbouring whole numbers are the same float."""
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?inf(?:inity)?", re.ASCII | re.IGNORECASE)
_DAYS = re.compile(r"(-)?(\d+) days?,? \+?(\d{1,2}):(\d\d):(\d\d(?:\.\d+)?)", re.ASCII)
_ISO_DURATION = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII)
_LEADING_ZERO = re.compile(r"[+-]?0\d", re.ASCII)
_TELEPHONE = re.compile(r"\+\d{7,}", re.ASCII)
_BARE_EXPONENT = re.compile(r"\d+e\d+", re.ASCII | re.IGNORECASE)
_EXACT_DIGITS = 15
_CURRENCY = "$€£¥₹₽₩₺₫฿₪₦₴₱"
_SIGNS = re.compile(
    rf"[{_CURRENCY}%‰]|\b(?:USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|CZK|BRL|R\$|kr|Fr)\b\.?"
)
_SPACES = "\u0020\u00a0\u202f\u2009"
_APOSTROPHES = "'\u2019"
_GROUPS = "".join((",.", _SPACES, _APOSTROPHES))


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the texts of a column are read; all fields but the first are for columns that are no names."""

    null: tuple[str, ...] = ()
    """Texts that mean `missing` beside those that do anyway."""
    decimal: str = "."
    thousands: str = ""
    """What groups digits; a space stands for all kinds of it, an apostrophe for both."""
    signs: bool = False
    """Percent and currency signs are passed over, and parentheses are a minus."""
    time: str = ""
    """Of times: `s`, `ms`, `us` or `ns` since 1970, `dmy` or `mdy` for dates with slashes; empty for what they seem."""

    @property
    def is_local(self) -> bool:
        """A text must not be read as Python reads it."""
        return self.signs or bool(self.thousands) or self.decimal != "."


PLAIN = Reading()


def is_missing(text: str, reading: Reading = PLAIN) -> bool:
    """Whether a text means `missing` where a number, a boolean or a time is expected."""
    stripped = text.strip()
    return stripped.lower() in MISSING_NUMBERS or stripped in reading.null


def number_of(text: str, reading: Reading = PLAIN) -> float | None:
    """The number that a text is, of a duration its seconds; None where it is none. It may be infinite, and is never NaN."""
    stripped = text.strip()
    if reading.is_local:
        stripped = _without_locality(stripped, reading)
    return float(stripped) if _PLAIN.fullmatch(stripped) else _seconds_of(stripped)


def _seconds_of(text: str) -> float | None:
    """Of a duration as pandas and Python write them (`1 days 02:03:04.5`), or in ISO 8601 without months (`P1DT2H3M4.5S`)."""
    found = _DAYS.fullmatch(text) or (_ISO_DURATION.fullmatch(text) if text[-1:].isalpha() else None)
    if not found:
        return None
    sign, *parts = found.groups()
    if not any(parts):
        return None
    seconds = sum(float(part or 0) * unit for part, unit in zip(parts, (86_400, 3_600, 60, 1), strict=True))
    return -seconds if sign == "-" else seconds


def are_codes(texts: Iterable[str]) -> bool:
    """Whether texts that all are plain numbers are names: leading zeros, more digits than a float has, telephone numbers, or
    exponents as no program writes them among whole numbers (`1e5` beside `204`).
    """
    bare = fraction = False
    for text in map(str.strip, texts):
        if _is_code(text):
            return True
        bare = bare or _BARE_EXPONENT.fullmatch(text) is not None
        fraction = fraction or not (text.isdigit() or _BARE_EXPONENT.fullmatch(text))
    return bare and not fraction


def seems_local(texts: Iterable[str]) -> Reading | None:
    """How texts would have to be read to be numbers, if nearly all of them could be; None otherwise, and where all are plain."""
    found = [text.strip() for text in texts]
    if all(number_of(text) is not None for text in found):
        return None
    for reading in _candidates(found):
        read = sum(number_of(text, reading) is not None for text in found)
        if read and read >= _NEARLY * len(found):
            return reading
    return None


def numeric_name(value: float) -> str:
    """How JSON writes a number that is a name: whole ones without a fraction."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**63 else str(value)


_NEARLY = 0.95


def _candidates(texts: list[str]) -> list[Reading]:
    """Forms to try, the plainest first; a comma before three digits groups them if all do."""
    groups = {sign for text in texts for sign in re.findall(rf"\d([{_GROUPS}])(?=\d{{3}}(?!\d))", text)}
    grouping = ["", *(sign for sign in (",", ".", " ", "'") if _shown(sign) & groups)]
    return [
        Reading(decimal=decimal, thousands=sign, signs=signs)
        for signs in (False, True)
        for decimal in (".", ",")
        for sign in grouping
        if sign != decimal and (signs or sign or decimal != ".")
    ]


def _shown(sign: str) -> set[str]:
    """The characters that a sign of grouping stands for."""
    return set(_SPACES if sign == " " else _APOSTROPHES if sign == "'" else sign)


def _without_locality(text: str, reading: Reading) -> str:
    """A local number as a plain one; as it is, or empty, where it is none."""
    if reading.signs:
        text = _SIGNS.sub("", text).strip(_SPACES)
        if text[:1] == "(" and text[-1:] == ")":
            text = "-" + text[1:-1].strip(_SPACES)
        elif text[-1:] == "-":
            text = "-" + text[:-1].strip(_SPACES)
        text = re.sub(rf"^([+-])[{_SPACES}]+", r"\1", text)
    whole, decimal, rest = text.partition(reading.decimal)
    if reading.thousands:
        whole = _ungrouped(whole, "".join(_shown(reading.thousands)))
    if (not whole and not rest) or "." in whole or "." in rest:
        return ""
    return f"{whole}.{rest}" if decimal else whole


def _ungrouped(whole: str, signs: str) -> str:
    """Digits without the signs between groups of three; empty where the groups are others (`1,2,3`). Lakhs have groups of two."""
    grouped = rf"[+-]?[1-9]\d{{0,2}}(?:[{re.escape(signs)}]\d{{2,3}})*[{re.escape(signs)}]\d{{3}}"
    if not any(sign in whole for sign in signs):
        return whole
    return re.sub(rf"[{re.escape(signs)}]", "", whole) if re.fullmatch(grouped, whole, re.ASCII) else ""


def _is_code(text: str) -> bool:
    if _LEADING_ZERO.match(text) or _TELEPHONE.fullmatch(text):
        return True
    return len(text) > _EXACT_DIGITS and text.lstrip("+-").isdigit() and int(float(text)) != int(text)


def plain_or_none(value: Any) -> float | None:
    """The number of a text that is a plain number and no code by itself; for names that are written in two ways."""
    if not isinstance(value, str) or not _PLAIN.fullmatch(value) or _is_code(value):
        return None
    return float(value)

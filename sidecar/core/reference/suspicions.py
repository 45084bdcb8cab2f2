"""What is odd about a column of reference data: that it identifies rows or people, so that it is left out, or that it is not what
it seems.

Every finding names the option of `profile` that changes it. It looks at what `column` gathered, changes nothing, and judges no
drift. What can be told from a finished profile alone is `findings_of`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.binning.time_texts import seconds_of_text
from sidecar.core.reference.choices import Choices
from sidecar.core.reference.column import Column
from sidecar.core.reference.profile import Profile
from sidecar.core.words.arrays import Floats
from sidecar.core.words.cell_texts import EXACT, Reading, seems_local
from sidecar.core.words.lookalikes import NAMES_OF_THINGS, PROSE, are_identifiers, kind_of_column

LEAST_ROWS = 100
"""Fewer rows do not tell an identifier from a number that varies..."""
FEW_ROWS = 1_000
"""...and fewer than this are few for a reference."""
MOSTLY = 0.5
"""A column is mostly missing from this share on."""
_NEARLY_ALL = 0.9
_LEAST_NAMES = 20
_DENSE = 1.2
"""Whole numbers that count rows leave out at most this many of those between the least and the largest."""
_LOOK = 1_000
"""Names that patterns are tried on."""
_INDEX = re.compile(r"__index_level_\d+__|Unnamed: \d+(?:_level_\d+)?")
_ID_NAME = re.compile(r"(?:^|[\W_])(?:id|ids|uuid|guid|key|index|idx|pk|sk|seq|serial|rowid|row|rownum)$")
_CAMEL_ID = re.compile(r"[a-z](?:Id|ID|Key|UUID|Uuid)$")
_PATTERNS = {
    "UUIDs": re.compile(r"\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?", re.IGNORECASE),
    "hashes": re.compile(r"(?:0x)?(?=.*\d)(?=.*[a-f])[0-9a-f]{16,128}", re.IGNORECASE),
    "ULIDs": re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}"),
    "e-mail addresses": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "URLs": re.compile(r"[a-z][a-z0-9+.-]{1,9}://\S+", re.IGNORECASE),
    "IP addresses": re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:.]*", re.IGNORECASE),
    "telephone numbers": re.compile(r"\+\d[\d ()/-]{6,}"),
}


@dataclass(frozen=True)
class Finding:
    """Something odd about a column; `option` is what to give to `profile` if it is not so."""

    what: str
    """One of a closed set of words, for programs."""
    text: str
    option: str = ""


@dataclass(frozen=True)
class ColumnReport:
    """What became of a column of reference data."""

    side: str
    name: str
    kind: str
    rows: int
    missing: int
    distinct: int
    """At most as many as names are counted, or numbers sampled."""
    left_out: Finding | None = None
    suspicions: tuple[Finding, ...] = ()


def report_of(side: str, name: str, column: Column, rows: int, choices: Choices) -> ColumnReport:
    """Everything about a column of cells."""
    kind = column.kind
    numbers = column.numbers()
    present = numbers[~np.isnan(numbers)]
    if kind is Kind.NUMERIC:
        distinct, known = len(np.unique(present)), len(present)
        missing = round(rows * (1 - known / len(numbers))) if len(numbers) else 0
    else:
        known = sum(column.named.values())
        distinct = len(column.named)
        missing = rows - known - column.unnamed
    left_out = called_alike(name, choices)
    if left_out is None and not choices.is_told(name):
        left_out = _identifies(name, column, rows, distinct, choices)
    suspicions = () if left_out else tuple(_suspicions(name, column, rows, missing, distinct))
    return ColumnReport(side, name, kind.value, rows, missing, distinct, left_out, suspicions)


def called_alike(name: str, choices: Choices) -> Finding | None:
    """Why a column is left out for what it is called, if it is. A file's own title of many words is none."""
    kind = kind_of_column(name) if choices.withholds(name) else ""
    if kind in NAMES_OF_THINGS | PROSE:
        return None
    return Finding("look_alike", f"is named as {kind} data", f"--include {quoted(name)}")


def _identifies(name: str, column: Column, rows: int, distinct: int, choices: Choices) -> Finding | None:
    """Why a column is left out, if it is."""
    option = f"--include {quoted(name)}"
    if _INDEX.fullmatch(name) or name in choices.index:
        return Finding("index", "is the index of the table, not a feature", option)
    if column.kind is Kind.NUMERIC:
        return _identify(name, column.numbers(), rows, distinct, choices)
    if column.kind is Kind.BOOLEAN or rows < LEAST_ROWS:
        return None
    names = list(column.named)[:_LOOK]
    known = sum(column.named.values()) if not column.names_full_at else column.names_full_at
    near_unique = distinct >= _NEARLY_ALL * max(known, LEAST_ROWS)
    pattern = _pattern_of(names) if distinct >= _LEAST_NAMES else ""
    if pattern and (near_unique or pattern != "IP addresses"):
        return Finding("identifier", f"holds {pattern}", option)
    if not near_unique:
        return None
    local = seems_local(names)
    if local:
        reading = option_of(name, local)
        return Finding(
            "number_like", f"holds numbers in a local form ({shown(names)}), which are read with {reading}", reading
        )
    if not any(_is_word(each) for each in names):
        return Finding("identifier", "has another code in nearly every row", option)
    return Finding("identifier", "has another value in nearly every row", option)


def _identify(name: str, numbers: Floats, rows: int, distinct: int, choices: Choices) -> Finding | None:
    """Why a column of numbers is left out, if it is. Times since 1970 have as many digits as telephone numbers."""
    option = f"--include {quoted(name)}"
    found = _counts_rows(name, numbers, rows, distinct) if rows >= LEAST_ROWS else ""
    if found:
        return Finding("identifier", found, option)
    if choices.withhold and are_identifiers(numbers) and not any(_of_numbers(name, numbers)):
        return Finding("look_alike", "holds numbers such as cards, telephones or people have", option)
    return None


def _counts_rows(name: str, numbers: Floats, rows: int, distinct: int) -> str:
    """Why whole numbers are an identifier or a counter; empty where they are not."""
    present = numbers[np.isfinite(numbers)]
    if len(present) < LEAST_ROWS or distinct < _NEARLY_ALL * len(present) or (present % 1 != 0).any():
        return ""
    steps = np.diff(present)
    if (steps > 0).all() or (steps < 0).all():
        return "counts up or down with the rows"
    if np.abs(present).max() > EXACT:
        return "holds whole numbers of more digits than a measure has, nearly all of them different"
    known = rows * len(present) / len(numbers)
    if present.max() - present.min() + 1 <= _DENSE * known:
        return "numbers the rows"
    if _is_id_name(name):
        return "is named as an identifier, and has another number in nearly every row"
    return ""


def _is_id_name(name: str) -> bool:
    return bool(_ID_NAME.search(name.lower()) or _CAMEL_ID.search(name))


def _pattern_of(names: Sequence[str]) -> str:
    for what, pattern in _PATTERNS.items():
        if sum(pattern.fullmatch(name.strip()) is not None for name in names) >= _NEARLY_ALL * len(names):
            return what
    return ""


def _is_word(name: str) -> bool:
    return name.replace(" ", "").isalpha()


def _suspicions(name: str, column: Column, rows: int, missing: int, distinct: int) -> Iterable[Finding]:
    """What may be otherwise than it seems in a column that is kept."""
    flag = quoted(name)
    present = rows - missing
    if not present:
        yield Finding("empty", "has no values", f"--exclude {flag}")
    elif distinct == 1 and not column.unnamed:
        yield Finding("constant", "has one value in all rows, so any other live value is new", f"--exclude {flag}")
    if present and missing >= MOSTLY * rows:
        yield Finding("mostly_missing", f"is missing in {missing / rows:.0%} of the rows", f"--exclude {flag}")
    if column.wrong.rows:
        what = f"holds numbers, and {column.wrong.rows:,} texts that are none, counted as missing"
        yield Finding("mixed_types", what, f"--null {quoted(column.wrong.example)}, or --kind {flag}=categorical")
    if column.kind is Kind.CATEGORICAL:
        yield from _of_names(name, column, distinct)
    elif column.kind is Kind.NUMERIC and not column.is_told:
        yield from _of_numbers(name, column.numbers())


def _of_names(name: str, column: Column, distinct: int) -> Iterable[Finding]:
    names = list(column.named)[:_LOOK]
    if not names or column.is_told:
        return
    if hidden := column.hidden_names:
        what = f"has {len(hidden)} frequent names that are not kept, since they look like {shown_kinds(hidden)}"
        yield Finding("look_alike", what, f"--include {quoted(name)}")
    known = max(sum(column.named.values()), 1)
    numbers = [each for each in names if seems_local([each]) is not None]
    local = seems_local(names) if distinct > _LEAST_NAMES else None
    if local:
        option = option_of(name, local)
        yield Finding("number_like", "holds names that look like numbers in a local form", option)
    elif column.types & {int, float} and str in column.types and not numbers:
        yield Finding("mixed_types", "holds numbers and words, all counted as names", f"--kind {quoted(name)}=numeric")
    times = sum(seconds_of_text(each, Reading()) is not None and not each.isdigit() for each in names)
    if times >= _NEARLY_ALL * len(names):
        yield Finding("date_like", "holds names that look like times", f"--kind {quoted(name)}=time")
    if distinct >= MOSTLY * known and known >= LEAST_ROWS:
        yield Finding("near_unique", f"has {distinct:,} names in {known:,} rows", f"--exclude {quoted(name)}")


_YMD = (19_000_101, 21_001_231)
_EPOCHS = (("s", 1e9, 2.2e9), ("ms", 1e12, 2.2e12), ("us", 1e15, 2.2e15), ("ns", 1e18, 2.2e18))


def _of_numbers(name: str, numbers: Floats) -> Iterable[Finding]:
    """Numbers that may be times."""
    present = numbers[np.isfinite(numbers)]
    if len(present) < LEAST_ROWS or len(np.unique(present)) < _LEAST_NAMES:
        return
    low, high = float(present.min()), float(present.max())
    for unit, least, most in _EPOCHS:
        if least <= low and high <= most:
            text = "holds numbers that look like times since 1970"
            yield Finding("date_like", text, f"--kind {quoted(name)}=time:{unit}")
    if _YMD[0] <= low and high <= _YMD[1] and not (present % 1).any():
        texts = [str(int(number)) for number in present[:_LOOK]]
        if all(seconds_of_text(text, Reading()) is not None for text in texts):
            yield Finding("date_like", "holds numbers that look like dates", f"--kind {quoted(name)}=time")


def option_of(name: str, reading: Reading) -> str:
    """The options by which the texts of a column are read so."""
    options = []
    if reading.decimal != ".":
        options.append(f"--decimal {quoted(f'{name}={reading.decimal}')}")
    if reading.thousands:
        options.append(f"--thousands {quoted(f'{name}={reading.thousands}')}")
    if reading.signs:
        options.append(f"--kind {quoted(f'{name}=numeric')}")
    return " ".join(options)


def quoted(text: str) -> str:
    """A word as a shell takes it."""
    return text if re.fullmatch(r"[\w@%+=:,./-]+", text, re.ASCII) else "'" + text.replace("'", "'\"'\"'") + "'"


def shown(names: Sequence[str]) -> str:
    """A form of the values without the values: digits are 0."""
    return next((re.sub(r"\d", "0", name.strip())[:20] for name in names if name), "")


def shown_kinds(kinds: Iterable[str]) -> str:
    """Kinds of look-alikes in words."""
    return " or ".join(f"a {kind}" if kind[0] not in "aeiou" else f"an {kind}" for kind in dict.fromkeys(kinds))


def findings_of(profile: Profile) -> list[ColumnReport]:
    """What can be told of the features of a finished profile, and what was left out when it was made."""
    streams = (("", profile), *((f"{name} ", one) for name, one in profile.streams.items()))
    return [one for name, of_stream in streams for one in _of_stream(name, of_stream)]


def _of_stream(stream: str, profile: Profile) -> list[ColumnReport]:
    reports = []
    for known, of_side in profile.sides.items():
        side = f"{stream}{known.value}"
        moments = of_side.moments
        spans = dict(
            zip(
                (one.name for one in of_side.features if one.ordered),
                zip(moments.low, moments.high, strict=True),
                strict=True,
            )
        )
        for at, feature in enumerate(of_side.features):
            counts = of_side.counts[at]
            rows, missing = int(counts.sum()), int(counts[feature.missing])
            found = tuple(_of_feature(feature, counts, rows, missing, spans.get(feature.name)))
            named = int((counts[: feature.other] > 0).sum()) if not feature.ordered else 0
            reports.append(ColumnReport(side, feature.name, feature.kind.value, rows, missing, named, None, found))
        for one in of_side.left_out:
            finding = Finding("left_out", one.why, f"--include {quoted(one.name)}")
            reports.append(ColumnReport(side, one.name, "", 0, 0, 0, finding))
    return reports


def _of_feature(
    feature: Feature, counts: Floats, rows: int, missing: int, span: tuple[float, float] | None
) -> Iterable[Finding]:
    exclude = f"--exclude {quoted(feature.derived.of if feature.derived else feature.name)}"
    if rows and missing == rows:
        yield Finding("empty", "has no values", exclude)
    elif rows and missing >= MOSTLY * rows:
        yield Finding("mostly_missing", f"is missing in {missing / rows:.0%} of the rows", exclude)
    if (span and span[0] == span[1]) or (
        not feature.ordered and rows and counts[: feature.missing].max() == rows - missing > 0
    ):
        yield Finding("constant", "has one value in all rows, so any other live value is new", exclude)
    rest = int(counts[feature.other] + counts[feature.unseen]) if not feature.ordered else 0
    if rest >= MOSTLY * (rows - missing) and rest:
        yield Finding("near_unique", f"has names of their own in {rest / (rows - missing):.0%} of the rows", exclude)
    if 0 < rows < FEW_ROWS:
        yield Finding("few_rows", f"rests on {rows:,} rows, which are few for a verdict", "")

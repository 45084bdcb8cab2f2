"""A feature as a distribution over bins: what its bins are, and how each is displayed.

A numeric feature is a sorted list of edges; a value belongs to bin `searchsorted(edges, value, side="right")`. So bin 0
is below the reference's range, the last value bin is above it, and one more bin holds `missing`. A value that holds
much of the mass is the degenerate interval [v, nextafter(v)), and the largest value of the reference is included in the
last inner bin by nextafter, so no comparison needs a special case. A categorical or boolean feature has one bin per
category, then `other` (rare in the reference), `unseen` (not in it) and `missing`.

`cuts` decides where the edges are; `binner` bins many rows at once.
"""

from __future__ import annotations

import enum
import hashlib
import math
from collections.abc import Iterator
from typing import Any

import msgspec

from sidecar.core.words.cell_texts import PLAIN, Reading, numeric_name, plain_or_none

CATEGORY_LIMIT = 256
"""Characters of a category that are kept; a longer one is cut and gets a digest, so that it stays distinct."""
_CUT = 200
RARE_DIGITS = 5
"""Hexadecimal digits of `rare_key`."""
SECRET_BYTES = 16
"""Of `Feature.rare_secret`."""
_LABEL_BYTES = 5
"""Of the hash in a label: among a thousand categories two agree once in two million features."""
MAX_BINS = 200
"""Most bins of one feature, since the binner adds up comparisons in bytes. Features from `cuts` have at most 47."""


class Kind(enum.StrEnum):
    """How the values of a feature are counted."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"


class Derived(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a derived feature comes from: `part` of what derivation `kind` makes of column `of`."""

    kind: str
    of: str
    part: str
    size: int = 0
    """Length of a vector, given as columns `of[0]`, `of[1]`, ... or as one tensor; 0 for a column of cells."""


class Feature(msgspec.Struct, frozen=True):
    """Name, kind and bins of one feature. Numeric features have `edges`, the others `categories` and `rare`."""

    name: str
    kind: Kind
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    """Names that are counted as `other`, by `rare_key`: who reads the profile does not learn them."""
    rare_secret: str = ""
    """The key of `rare`, as hexadecimal digits: in references, in nothing that is shown of them. Empty where there are no rare
    names, and in references of earlier releases, whose `rare` has no key."""
    rare_complete: bool = True
    """False where the reference had more rare names than are kept: an unknown name is then `other`, not `unseen`."""
    derived: Derived | None = None
    """None for a feature that is a column itself."""
    importance: float = 1.0
    """Weight of the feature in the model, 1 on average: features are ranked by effect times importance."""
    precision: str = ""
    """The binary format in which all numbers of the reference are exact: `float32`, `float16`, `bfloat16`; empty for float64."""
    places: int | None = None
    digits: int | None = None
    """The decimal places and the significant digits in which all numbers of the reference are exact; None for more than nine."""
    reading: Reading = PLAIN
    """How the texts of the column are read."""
    labelled: bool = False
    """Some categories are labels: keyed hashes of names that must not be shown (`reference.consent`)."""
    label_key: bytes = b""
    """The key of these labels; in no file and on no page. Without it, as in a feature that was read from a file, values cannot
    be told apart: all of them count as `other`."""

    @property
    def ordered(self) -> bool:
        """Whether the bins, without `missing`, are in the order of their values."""
        return self.kind is Kind.NUMERIC

    @property
    def bins(self) -> int:
        """Number of bins, `missing` included."""
        return len(self.edges) + 2 if self.ordered else len(self.categories) + 3

    @property
    def missing(self) -> int:
        """The bin of missing values: always the last."""
        return self.bins - 1

    def is_spike(self, at: int) -> bool:
        """Whether the bin holds a single number (numeric only)."""
        return 0 < at < len(self.edges) and _closes(self.edges, at)

    @property
    def other(self) -> int:
        """The bin of names that were rare in the reference (categorical only)."""
        return len(self.categories)

    @property
    def unseen(self) -> int:
        """The bin of names that the reference did not hold (categorical only)."""
        return len(self.categories) + 1

    def without_rare(self) -> Feature:
        """The feature without its rare names: a name that is no category is then always `other`."""
        return msgspec.structs.replace(self, rare=(), rare_secret="", rare_complete=False) if self.rare else self

    def label(self, name: str) -> str:
        """What a category is called that must not be named: the same as long as the process lives, different in each feature."""
        said = f"{self.name}\0{name}".encode("utf-8", "surrogatepass")
        return "#" + hashlib.blake2b(said, digest_size=_LABEL_BYTES, key=self.label_key).hexdigest()

    def named(self, value: Any) -> str | None:
        """The name or label under which a value is counted; None if it is missing."""
        name = truth(value) if self.kind is Kind.BOOLEAN else category(value)
        return name if not (name and self.label_key) or name in self.categories else self.label(name)


def ranges(feature: Feature) -> tuple[str, ...]:
    """The label of each bin, in order: `< 0`, `= 0`, `(0, 3.5)`, `[3.5, 9]`, `> 9`, `missing`; or names and `other`."""
    if not feature.ordered:
        return (*(_quoted(name) for name in feature.categories), "other", "unseen", "missing")
    if not feature.edges:
        return ("any", "missing")
    return (*_numeric_ranges(feature.edges), "missing")


def category(value: Any) -> str | None:
    """The name under which a value of a categorical feature is counted; None if it is missing.

    Numbers are written as in JSON, integers without a fraction (`3.0` and `3` are the same category), booleans as `true` and
    `false`. Strings are cut at `CATEGORY_LIMIT` characters.
    """
    name = plain_name(value)
    return name if name is None or len(name) <= CATEGORY_LIMIT else _shortened(name)


def plain_name(value: Any) -> str | None:
    """As `category`, without the cut."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return numeric_name(value) if isinstance(value, float) else str(value)


_TRUTHS = {"true": "true", "1": "true", "false": "false", "0": "false"}


def truth(value: Any) -> str | None:
    """The name of a value of a boolean feature: `true`, `false` (also for 1 and 0, as numbers or strings), or itself."""
    name = category(value)
    return None if name is None else _TRUTHS.get(name.lower(), name)


def rare_key(feature: str, name: str, secret: str = "") -> str:
    """What is kept of a rare name: 20 bits of a digest, keyed by `secret` and salted by the feature's name. Without the secret
    nobody can try names; with it, so few bits cannot tell which of a million names it was. And yet one in a thousand unseen names
    at most is taken for a rare one.

    Numbers that are written in several ways, `1.0` and `1`, have one key.
    """
    number = plain_or_none(name)
    plain = name if number is None else numeric_name(number)
    data = f"{feature}\0{plain}".encode("utf-8", "surrogatepass")
    hashed = hashlib.blake2b(data, key=bytes.fromhex(secret)) if secret else hashlib.sha256(data)
    return hashed.hexdigest()[:RARE_DIGITS]


def _shortened(text: str) -> str:
    return f"{text[:_CUT]}...{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _quoted(name: str) -> str:
    """A category with the name of a special bin is quoted, so that no two labels are the same."""
    return f'"{name}"' if name in ("other", "unseen", "missing", "") else name


def _numeric_ranges(edges: tuple[float, ...]) -> Iterator[str]:
    text = _texts(edges)
    last = len(edges) - 1
    yield f"< {text[edges[0]]}"
    for at in range(last):
        low, high = edges[at], edges[at + 1]
        if _closes(edges, at + 1):
            yield f"= {text[low]}"
            continue
        left = f"({text[edges[at - 1]]}" if at and _closes(edges, at) else f"[{text[low]}"
        inclusive = at + 1 == last
        yield f"{left}, {text[math.nextafter(high, -math.inf)]}]" if inclusive else f"{left}, {text[high]})"
    yield f"> {text[math.nextafter(edges[last], -math.inf)]}"


def _closes(edges: tuple[float, ...], at: int) -> bool:
    """Whether the edge ends a spike: it is the next float after the edge before it."""
    return edges[at] == math.nextafter(edges[at - 1], math.inf)


def _texts(edges: tuple[float, ...]) -> dict[float, str]:
    """The shortest texts, of at least four digits, that distinguish all edges of a feature."""
    last = len(edges) - 1
    # An edge that only closes a spike is not shown, but the next float may be a spike itself.
    shown = {edges[at] for at in range(last) if not (at and _closes(edges, at)) or _closes(edges, at + 1)}
    numbers = sorted(shown | {math.nextafter(edges[last], -math.inf)})
    for digits in range(4, 18):
        texts = {number: _plain(number, digits) for number in numbers}
        if len(set(texts.values())) == len(texts):
            break
    return texts


def _plain(number: float, digits: int) -> str:
    """At most `digits` digits; all digits of integers below a million, which are easier to read."""
    if number.is_integer() and abs(number) < 1e6:
        return str(int(number))
    return f"{number:.{digits}g}"

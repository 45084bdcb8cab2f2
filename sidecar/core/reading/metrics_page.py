"""The model's own page of metrics, before it may stand beside ours. Pure: text in, text out; `observer.model_page` fetches it.

Prometheus gives up a whole scrape for one line that it cannot read, so a page is taken whole and readable or not at all,
and families that we export ourselves are left out of it. Nothing else is changed: names, labels and values stay the model's.
The two formats: https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from math import isinf
from typing import NamedTuple

RESULTS = ("ok", "unreachable", "status", "too_large", "malformed")
"""What may become of asking the model for its page."""

# Possessive throughout: a line of a hostile page must not cost more than its length.
_BLANK = r"[ \t]*+"
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
_REAL = r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?"
_NUMBER = rf"(?:{_REAL}|[+-]?[iI]nf(?:inity)?|[nN]a[nN])"


def _labels(space: str) -> str:
    """Labels in braces; `space` may stand around their signs."""
    label = rf'[a-zA-Z_][a-zA-Z0-9_]*+{space}={space}"(?:[^"\\]++|\\.)*+"{space}'
    comma = rf",?{space}" if space else ""
    return rf"\{{{space}(?:{label}(?:,{space}{label})*{comma})?\}}"


_TEXT = re.compile(
    rf"(?P<sample>{_NAME})(?:{_BLANK}(?P<labels>{_labels(_BLANK)}))?[ \t]++(?P<value>{_NUMBER})(?:[ \t]++\d{{1,18}})?{_BLANK}"
    rf"|#[ \t]++HELP[ \t]++(?P<help>{_NAME})(?:[ \t].*)?"
    rf"|#[ \t]++TYPE[ \t]++(?P<type>{_NAME})[ \t](?:counter|gauge|histogram|summary|untyped)"
    rf"|{_BLANK}|#(?![ \t]++(?:HELP|TYPE)[ \t]).*"
)
_OPENMETRICS = re.compile(
    rf"(?P<sample>{_NAME})(?P<labels>{_labels('')})? (?P<value>{_NUMBER})(?: {_REAL})?"
    rf"(?P<exemplar> # {_labels('')} {_NUMBER}(?: {_REAL})?)?"
    rf"|# HELP (?P<help>{_NAME}) .*"
    rf"|# TYPE (?P<type>{_NAME}) (?:counter|gauge|histogram|gaugehistogram|summary|info|stateset|unknown)"
    rf"|# UNIT (?P<unit>{_NAME}) (?P<of>.*)"
)
_LABEL = re.compile(r'(\w++)[ \t]*+=[ \t]*+"(?:[^"\\]++|\\.)*+"', re.ASCII)
_OF_FAMILY = re.compile(r"_(?:total|bucket|sum|count|created|info|gsum|gcount)$")
_WITH_EXEMPLARS = ("_total", "_bucket")
_END = re.compile(r"(^|\n)# EOF\n?\Z")
_SHOWN = 80
"""Characters of a line that an error shows."""


class ModelPage(NamedTuple):
    """A page that Prometheus would read."""

    lines: tuple[tuple[str, str], ...]
    """Family that a line is of, as far as its name tells, and the line, without its end."""
    openmetrics: bool

    def without(self, families: Set[str]) -> tuple[bytes, int]:
        """The page without these families, and how many lines that cost. Ends in a line's end, never in `# EOF`."""
        kept = [line for family, line in self.lines if family not in families]
        return "".join(f"{line}\n" for line in kept).encode(), len(self.lines) - len(kept)


class Merging(NamedTuple):
    """How asking the model for its page went."""

    page: ModelPage | None
    """None if there was nothing that could be merged."""
    results: Mapping[str, int]
    """`RESULTS` -> times."""


def read_page(body: bytes, openmetrics: bool) -> ModelPage:
    """The page of a body. Raises ValueError, which names the line, if Prometheus would not read it."""
    text = body.decode()
    if openmetrics:
        text, ends = _END.subn(r"\1", text)
        if not ends:
            raise ValueError("the page does not end with `# EOF`")
    lines = text.removesuffix("\n").split("\n") if text else []
    grammar = _OPENMETRICS if openmetrics else _TEXT
    families = [_family(grammar, number, line) for number, line in enumerate(lines, 1)]
    return ModelPage(tuple((family, line) for family, line in zip(families, lines, strict=True) if family), openmetrics)


def _family(grammar: re.Pattern[str], number: int, line: str) -> str | None:
    """Family that a line is of; None of one that says nothing."""
    found = grammar.fullmatch(line)
    parts = found.groupdict() if found else None
    if parts is None or _impossible(parts):
        raise ValueError(f"line {number} is no line of metrics: {line[:_SHOWN]!r}")
    name = parts["sample"] or parts["help"] or parts["type"] or parts.get("unit")
    return family_of(name) if name else None


def family_of(name: str) -> str:
    """The family that a name is of: that of a sample, or of a counter that the text format calls `_total`."""
    return _OF_FAMILY.sub("", name)


def _impossible(parts: Mapping[str, str | None]) -> bool:
    """Whether Prometheus would refuse what the grammar allows."""
    labels, value, exemplar, unit = parts["labels"], parts["value"], parts.get("exemplar"), parts.get("unit")
    return (
        (labels is not None and _repeats(labels))
        or (value is not None and isinf(float(value)) and "inf" not in value.lower())
        or (exemplar is not None and not str(parts["sample"]).endswith(_WITH_EXEMPLARS))
        or (unit is not None and not unit.endswith(f"_{parts['of']}" if parts["of"] else ""))
    )


def _repeats(labels: str) -> bool:
    """Whether a label is there twice; a sample's name is one as well."""
    names = [found[1] for found in _LABEL.finditer(labels)]
    return len({"__name__", *names}) <= len(names)

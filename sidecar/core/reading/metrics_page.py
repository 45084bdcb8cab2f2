"""The model's own page of metrics, before it may stand beside ours. Pure: text in, text out; `observer.model_scraper` fetches it.

Prometheus drops a whole scrape for one line that it cannot parse, so a page is accepted whole or not at all. Families
that we export ourselves are removed from it. Nothing else is changed: names, labels and values stay the model's. The
two formats: https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from math import isinf
from typing import NamedTuple

RESULTS = ("ok", "unreachable", "status", "too_large", "malformed")
"""Possible results of asking the model for its page."""

# Possessive throughout: a line of a hostile page must not cost more than its length.
_BLANK = r"[ \t]*+"
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
_REAL = r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?"
_NUMBER = rf"(?:{_REAL}|[+-]?[iI]nf(?:inity)?|[nN]a[nN])"


def _labels(space: str) -> str:
    """Pattern of labels in braces; `space` is allowed around punctuation."""
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
"""Characters of a line in an error."""


class ModelPage(NamedTuple):
    """A page that Prometheus can parse."""

    lines: tuple[tuple[str, str], ...]
    """(family, line): the family by the name in the line, and the line without its end."""
    openmetrics: bool

    def without(self, families: Set[str]) -> tuple[bytes, int]:
        """The page without these families, and the number of lines removed. Ends with a newline, never with `# EOF`."""
        kept = [line for family, line in self.lines if family not in families]
        return "".join(f"{line}\n" for line in kept).encode(), len(self.lines) - len(kept)


class Merging(NamedTuple):
    """The result of asking the model for its page."""

    page: ModelPage | None
    """None if there is nothing to merge."""
    results: Mapping[str, int]
    """`RESULTS` -> times."""


def read_page(body: bytes, openmetrics: bool) -> ModelPage:
    """The page in a body. Raises ValueError, which names the line, if Prometheus would not parse it."""
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
    """The family of a line; None for a blank line or a comment."""
    found = grammar.fullmatch(line)
    parts = found.groupdict() if found else None
    if parts is None or _impossible(parts):
        raise ValueError(f"line {number} is no line of metrics: {line[:_SHOWN]!r}")
    name = parts["sample"] or parts["help"] or parts["type"] or parts.get("unit")
    return family_of(name) if name else None


def family_of(name: str) -> str:
    """The family of a sample name: the name without suffixes such as `_total` and `_bucket`."""
    return _OF_FAMILY.sub("", name)


def _impossible(parts: Mapping[str, str | None]) -> bool:
    """Whether Prometheus would reject a line that the grammar accepts."""
    labels, value, exemplar, unit = parts["labels"], parts["value"], parts.get("exemplar"), parts.get("unit")
    return (
        (labels is not None and _repeats(labels))
        or (value is not None and isinf(float(value)) and "inf" not in value.lower())
        or (exemplar is not None and not str(parts["sample"]).endswith(_WITH_EXEMPLARS))
        or (unit is not None and not unit.endswith(f"_{parts['of']}" if parts["of"] else ""))
    )


def _repeats(labels: str) -> bool:
    """Whether a label occurs twice; `__name__` is the name of the sample."""
    names = [found[1] for found in _LABEL.finditer(labels)]
    return len({"__name__", *names}) <= len(names)

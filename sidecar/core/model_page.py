"""The model's own page of metrics, before it may stand beside ours. Pure: text in, text out; `observer.model_page` fetches it.

Prometheus gives up a whole scrape for one line that it cannot read, so a page is taken whole and readable or not at all,
and families that we export ourselves are left out of it. Nothing else is changed: names, labels and values stay the model's.
The two formats: https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import NamedTuple

RESULTS = ("ok", "unreachable", "status", "too_large", "malformed")
"""What may become of asking the model for its page."""

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"(?:[^"\\]|\\.)*"'
_LABELS = rf"\{{[ \t]*(?:{_LABEL}[ \t]*(?:,[ \t]*{_LABEL}[ \t]*)*,?[ \t]*)?\}}"
_NUMBER = r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI]nf(?:inity)?|[nN]a[nN])"
_VALUE = rf"[ \t]*(?P<labels>{_LABELS})?[ \t]+{_NUMBER}"
_HELP = rf"#[ \t]+HELP[ \t]+(?P<help>{_NAME})(?:[ \t].*)?"


def _type(kinds: str) -> str:
    return rf"#[ \t]+TYPE[ \t]+(?P<type>{_NAME})[ \t]+(?:{kinds})[ \t]*"


_TEXT = re.compile(
    rf"(?P<sample>{_NAME}){_VALUE}(?:[ \t]+-?\d+)?[ \t]*|{_HELP}|{_type('counter|gauge|histogram|summary|untyped')}"
    r"|[ \t]*|#(?![ \t]+(?:HELP|TYPE)[ \t]).*"
)
_OPENMETRICS = re.compile(
    rf"(?P<sample>{_NAME}){_VALUE}(?:[ \t]+{_NUMBER})?(?:[ \t]+#[ \t]+{_LABELS}[ \t]+{_NUMBER}(?:[ \t]+{_NUMBER})?)?"
    rf"|{_HELP}|{_type('counter|gauge|histogram|gaugehistogram|summary|info|stateset|unknown')}"
    rf"|#[ \t]+UNIT[ \t]+(?P<unit>{_NAME})[ \t].*"
)
_OF_FAMILY = re.compile(r"_(?:total|bucket|sum|count|created|info|gsum|gcount)$")
_END = "# EOF\n"
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
        if not text.endswith(_END):
            raise ValueError("the page does not end with `# EOF`")
        text = text.removesuffix(_END)
    grammar = _OPENMETRICS if openmetrics else _TEXT
    lines = []
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), 1):
        found = grammar.fullmatch(line)
        if found is None or _repeats(found["labels"]):
            raise ValueError(f"line {number} is no line of metrics: {line[:_SHOWN]!r}")
        name = found["sample"] or found["help"] or found["type"] or (found["unit"] if openmetrics else None)
        if name:
            lines.append((family_of(name), line))
    return ModelPage(tuple(lines), openmetrics)


def family_of(name: str) -> str:
    """The family that a name is of: that of a sample, or of a counter that the text format calls `_total`."""
    return _OF_FAMILY.sub("", name)


def _repeats(labels: str | None) -> bool:
    """Whether a label is there twice, for which Prometheus drops the page."""
    if not labels:
        return False
    names = [found[1] for found in re.finditer(_LABEL, labels)]
    return len(set(names)) < len(names)

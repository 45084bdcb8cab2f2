"""YAML as people write it, drawn by Hypothesis: block and flow, quotes, comments, blank lines, indented lists and not."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

KEYS = st.sampled_from(["a", "b", "name", "image", "x-y", "8080", "y", "key with spaces"])
PLAIN = st.sampled_from(["model", "fraud:1", "a b", "http://x/y", "--port=1", "é", "/tmp"])
TEXT = st.one_of(
    PLAIN, st.sampled_from(["", "y", "0644", "1e3", "# no comment", "a: b", "'", '"', "two\nlines\n", " "])
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 9000), st.sampled_from([0.5, -1e3]), TEXT)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)


@st.composite
def texts(draw: st.DrawFn, value: Any) -> str:
    """One way to write a mapping."""
    lines = draw(_block(value, 0))
    head = draw(st.sampled_from([[], ["---"], ["# head", "---"], ["--- # head"]]))
    return "\n".join([*head, *lines, *draw(st.sampled_from([[], ["# end"], ["", "# end", ""]]))]) + "\n"


@st.composite
def _block(draw: st.DrawFn, value: Any, column: int) -> list[str]:
    """Lines of a collection that is not empty."""
    lines = []
    for key, item in value.items() if isinstance(value, dict) else ((None, item) for item in value):
        lines += draw(_remark(column))
        lead = " " * column + ("-" if key is None else f"{draw(_scalar(key, False))}:")
        if not isinstance(item, dict | list) or not item or draw(st.integers(0, 3)) == 0:
            lines += draw(_inline(lead, item, column))
            continue
        indented = isinstance(item, dict) or key is None or draw(st.booleans())
        inner = draw(_block(item, column + (draw(st.sampled_from([2, 2, 4])) if indented else 0)))
        if key is None and draw(st.booleans()) and not inner[0].lstrip().startswith("#") and inner[0].strip():
            inner = draw(_block(item, column + 2).filter(lambda some: _starts(some[0])))
            lines += [lead + inner[0][column + 1 :], *inner[1:]]
        else:
            lines += [lead + draw(st.sampled_from(["", " # opens"])), *inner]
    return lines


def _starts(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


@st.composite
def _inline(draw: st.DrawFn, lead: str, item: Any, column: int) -> list[str]:
    if item == "two\nlines\n" and draw(st.booleans()):
        return [f"{lead} |", *(" " * (column + 2) + line for line in ("two", "lines"))]
    if item is None and draw(st.booleans()):
        return [lead + draw(st.sampled_from(["", " # nothing"]))]
    return [f"{lead} {draw(_flow(item))}{draw(st.sampled_from(['', '', ' # why', '   # y: 1']))}"]


@st.composite
def _flow(draw: st.DrawFn, item: Any) -> str:
    gap = draw(st.sampled_from(["", " "]))
    if isinstance(item, list):
        return f"[{gap}{', '.join(draw(_flow(one)) for one in item)}{gap}]"
    if isinstance(item, dict):
        inner = ", ".join(f"{draw(_scalar(key, True))}: {draw(_flow(one))}" for key, one in item.items())
        return f"{{{gap}{inner}{gap}}}"
    return draw(_scalar(item, True))


@st.composite
def _scalar(draw: st.DrawFn, item: Any, flow: bool) -> str:
    if not isinstance(item, str):
        return json.dumps(item)
    forms = [json.dumps(item, ensure_ascii=draw(st.booleans()))]
    if "\n" not in item:
        forms.append("'" + item.replace("'", "''") + "'")
    if item in (
        "model",
        "fraud:1",
        "a b",
        "--port=1",
        "é",
        "/tmp",
        "a",
        "b",
        "name",
        "image",
        "x-y",
        "key with spaces",
    ):
        forms += [item, item]
    return draw(st.sampled_from(forms))


@st.composite
def _remark(draw: st.DrawFn, column: int) -> list[str]:
    return draw(st.sampled_from([[], [], [], [""], [" " * column + "# says something"], ["# at the margin", ""]]))

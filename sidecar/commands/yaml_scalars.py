"""Scalars of YAML as Kubernetes reads them, and how to write text so that no reader takes it for something else.

kubectl and the API server follow YAML 1.1 as their Go library does: a bare `y` is true, `1e3` and `1_000` are numbers, but
there are no dates and no sums of sixties. A YAML library in Python differs in each. Neighbours: `yaml_tree` reads with these
rules, `manifest_yaml` writes with them.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset(form for word in ("y", "yes", "on", "true") for form in (word, word.capitalize(), word.upper()))
_FALSE = frozenset(form for word in ("n", "no", "off", "false") for form in (word, word.capitalize(), word.upper()))
_INTEGER = re.compile(r"([-+]?)(0x[0-9a-fA-F]+|0b[01]+|0o?[0-7]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_MISREAD = re.compile(r"[-+.0-9<=~].*|y|n|yes|no|on|off|true|false|null", re.IGNORECASE | re.DOTALL)
_TEXT = "tag:yaml.org,2002:str"


def read_plain(text: str) -> Any:
    """The value of a scalar without quotes: None, a bool, an int, a float or text."""
    if text in _NULLS:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    digits = text if text.startswith("_") else text.replace("_", "")
    if integer := _INTEGER.fullmatch(digits):
        sign, number = integer.groups()
        octal = re.fullmatch(r"0[0-7]+", number)
        return int(f"{sign}0o{number[1:]}", 8) if octal else int(f"{sign}{number}", 0)
    return float(digits) if _FLOAT.fullmatch(digits) else text


def dump(value: Any, *, flow: bool = False, indented: bool = False) -> str:
    """A value as YAML: block style, or one line for `flow`. Keys stay in their order.

    `indented` writes the items of a list deeper than its key.
    """
    dumper = _Indented if indented else _Dumper
    width = float("inf") if flow else 120
    return yaml.dump(value, Dumper=dumper, sort_keys=False, width=width, allow_unicode=True, default_flow_style=flow)


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, and quotes what might be misread."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _Indented(_Dumper):
    """Indents lists within mappings."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if "\n" in text:
        return dumper.represent_scalar(_TEXT, text, style="|")
    return dumper.represent_scalar(_TEXT, text, style='"' if _MISREAD.fullmatch(text) else None)


_Dumper.add_representer(str, _text)

"""YAML as Kubernetes reads it: words that only YAML takes for dates or sums stay text, in and out.

Kubernetes' reader takes a bare `y` for true and `1e3` for a number, and knows no dates and no sums of sixties, which is
not what a YAML library in Python does by itself. So plain words are read by Kubernetes' rules, and whatever might be
misread is written in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_MISREAD = re.compile(r"[-+.0-9<=~].*|y|n|yes|no|on|off|true|false|null", re.IGNORECASE | re.DOTALL)


class _Loader(yaml.SafeLoader):
    """Reads manifests."""


class _Dumper(yaml.SafeDumper):
    """Writes manifests."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def read(text: str) -> Iterator[Any]:
    """Every document of a manifest. Raises yaml.YAMLError."""
    return iter(list(yaml.load_all(text, _Loader)))


def write(documents: list[Any]) -> str:
    """The documents as YAML, each after a `---`; keys stay in their order."""
    return yaml.dump_all(documents, Dumper=_Dumper, explicit_start=True, sort_keys=False, width=120, allow_unicode=True)


def _bool(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> bool:
    return str(node.value).lower() in ("y", "yes", "on", "true")


def _int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(node.value)
    octal = re.fullmatch(r"([-+]?)0([0-7]+)", text)
    return int(f"{octal[1]}0o{octal[2]}", 8) if octal else int(text, 0)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if "\n" in text:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _MISREAD.fullmatch(text) else None)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in ("null", "merge")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"(y|n|yes|no|on|off|true|false)$", re.IGNORECASE), list("yYnNoOtTfF"))
_Loader.add_implicit_resolver(
    _INT, re.compile(r"[-+]?(0|0[0-7]+|[1-9][0-9]*|0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    _FLOAT, re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?$"), list("-+.0123456789")
)
_Loader.add_constructor(_BOOL, _bool)
_Loader.add_constructor(_INT, _int)
_Loader.add_constructor(_FLOAT, lambda loader, node: float(str(node.value)))
_Dumper.add_representer(str, _text)

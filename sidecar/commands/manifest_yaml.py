"""Manifests as YAML: splits a file into documents, and writes them back with another value.

A document that does not change is written as it was read, byte by byte; of one that changes, `yaml_edit` changes no more
than it has to. What a document means is read as Kubernetes reads it (`yaml_scalars`). A document of JSON stays one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import yaml

from sidecar.commands.yaml_edit import edit, same
from sidecar.commands.yaml_scalars import dump
from sidecar.commands.yaml_tree import parse, value_of

_HEAD = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
"""Wherever it stands at the start of a line, YAML takes it for the head of a document."""
_NOTHING = re.compile(r"(?:[ \t]*(?:#.*)?\n|%.*\n)*\Z")
"""Lines before a head that belong to it: comments and directives."""
_CRLF = "\r\n"


class Document(NamedTuple):
    """One document of a file."""

    text: str
    """As it was read, head and comments included, with line feeds."""
    value: Any
    newline: str = "\n"
    """What ends the lines of the file."""

    def with_value(self, wanted: Any) -> Document:
        """The document with another value; the same text if that is its own. Raises ValueError if it cannot be changed."""
        if same(self.value, wanted):
            return self
        if _json_value(self.text) is not None:
            return self._replace(text=json.dumps(wanted, indent=2, ensure_ascii=False) + "\n", value=wanted)
        return self._replace(text=edit(self.text, wanted), value=wanted)


def read(text: str) -> list[Document]:
    """Every document of a manifest. Raises ValueError, which names the line."""
    newline = _CRLF if _CRLF in text else "\n"
    documents = []
    line = 1
    for part in _split(text.removeprefix("\ufeff").replace(_CRLF, "\n")):
        documents.append(Document(part, _read_value(part, line), newline))
        line += part.count("\n")
    return documents


def join(documents: Iterable[Document]) -> str:
    """The text of documents, perhaps of several files, each with a head where it needs one."""
    made = ""
    for document in documents:
        if made and not made.endswith("\n"):
            made += document.newline
        if made and not _HEAD.search(document.text):
            made += f"---{document.newline}"
        made += document.text.replace("\n", document.newline)
    return made


def write(values: Iterable[Any]) -> str:
    """New documents of plain values, each after a `---`; keys stay in their order."""
    return "".join(f"---\n{dump(value)}" for value in values)


def _split(text: str) -> list[str]:
    starts = [found.start() for found in _HEAD.finditer(text)]
    if starts and _NOTHING.match(text[: starts[0]]):
        starts[0] = 0
    elif text:
        starts = [0, *starts]
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]


def _read_value(text: str, line: int) -> Any:
    found = _json_value(text)
    if found is not None:
        return found
    try:
        return value_of(parse(text))
    except yaml.MarkedYAMLError as error:
        raise ValueError(_located(error, line)) from error
    except yaml.YAMLError as error:
        raise ValueError(f"document at line {line}: {error}") from error
    except RecursionError as error:
        raise ValueError(f"document at line {line}: nested too deep") from error


def _json_value(text: str) -> dict[str, Any] | None:
    """The object that a document of JSON is, which may be indented by tabs; None if it is no JSON."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def _located(error: yaml.MarkedYAMLError, first: int) -> str:
    problem = f"{error.context or ''} {error.problem or ''}".strip()
    if "'\\t'" in problem:
        problem += " (indent with spaces, not with tabs)"
    mark = error.problem_mark or error.context_mark
    return f"line {mark.line + first}, column {mark.column + 1}: {problem}" if mark else problem

"""A YAML document as a tree that knows where in the text each part stands, so that `yaml_edit` can change one part alone.

Built from PyYAML's events. Aliases stay aliases here; `value_of` resolves them, and merge keys, as Kubernetes does. Nothing
is changed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from sidecar.commands.yaml_scalars import read_plain

_STANDARD = "tag:yaml.org,2002:"
_KEEPS_BREAKS = re.compile(r"(?:[&!]\S*\s+)*[|>][1-9]?\+")
"""Head of a block scalar whose trailing line breaks belong to it."""
_LIMIT = 1_000_000
"""Values of one document: aliases of aliases would fill the memory otherwise."""


@dataclass(frozen=True, eq=False)
class Node:
    """Part of the text from `start` to `end`; that of a block ends with its last value, before any comment."""

    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Scalar(Node):
    """A value that is no collection."""

    value: Any


@dataclass(frozen=True, eq=False)
class Alias(Node):
    """A reference `*name` to a node further up."""

    target: Node


@dataclass(frozen=True, eq=False)
class Entry:
    """A key and its value; `after` is the place behind the colon."""

    key: str
    merge: bool
    start: int
    after: int
    node: Node


@dataclass(frozen=True, eq=False)
class Mapping(Node):
    """Its entries; `flow` means that it is in braces."""

    flow: bool
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Item:
    """An item of a sequence; `start` is its dash's place in block style, `after` the place behind that."""

    start: int
    after: int
    node: Node


@dataclass(frozen=True, eq=False)
class Sequence(Node):
    """Its items; `flow` means that it is in brackets."""

    flow: bool
    items: list[Item] = field(default_factory=list)


def parse(text: str) -> Node | None:
    """The tree of one document; None if there is none. Raises yaml.YAMLError."""
    return _Builder(text).document()


class _Builder:
    """Reads the events of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._events: Iterator[Any] = yaml.parse(text, yaml.SafeLoader)
        self._anchors: dict[str, Node] = {}
        self._ended = 0
        """Where the collection ended that was read last."""

    def document(self) -> Node | None:
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        root = self._node(next(self._events))
        for _ in self._events:  # for errors after it
            pass
        return root

    def _node(self, event: Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _error(event, f"alias *{event.anchor} has no anchor before it")
            return Alias(start, end, self._anchors[event.anchor])
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = Scalar(start, self._end_of_scalar(event), _scalar(event))
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event)
        else:
            node = self._sequence(event)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _end_of_scalar(self, event: Any) -> int:
        """Before the line break that ends a block scalar, whose own breaks are part of it only after `+`."""
        start, end = event.start_mark.index, event.end_mark.index
        if event.style not in ("|", ">"):
            return int(end)
        body = self._text[start:end]
        if _KEEPS_BREAKS.match(body):
            return int(start) + len(body.removesuffix("\n"))
        return int(start) + len(re.sub(r"(\n *)+\Z", "", body))

    def _mapping(self, event: Any) -> Mapping:
        entries: list[Entry] = []
        for key in self._until(yaml.MappingEndEvent):
            if _is_collection(key):
                raise _error(key, "a key must be text")
            value = self._node(next(self._events))
            colon = self._text.find(":", key.end_mark.index, max(value.end, key.end_mark.index + 1))
            after = value.start if colon < 0 else colon + 1
            merge = key.value == "<<" and key.style is None
            entries.append(Entry(_key(key), merge, key.start_mark.index, after, value))
        return Mapping(event.start_mark.index, self._end(event, entries), bool(event.flow_style), entries)

    def _sequence(self, event: Any) -> Sequence:
        items: list[Item] = []
        start = event.start_mark.index
        for one in self._until(yaml.SequenceEndEvent):
            node = self._node(one)
            place = node.start if event.flow_style else self._dash(items, start, node)
            items.append(Item(place, place + (not event.flow_style), node))
        return Sequence(event.start_mark.index, self._end(event, items), bool(event.flow_style), items)

    def _until(self, end: type[yaml.Event]) -> Iterator[Any]:
        """The events that begin the parts of a collection."""
        for event in self._events:
            if isinstance(event, end):
                mark: Any = event.end_mark
                self._ended = mark.index
                return
            yield event

    def _end(self, event: Any, parts: list[Entry] | list[Item]) -> int:
        return self._ended if event.flow_style else parts[-1].node.end

    def _dash(self, items: list[Item], start: int, node: Node) -> int:
        """Where the dash of the next item is: in the column of the first one."""
        if not items:
            return self._text.index("-", start)
        first = items[0].start
        column = first - (self._text.rfind("\n", 0, first) + 1)
        found = re.compile(rf"^ {{{column}}}-(?=\s|\Z)", re.MULTILINE).search(self._text, items[-1].node.end)
        if found is None or found.start() > node.start:
            raise yaml.YAMLError(f"no dash found before {self._text[node.start : node.end][:40]!r}")
        return found.end() - 1


def value_of(root: Node | None) -> Any:
    """The plain value of a tree. Raises yaml.YAMLError if aliases would make more than a million values of it."""
    left = iter(range(_LIMIT))
    return None if root is None else _value(root, left)


def _value(node: Node, left: Iterator[int]) -> Any:
    if next(left, None) is None:
        raise yaml.YAMLError(f"aliases make more than {_LIMIT} values of it")
    if isinstance(node, Alias):
        return _value(node.target, left)
    if isinstance(node, Sequence):
        return [_value(item.node, left) for item in node.items]
    if isinstance(node, Mapping):
        merged: dict[str, Any] = {}
        for entry in node.entries:
            if entry.merge:
                merged = {**merged_values(entry.node, _value(entry.node, left)), **merged}
        return merged | {entry.key: _value(entry.node, left) for entry in node.entries if not entry.merge}
    assert isinstance(node, Scalar)
    return node.value


def merged_values(node: Node, value: Any) -> dict[str, Any]:
    """What a merge key brings in: a mapping, or several, of which the first wins."""
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in several):
        raise yaml.YAMLError("the value of a merge key << is no mapping")
    return {key: found for one in reversed(several) for key, found in one.items()}


def _is_collection(event: Any) -> bool:
    return not isinstance(event, yaml.ScalarEvent)


def _scalar(event: Any) -> Any:
    tag = event.tag or ""
    if event.style is None and event.tag is None:
        return read_plain(event.value)
    if tag in ("", "!", f"{_STANDARD}str", f"{_STANDARD}binary"):
        return event.value
    kinds = {"int": int, "float": (int, float), "bool": bool, "null": type(None)}
    wanted = kinds.get(tag.removeprefix(_STANDARD)) if tag.startswith(_STANDARD) else None
    value = read_plain(event.value)
    if wanted is None or not isinstance(value, wanted):  # type: ignore[arg-type]  # a type, or a tuple of them
        raise _error(event, f"a value with the tag {tag} is not known to Kubernetes")
    return value


def _key(event: Any) -> str:
    """Keys are text in Kubernetes, whatever they look like."""
    value = _scalar(event)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _error(event: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)

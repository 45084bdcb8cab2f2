"""Gives a YAML document another value by changing as little of its text as possible: comments, order, quotes, anchors and
layout of everything else stay as they are, byte by byte.

`yaml_tree` says where each part stands; this module compares it with the value wanted, and collects replacements. An alias
whose anchor changes is written out, so that one pod's patch never leaks into another. The result is read again and
compared, so a wrong document is never returned. (A round trip through ruamel.yaml was tried: it drops comments within
braces and brackets, and lays out anew what did not change.)
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence as Items
from typing import Any

import yaml

from sidecar.commands.yaml_scalars import dump
from sidecar.commands.yaml_tree import (
    Alias,
    Entry,
    Item,
    Mapping,
    Node,
    Sequence,
    merged_values,
    parse,
    value_of,
)

Part = Entry | Item | None
_ABSENT = object()


def edit(text: str, wanted: Any) -> str:
    """The text of a document with this value. Raises ValueError if that cannot be done in place."""
    root = parse(text)
    if root is None:
        raise ValueError("an empty document cannot be changed")
    editor = _Editor(text, _indents_lists(text, root))
    editor.change(root, None, wanted, flow=False)
    made = editor.result()
    if not _means(made, wanted):
        raise ValueError("it is laid out in a way that cannot be changed in place")
    return made


def _means(text: str, wanted: Any) -> bool:
    try:
        return same(value_of(parse(text)), wanted)
    except yaml.YAMLError:
        return False


def same(one: Any, other: Any) -> bool:
    """Equality that tells 1, 1.0 and true apart, and heeds the order of lists but not of keys."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


class _Editor:
    """Collects the edits of one text."""

    def __init__(self, text: str, indented: bool) -> None:
        self._text = text
        self._indented = indented
        self._edits: list[tuple[int, int, str]] = []
        self._kept: dict[Node, Any] = {}
        """Value of each node that stays where it is, for the aliases of it that follow."""

    def result(self) -> str:
        """The text with all edits. Of those at one place the first comes first."""
        parts, at = [], 0
        for start, end, text in sorted(self._edits, key=lambda one: one[0]):
            parts += [self._text[at:start], text]
            at = max(at, end)
        return "".join([*parts, self._text[at:]])

    def change(self, node: Node, part: Part, wanted: Any, flow: bool) -> None:
        """Give a node this value. `part` holds it, or is None for the root; `flow` says whether that is in braces or brackets."""
        if isinstance(node, Alias):
            if not same(self._kept.get(node.target, _ABSENT), wanted):
                self._replace(node, part, wanted, flow)
            return
        if isinstance(node, Mapping) and wanted and isinstance(wanted, dict) and node.entries:
            self._change_mapping(node, part, wanted, flow)
        elif isinstance(node, Sequence) and wanted and isinstance(wanted, list) and node.items:
            self._change_sequence(node, part, wanted, flow)
        elif not same(value_of(node), wanted):
            self._replace(node, part, wanted, flow)
            return
        self._kept[node] = wanted

    def _change_mapping(self, node: Mapping, part: Part, wanted: dict[str, Any], flow: bool) -> None:
        own = {entry.key: entry for entry in node.entries if not entry.merge}  # of a key given twice, the last counts
        merges = [entry.node for entry in node.entries if entry.merge]
        merged: dict[str, Any] = {}
        for merge in reversed(merges):
            merged |= self._merged(merge)
        dropped = {entry for entry in node.entries if not entry.merge and entry.key not in wanted}
        if merged.keys() - wanted.keys() or any(map(self._is_gone, merges)) or len(dropped) == len(node.entries):
            self._replace(node, part, wanted, flow)
            return
        for key, entry in own.items():
            if key in wanted:
                self.change(entry.node, entry, wanted[key], node.flow)
        self._drop(node.entries, dropped, node.flow)
        inherited = {key for key, value in merged.items() if same(value, wanted[key])}
        added = {key: value for key, value in wanted.items() if key not in own and key not in inherited}
        if added:
            self._insert_entries(node, added)

    def _merged(self, node: Node) -> dict[str, Any]:
        """What a merge key brings in after the changes further up."""
        parts = [item.node for item in node.items] if isinstance(node, Sequence) else [node]
        values = [self._kept.get(one.target, {}) if isinstance(one, Alias) else value_of(one) for one in parts]
        return merged_values(node, values)

    def _is_gone(self, node: Node) -> bool:
        """Whether a merge refers to a node that does not stay."""
        if isinstance(node, Sequence):
            return any(self._is_gone(item.node) for item in node.items)
        return isinstance(node, Alias) and node.target not in self._kept

    def _insert_entries(self, node: Mapping, added: dict[str, Any]) -> None:
        end = node.entries[-1].node.end
        if node.flow:
            text = dump(added, flow=True).strip()[1:-1]
            self._edits.append((end, end, f", {text}"))
            return
        place = self._line_end(end)
        self._edits.append((place, place, "\n" + self._block(added, self._column(node.entries[0].start))))

    def _change_sequence(self, node: Sequence, part: Part, wanted: list[Any], flow: bool) -> None:
        pairs = _pairs([value_of(item.node) for item in node.items], wanted)
        if not pairs:
            self._replace(node, part, wanted, flow)
            return
        kept = {old for old, _ in pairs}
        self._drop(node.items, {item for index, item in enumerate(node.items) if index not in kept}, node.flow)
        following = 0
        before: Item | None = None
        for old, new in [*pairs, (len(node.items), len(wanted))]:
            if new > following:
                self._insert_items(node, before, wanted[following:new])
            if old < len(node.items):
                before = node.items[old]
                self.change(before.node, before, wanted[new], node.flow)
            following = new + 1

    def _insert_items(self, node: Sequence, before: Item | None, added: list[Any]) -> None:
        """Put items behind another one, or in front of all."""
        first = node.items[0]
        if node.flow:
            text = dump(added, flow=True).strip()[1:-1]
            place = before.node.end if before else first.start
            self._edits.append((place, place, f", {text}" if before else f"{text}, "))
            return
        column = self._column(first.start)
        block = self._block(added, column)
        if before:
            place = self._line_end(before.node.end)
            self._edits.append((place, place, "\n" + block))
        elif self._text[first.start - column : first.start].strip():  # behind another dash
            self._edits.append((first.start, first.start, f"{block.lstrip(' ')}\n{' ' * column}"))
        else:
            self._edits.append((first.start - column, first.start - column, f"{block}\n"))

    def _drop(self, parts: Items[Entry | Item], dropped: set[Any], flow: bool) -> None:
        """Take parts out, with the comments before them; not all of them."""
        leading = next(index for index, part in enumerate(parts) if part not in dropped)
        if leading:
            self._edits.append((*self._leading(parts, leading, flow), ""))
        for index in range(leading, len(parts)):
            if parts[index] in dropped:
                start, end = parts[index - 1].node.end, parts[index].node.end
                self._edits.append((start, end, "") if flow else (self._line_end(start), self._line_end(end), ""))

    def _leading(self, parts: Items[Entry | Item], count: int, flow: bool) -> tuple[int, int]:
        start, end = parts[0].start, parts[count - 1].node.end
        line = self._text.rfind("\n", 0, start) + 1
        if flow or self._text[line:start].strip():
            return start, parts[count].start
        return line, self._line_end(end) + 1

    def _replace(self, node: Node, part: Part, wanted: Any, flow: bool) -> None:
        """Write a node anew: a collection on lines of its own, unless it is within braces or brackets."""
        if part is None:
            self._edits.append((node.start, node.end, dump(wanted, indented=self._indented).rstrip("\n")))
        elif flow or not isinstance(wanted, dict | list) or not wanted:
            whole = isinstance(node, Mapping | Sequence) and not node.flow
            start = part.after if whole else node.start
            space = " " if start == part.after and not flow else ""
            self._edits.append((start, node.end, space + dump([wanted], flow=True).strip()[1:-1]))
        else:
            deeper = isinstance(wanted, dict) or self._indented or isinstance(part, Item)
            place = self._line_end(node.end)
            block = self._block(wanted, self._column(part.start) + 2 * deeper)
            self._edits += [(part.after, node.end, ""), (place, place, "\n" + block)]

    def _block(self, value: Any, column: int) -> str:
        text = dump(value, indented=self._indented).rstrip("\n")
        return textwrap.indent(text, " " * column)

    def _column(self, place: int) -> int:
        return place - (self._text.rfind("\n", 0, place) + 1)

    def _line_end(self, place: int) -> int:
        found = self._text.find("\n", place)
        return len(self._text) if found < 0 else found


def _pairs(old: list[Any], new: list[Any]) -> list[tuple[int, int]]:
    """Which old item becomes which new one: by place if there are as many, by name or value otherwise."""
    if len(old) == len(new):
        return [(index, index) for index in range(len(new))]
    pairs, start = [], 0
    for place, item in enumerate(new):
        found = next((index for index in range(start, len(old)) if same(_name(old[index]), _name(item))), None)
        if found is not None:
            pairs.append((found, place))
            start = found + 1
    return pairs


def _name(item: Any) -> Any:
    return item["name"] if isinstance(item, dict) and "name" in item else item


def _indents_lists(text: str, node: Node) -> bool:
    """Whether the first list in a mapping is deeper than its key; that is how new ones are written."""
    if isinstance(node, Mapping):
        for entry in node.entries:
            if isinstance(entry.node, Sequence) and not entry.node.flow:
                column = entry.node.items[0].start - (text.rfind("\n", 0, entry.node.items[0].start) + 1)
                return column > entry.start - (text.rfind("\n", 0, entry.start) + 1)
            if _has_list(entry.node):
                return _indents_lists(text, entry.node)
    if isinstance(node, Sequence):
        return next((_indents_lists(text, item.node) for item in node.items if _has_list(item.node)), False)
    return False


def _has_list(node: Node) -> bool:
    if isinstance(node, Mapping):
        return any(_has_list(entry.node) or _is_block_list(entry.node) for entry in node.entries)
    return isinstance(node, Sequence) and any(_has_list(item.node) for item in node.items)


def _is_block_list(node: Node) -> bool:
    return isinstance(node, Sequence) and not node.flow

"""Differences of two pods: as a JSON patch for the API server, and as a list of changes that can be undone later.

A patch is applied at once, so it addresses list items by index. Changes may be undone after others have changed the pod too,
so they address items by name, and only what still is as it was left is put back. Knows nothing of sidecars.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET

Path = list[str | int]
NAMED = frozenset({"containers", "initContainers", "volumes", "env", "imagePullSecrets"})
"""Lists whose items are addressed by name; items of other lists are addressed by index."""
_MAPS = frozenset({"metadata", "annotations", "labels"})
_SHARED = NAMED | _MAPS
"""Collections that others add to as well: one that was created here is removed only if it is empty by then."""


class Change(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One change at a path; `was` or `now` is unset where there was or is nothing. Stored in pods, so its form is a contract."""

    at: Path
    was: Any = UNSET
    now: Any = UNSET
    made: bool = False
    """An empty collection was created here, and filled by further changes."""


def json_patch(before: Any, after: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """The JSON patch (RFC 6902) from one value to another.

    Lists are compared item by item and may grow at their end; one that shrinks is replaced as a whole.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for name in before.keys() - after.keys():
            yield {"op": "remove", "path": f"{path}/{_escape(name)}"}
        for name, value in after.items():
            place = f"{path}/{_escape(name)}"
            if name in before:
                yield from json_patch(before[name], value, place)
            else:
                yield {"op": "add", "path": place, "value": value}
    elif isinstance(before, list) and isinstance(after, list) and len(before) <= len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=False)):
            yield from json_patch(old, new, f"{path}/{index}")
        for item in after[len(before) :]:
            yield {"op": "add", "path": f"{path}/-", "value": item}
    elif type(before) is not type(after) or before != after:
        yield {"op": "replace", "path": path, "value": after}


def changes(before: Any, after: Any, path: Path | None = None) -> Iterator[Change]:
    """The changes from one value to another, in the order in which `undo` reverts them."""
    at = path or []
    name = at[-1] if at else ""
    if name in _SHARED and before in (None, UNSET) and isinstance(after, dict | list):
        yield from changes(type(after)(), after, at)
        yield Change(at, was=before, made=True)
    elif name in NAMED and (old := by_name(before)) is not None and (new := by_name(after)) is not None:
        for key in new:
            yield from changes(old[key], new[key], [*at, key]) if key in old else [Change([*at, key], now=new[key])]
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):  # the same changes for any order of keys
            yield from changes(before.get(key, UNSET), after.get(key, UNSET), [*at, key])
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (was, now) in enumerate(zip(before, after, strict=True)):
            yield from changes(was, now, [*at, index])
    elif before != after:
        yield Change(at, was=before, now=after)


def undo(value: Any, recorded: list[Change]) -> None:
    """Revert changes in place, as far as they are still there. An item that was added to a named list goes in any case."""
    for change in recorded:
        _revert(_parent(value, change), change)


def redo(value: Any, recorded: list[Change], there: Any) -> None:
    """Make changes in place, in a value where they were reverted, whatever others made of their places.

    Items of which only the name is recorded are as they are `there`.
    """
    for change in reversed(recorded):
        _repeat(_parent(value, change, make=True), change, _item(_parent(there, change), change.at[-1]))


def _parent(value: Any, change: Change, make: bool = False) -> Any:
    """What holds the place of a change; with `make`, mappings on the way that others have removed are made anew."""
    for step in change.at[:-1]:
        if make and isinstance(value, dict):
            value.setdefault(step, {})
        value = _item(value, step)
    return value


def _repeat(parent: Any, change: Change, there: Any) -> None:
    key, now = change.at[-1], copy.deepcopy(change.now)
    if isinstance(parent, list) and isinstance(key, str):
        parent[:] = [item for item in parent if not isinstance(item, dict) or item.get("name") != key]
        parent += [item for item in (there if now is UNSET else now,) if item is not UNSET]
    elif change.made:
        if isinstance(parent, dict):
            parent[key] = parent.get(key) or ({} if key in _MAPS else [])
    elif isinstance(parent, dict) and now is UNSET:
        parent.pop(key, None)
    elif isinstance(parent, dict) or (isinstance(parent, list) and isinstance(key, int) and key < len(parent)):
        parent[key] = now  # type: ignore[index]  # an integer where it is a list


def _revert(parent: Any, change: Change) -> None:
    key = change.at[-1]
    current = _item(parent, key)
    if change.made:
        untouched = current in ({}, [])
    elif isinstance(parent, list) and isinstance(key, str):
        untouched = current is not UNSET
    else:
        untouched = current is not UNSET and (change.now is UNSET or current == change.now)
        untouched |= current is UNSET and change.now is UNSET and change.was is not UNSET
    if not untouched:
        return
    if isinstance(parent, dict):
        parent.pop(key, None)
        if change.was is not UNSET:
            parent[key] = change.was
    elif isinstance(key, str):
        parent.remove(current)
    else:
        parent[key] = change.was


def _item(parent: Any, step: str | int) -> Any:
    if isinstance(parent, dict):
        return parent.get(step, UNSET)
    if isinstance(parent, list) and isinstance(step, str):
        return next((item for item in parent if isinstance(item, dict) and item.get("name") == step), UNSET)
    if isinstance(parent, list) and isinstance(step, int) and 0 <= step < len(parent):
        return parent[step]
    return UNSET


def by_name(items: Any) -> dict[str, Any] | None:
    """Items of a list by name; None where names are missing or not unique."""
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and isinstance(item.get("name"), str) for item in items
    ):
        return None
    named = {item["name"]: item for item in items}
    return named if len(named) == len(items) else None


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")

"""Merges what the injector wants into a pod that others changed since it was injected: their changes stay.

Three states meet: what the injector set (`was`), what is there, and what it wants now. Where it wants what it wanted before,
what is there stays, whatever it is. Where it wants something else, it replaces what still is as it was set, and nothing else.
Knows nothing of sidecars. Neighbours: `pod_diff` records what was set, `patch` says what is wanted.
"""

from __future__ import annotations

import itertools
from typing import Any

from msgspec import UNSET

from sidecar.inject.pod_diff import NAMED, by_name


def merge(was: Any, there: Any, wanted: Any, name: str = "") -> Any:
    """The merged value of a field `name`; UNSET stands for a field that is absent, in all four."""
    if was == wanted:
        return there
    if there == was:
        return wanted
    if isinstance(there, dict) and _are(dict, was, wanted):
        return _fields(_or({}, was), there, _or({}, wanted)) or _if_empty(wanted, {})
    if isinstance(there, list) and _are(list, was, wanted):
        return _lists(_or([], was), there, _or([], wanted), name) or _if_empty(wanted, [])
    return there


def _fields(was: dict[str, Any], there: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name in dict.fromkeys(itertools.chain(there, wanted)):
        value = merge(was.get(name, UNSET), there.get(name, UNSET), wanted.get(name, UNSET), name)
        if value is not UNSET:
            found[name] = value
    return found


def _lists(was: list[Any], there: list[Any], wanted: list[Any], name: str) -> list[Any]:
    """Items are the same ones if they have the same name, or where names do not count the same place in lists of one length.
    Other lists of objects are sets; the order of texts means something, so that lists of them are merged as a whole.
    """
    named = [by_name(items) for items in (was, there, wanted)]
    if name in NAMED and None not in named:
        return _items(*(found or {} for found in named))
    if len(was) == len(there) == len(wanted):
        return [merge(*three) for three in zip(was, there, wanted, strict=True)]
    if all(isinstance(item, dict) for item in itertools.chain(was, there, wanted)):
        kept = [item for item in there if item in wanted or item not in was]
        return kept + [item for item in wanted if item not in was and item not in kept]
    return there


def _items(was: dict[str, Any], there: dict[str, Any], wanted: dict[str, Any]) -> list[Any]:
    """What is no longer wanted goes, even if others changed it: without it, it has no meaning."""
    kept = [
        merge(was.get(name, UNSET), item, wanted.get(name, UNSET))
        for name, item in there.items()
        if name in wanted or name not in was
    ]
    return kept + [item for name, item in wanted.items() if name not in there and name not in was]


def _are(kind: type, *values: Any) -> bool:
    return all(value is UNSET or isinstance(value, kind) for value in values)


def _or(empty: Any, value: Any) -> Any:
    return empty if value is UNSET else value


def _if_empty(wanted: Any, empty: Any) -> Any:
    """Nothing is left: no field, if none is wanted either."""
    return UNSET if wanted is UNSET else empty

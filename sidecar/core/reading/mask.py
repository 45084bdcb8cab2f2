"""Masks values of JSON bodies by key, for captures. A body that cannot be masked is withheld.

A key may name a member (`{"ssn": "..."}`), a tensor of the Open Inference Protocol (`{"name": "ssn", "data": [...]}`), or
a column (`{"columns": ["ssn", ...], "data": [[...], ...]}`); all three are masked, because users name features.
"""

from __future__ import annotations

from typing import Any

import orjson

from sidecar.core.reading.payload import payload
from sidecar.core.words.exchange import Message
from sidecar.errors import DecodeError

MASK = "***"
_INFLATED_BYTES = 16_777_216
_NAME_KEYS = ("columns", "names", "feature_names")
_ROW_KEYS = ("data", "rows", "ndarray")
_TENSOR_KEYS = ("data", "contents", "values")


def masked(message: Message, keys: frozenset[str]) -> bytes | None:
    """The body without chunking and compression, with masked values; None if it is not complete JSON.

    `keys` are case-folded. Members become `"***"`; values of tensors and columns become null, which decodes as missing.
    """
    try:
        return orjson.dumps(_walk(orjson.loads(payload(message, _INFLATED_BYTES)), keys))
    except (DecodeError, orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return None  # no JSON, or nested too deeply to be a payload


def _walk(node: Any, keys: frozenset[str]) -> Any:
    """A copy with its masked values replaced."""
    if isinstance(node, list):
        return [_walk(item, keys) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: MASK if key.casefold() in keys else _walk(value, keys) for key, value in node.items()}
    if str(node.get("name", "")).casefold() in keys:
        node |= {key: _emptied(node[key]) for key in _TENSOR_KEYS if key in node}
    return _without_columns(node, keys)


def _without_columns(node: dict[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    names: list[Any] = next((node[key] for key in _NAME_KEYS if isinstance(node.get(key), list)), [])
    hidden = {at for at, name in enumerate(names) if str(name).casefold() in keys}
    if not hidden:
        return node
    rows = {key: node[key] for key in _ROW_KEYS if isinstance(node.get(key), list)}
    return node | {key: [_without(row, hidden) for row in value] for key, value in rows.items()}


def _without(row: Any, hidden: set[int]) -> Any:
    if not isinstance(row, list):
        return None  # not a row as declared: withhold it
    return [None if at in hidden else value for at, value in enumerate(row)]


def _emptied(value: Any) -> Any:
    """The same nesting with null for each value."""
    if isinstance(value, list):
        return [_emptied(item) for item in value]
    return {key: _emptied(item) for key, item in value.items()} if isinstance(value, dict) else None

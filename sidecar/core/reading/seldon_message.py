"""Seldon's message, which its own paths carry and others do too: `decoders.seldon` and `decoders.generic_json` read it. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from sidecar.core.reading.flatten import BLOB
from sidecar.core.reading.shapes import extent
from sidecar.core.reading.tables import Tables
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError

_FIELD = b"json="


def unformed(payload: bytes) -> bytes:
    """The JSON of the form field `json`, or the payload as it is."""
    if not payload.startswith(_FIELD):
        return payload
    return unquote_to_bytes(payload[len(_FIELD) :].partition(b"&")[0].replace(b"+", b" "))


def message(tables: Tables, side: Side, document: Any, single: str) -> Frame | None:
    """The rows of Seldon's message; None if it is none. Raises DecodeError."""
    if not isinstance(document, dict):
        return None
    data = document.get("data")
    if isinstance(data, dict) and ("ndarray" in data or "tensor" in data):
        return _data(tables, side, data, single)
    if "jsonData" in document:
        return tables.table(side, document["jsonData"], single=single)
    if "strData" in document:
        return tables.rows(side, [document["strData"]], single=single)
    if "binData" in document:
        return tables.rows(side, [{BLOB: document["binData"]}], single=single)
    return None


def _data(tables: Tables, side: Side, data: dict[str, Any], single: str) -> Frame:
    given = data.get("names")
    names = tuple(map(str, given)) if isinstance(given, list) and given else None
    rows = data["ndarray"] if "ndarray" in data else _unpacked(data["tensor"])
    if names and isinstance(rows, list) and len(names) == len(rows) > 1 and not isinstance(rows[0], list | dict):
        rows = [rows]  # one row without the list around it
    return tables.rows(side, rows, names, single)


def _unpacked(tensor: Any) -> list[list[Any]]:
    """The rows of a flat tensor. Raises DecodeError."""
    if not isinstance(tensor, dict) or not isinstance(tensor.get("values"), list):
        raise DecodeError("structure", "a tensor has shape and values")
    values = tensor["values"]
    rows, width = extent("tensor", tensor.get("shape"), len(values))
    return [values[at * width : (at + 1) * width] for at in range(rows)]

"""CSV with and without a header: MLflow wants one, SageMaker has none.

The first line is a header if it holds a cell that is neither empty nor a number, and if the second line differs from it
in that: a file of strings only has a header unless it is a single line. `,` and `;` and tab separate.
"""

from __future__ import annotations

import csv
import io
from itertools import chain
from typing import Any

from sidecar.core.exchange import Exchange
from sidecar.core.frame import Frame, Side
from sidecar.core.tables import Tables, parse
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_SEPARATORS = ",;\t"
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})


class Csv:
    """Reads bodies that say they are text/csv."""

    name = "csv"

    def __init__(self, settings: DecodeSettings) -> None:
        self._tables = Tables(settings)

    def priority(self, exchange: Exchange) -> float:
        """Sure by its content type."""
        said = exchange.request.header(b"content-type") or b""
        return 0.9 if exchange.method in ("POST", "PUT") and said.lower().startswith(b"text/csv") else 0.0

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        """One row a line."""
        return self._read(Side.INPUT, payload)

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        """Predictions as JSON or as CSV, whichever it looks like."""
        if payload.lstrip()[:1] in (b"{", b"["):
            document = parse(payload)
            predictions = document.get("predictions", document) if isinstance(document, dict) else document
            return self._tables.rows(Side.OUTPUT, predictions, single="prediction")
        frame = self._read(Side.OUTPUT, payload)
        if frame.names is None and frame.width == 1:
            return Frame(frame.side, ("prediction",), frame.rows, 1, frame.values)
        return frame

    def _read(self, side: Side, payload: bytes) -> Frame:
        try:
            text = payload.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DecodeError("syntax", str(error)) from error
        rows = _rows(text)
        if not rows:
            raise DecodeError("syntax", "empty body")
        names = tuple(cell.strip() for cell in rows.pop(0)) if _has_header(rows) else None
        width = len(names) if names is not None else len(rows[0])
        if any(len(row) != width for row in rows):
            raise DecodeError("ragged", f"the first line has {width} cells, another has not")
        return self._tables.frame(side, names, len(rows), width, list(map(_cell, chain.from_iterable(rows))))


def _rows(text: str) -> list[list[str]]:
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    try:
        return [row for row in csv.reader(io.StringIO(text), delimiter=separator, strict=True) if row]
    except csv.Error as error:
        raise DecodeError("syntax", str(error)) from error


def _has_header(rows: list[list[str]]) -> bool:
    first = any(isinstance(_cell(cell), str) for cell in rows[0])
    if not first or len(rows) == 1:
        return False
    words = [isinstance(_cell(cell), str) for cell in rows[0]]
    below = [isinstance(_cell(cell), str) for cell in rows[1]]
    return all(words) or words != below


def _cell(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        stripped = text.strip()
        return None if stripped.lower() in _MISSING else stripped

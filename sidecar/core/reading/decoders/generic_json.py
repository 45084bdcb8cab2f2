"""Any other JSON: by the pointers in the settings (RFC 6901), or else by a guess at the usual formats of custom
servers.

Without a pointer the rows are the first of `data`, `instances`, `features`, `inputs`, `input`, `input_data`, `rows`,
`dataframe_records`, or the document itself: a list of rows, or an object of cells, which is one row. Predictions are
found in the same way.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sidecar.core.reading.decoder import Example, Table, numbered
from sidecar.core.reading.tables import Tables
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_ROWS = ("data", "instances", "features", "inputs", "input", "input_data", "rows", "dataframe_records")
_PREDICTIONS = ("predictions", "prediction", "result", "results", "outputs", "output", "data", "scores", "score")
_OTHERS = re.compile(
    r".*/(?:completions|embeddings|responses|messages|rerank|tokenize|generate|generate_stream|infer_stream|feedback"
    r"|send-feedback|repository/.*)"
)
"""Paths of known protocols that carry no table of features."""
_NOT_JSON = (
    b"multipart/", b"image/", b"audio/", b"video/", b"text/event-stream", b"text/html", b"application/grpc",
    b"application/x-npy", b"application/x-protobuf", b"application/vnd.apache.", b"application/vnd.bentoml+pickle",
)  # fmt: skip


_PATH = "/predict"
_EXAMPLES = (
    Example(
        _PATH,
        b'{"data": [[31, 0.5, "NL"], [47, null, "BE"]], "id": "a1"}',
        Table(None, ((31, 0.5, "NL"), (47, None, "BE"))),
        b'{"result": [6, 15]}',
        Table(("prediction",), ((6,), (15,))),
    ),
    Example(
        _PATH,
        b'[{"age": 31, "owns": true}, {"age": 47, "owns": false}]',
        Table(("age", "owns"), ((31, True), (47, False))),
        b'{"prediction": 0.75}',
        Table(("prediction",), ((0.75,),)),
    ),
    Example(
        "/api/v1.0/predictions",
        b'{"data": {"names": ["a", "b"], "ndarray": [[0.5, 1.5], [2.5, 3.5]]}}',
        Table(("a", "b"), ((0.5, 1.5), (2.5, 3.5))),
        b'{"data": {"names": ["no", "yes"], "ndarray": [[0.25, 0.75], [0.5, 0.5]]}, "meta": {}}',
        Table(("no", "yes"), ((0.25, 0.75), (0.5, 0.5))),
    ),
    Example(
        "/score",
        b'{"age": 31, "country": "NL"}',
        Table(("age", "country"), ((31, "NL"),)),
        b'{"scores": {"no": [0.25], "yes": [0.75]}}',
        Table(("no", "yes"), ((0.25, 0.75),)),
    ),
)


class GenericJson:
    """Reads what no other decoder claims."""

    name = "generic_json"
    routes: tuple[str, ...] = ()
    examples: tuple[Example, ...] = _EXAMPLES

    @staticmethod
    def sized(rows: int, width: int) -> Example:
        """See `Decoder`."""
        inputs, scores = numbered(rows, width), numbered(rows, 1)
        asked = json.dumps({"data": inputs}).encode()
        answered = json.dumps({"predictions": [score for (score,) in scores]}).encode()
        return Example(_PATH, asked, Table(None, inputs), answered, Table(("prediction",), scores))

    def __init__(self, settings: DecodeSettings) -> None:
        self._tables = Tables(settings)
        self._settings = settings

    def priority(self, exchange: Exchange) -> float:
        """Low, unless the settings name the path."""
        if exchange.method not in ("POST", "PUT"):
            return 0.0
        said = (exchange.request.header(b"content-type") or b"").lower()
        if said.startswith(_NOT_JSON):
            return 0.0
        if exchange.path in self._settings.paths or exchange.route in self._settings.paths:
            return 0.95
        return 0.0 if self._settings.paths or _OTHERS.fullmatch(exchange.path) else 0.1

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        """The rows of the request."""
        document = self._tables.parse(payload)
        names = self._names(document)
        if self._settings.rows_pointer:
            return self._table(Side.INPUT, point(document, self._settings.rows_pointer), names, "value")
        rows, found = _guess(document, _ROWS)
        return self._table(Side.INPUT, rows, names or found, "value")

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        """The predictions of the response."""
        if (exchange.response.header(b"content-type") or b"").lower().startswith(_NOT_JSON):
            raise DecodeError("unsupported", "the response is not JSON")
        document = self._tables.parse(payload)
        if self._settings.predictions_pointer:
            rows, names = point(document, self._settings.predictions_pointer), None
        else:
            rows, names = _guess(document, _PREDICTIONS)
        return self._table(Side.OUTPUT, rows, names, "prediction")

    def _names(self, document: Any) -> tuple[str, ...] | None:
        if not self._settings.names_pointer:
            return None
        names = point(document, self._settings.names_pointer)
        if not isinstance(names, list):
            raise DecodeError("structure", f"{self._settings.names_pointer} is no list of names")
        return tuple(map(str, names))

    def _table(self, side: Side, rows: Any, names: tuple[str, ...] | None, single: str) -> Frame:
        if isinstance(rows, dict):
            is_columns = any(isinstance(value, list) for value in rows.values())
            return self._tables.columns(side, rows) if is_columns else self._tables.rows(side, [rows])
        if not isinstance(rows, list):
            rows = [rows]
        one_row = side is Side.INPUT and rows and not isinstance(rows[0], list | dict)
        if one_row and len(rows) > 1:
            rows = [rows]
        return self._tables.rows(side, rows, names, single)


def point(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer. Raises DecodeError("structure") if there is none."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and key in document:
            document = document[key]
        elif (
            isinstance(document, list) and key.isascii() and key.isdigit() and len(key) < 8 and int(key) < len(document)
        ):
            document = document[int(key)]
        else:
            raise DecodeError("structure", f"nothing at {pointer}")
    return document


def _guess(document: Any, keys: tuple[str, ...]) -> tuple[Any, tuple[str, ...] | None]:
    """The likely rows, and their column names if the document has them."""
    if not isinstance(document, dict):
        return document, None
    for key in keys:
        value = document.get(key)
        if isinstance(value, list | dict):
            return _named(value) if isinstance(value, dict) else (value, None)
    scalar = next((document[key] for key in keys if key in document), None)
    is_only = scalar is not None and len(document) == 1
    return ([scalar] if is_only else document), None


def _named(value: dict[str, Any]) -> tuple[Any, tuple[str, ...] | None]:
    """Seldon's `{"names": [...], "ndarray": [[...]]}` and pandas' `{"columns": [...], "data": [[...]]}`."""
    for names, rows in (("names", "ndarray"), ("columns", "data")):
        if isinstance(value.get(rows), list):
            given = value.get(names)
            return value[rows], tuple(map(str, given)) if isinstance(given, list) and given else None
    return value, None

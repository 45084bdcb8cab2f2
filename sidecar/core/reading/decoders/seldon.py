"""Seldon Core v1: `data` as `ndarray` or `tensor` with `names`, or `jsonData`, `strData`, `binData`; as JSON, or in a form field.

See https://docs.seldon.io/projects/seldon-core/en/latest/reference/apis/external-prediction.html. Feedback has other paths and
is no input: nobody claims it, so it is counted as `no_decoder`.
"""

from __future__ import annotations

import json
import re

from sidecar.core.reading.decoder import Example, Table, numbered
from sidecar.core.reading.seldon_message import message, unformed
from sidecar.core.reading.tables import Tables
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import PREDICTION, Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_PATH = re.compile(r"(?:/[^?]*)?/api/v[01]\.[01]/predictions")
_ROUTE = "/api/v1.0/predictions"
_FORM = b"application/x-www-form-urlencoded"
_ANSWER = (
    b'{"data": {"names": ["no", "yes"], "ndarray": [[0.25, 0.75], [0.5, 0.5]]}, "meta": {}}',
    Table(("no", "yes"), ((0.25, 0.75), (0.5, 0.5))),
)
_NAMED = Table(("a", "b"), ((0.5, 1.5), (2.5, 3.5)))
_EXAMPLES = (
    Example(_ROUTE, b'{"data": {"names": ["a", "b"], "ndarray": [[0.5, 1.5], [2.5, 3.5]]}}', _NAMED, *_ANSWER),
    Example(
        "/seldon/shop/loans/api/v0.1/predictions",
        b'{"data": {"names": ["a", "b"], "tensor": {"shape": [2, 2], "values": [0.5, 1.5, 2.5, 3.5]}}}',
        _NAMED,
        b'{"data": {"names": [], "tensor": {"shape": [2], "values": [1, 0]}}}',
        Table(None, ((1,), (0,))),
    ),
    Example(
        _ROUTE,
        b'{"jsonData": {"age": 31, "home": {"city": "Ulm"}}}',
        Table(("age", "home.city"), ((31, "Ulm"),)),
        b'{"strData": "yes", "meta": {}}',
        Table(("prediction",), (("yes",),)),
    ),
    Example(
        _ROUTE,
        b"json=%7B%22data%22%3A%7B%22ndarray%22%3A%5B%5B0.5%2C+1.5%5D%2C%5B2.5%2C3.5%5D%5D%7D%7D",
        Table(None, _NAMED.rows),
        *_ANSWER,
        _FORM,
    ),
)


class Seldon:
    """Reads `/api/v1.0/predictions`."""

    name = "seldon"
    routes: tuple[str, ...] = (_ROUTE, "/api/v0.1/predictions")
    examples: tuple[Example, ...] = _EXAMPLES

    @staticmethod
    def sized(rows: int, width: int) -> Example:
        """See `Decoder`."""
        inputs, scores = numbered(rows, width), numbered(rows, 1)
        asked, answered = (json.dumps({"data": {"ndarray": table}}).encode() for table in (inputs, scores))
        return Example(_ROUTE, asked, Table(None, inputs), answered, Table(None, scores))

    def __init__(self, settings: DecodeSettings) -> None:
        self._tables = Tables(settings)

    def priority(self, exchange: Exchange) -> float:
        """1 if the path matches; below what the content type says of CSV and of lines."""
        return 0.85 if exchange.method == "POST" and _PATH.fullmatch(exchange.path) else 0.0

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        """The rows of the message."""
        return self._read(Side.INPUT, payload, "value")

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        """The rows of the message; names are those of classes."""
        return self._read(Side.OUTPUT, payload, PREDICTION)

    def _read(self, side: Side, payload: bytes, single: str) -> Frame:
        frame = message(self._tables, side, self._tables.parse(unformed(payload)), single)
        if frame is None:
            raise DecodeError("structure", "none of data, jsonData, strData, binData")
        return frame

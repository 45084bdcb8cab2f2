"""JSON Lines: one row per line, as SageMaker's batches and stream tools send them (NDJSON, JSON text sequences of RFC 7464).

A line that is no JSON costs its row. Answers are lines likewise, or one JSON document.
"""

from __future__ import annotations

import json

from sidecar.core.reading.decoder import Example, Table, numbered
from sidecar.core.reading.inference_like import priority_by_content_type
from sidecar.core.reading.tables import Tables
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import PREDICTION, Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_TYPES = frozenset(
    b"application/" + prefix + name
    for prefix in (b"", b"x-")
    for name in (b"jsonlines", b"json-lines", b"jsonl", b"ndjson", b"json-seq")
)
_SEPARATOR = b"\x1e"
"""Before each row of a JSON text sequence."""
_ROUTE, _TYPE = "/invocations", b"application/jsonlines"
_EXAMPLES = (
    Example(
        _ROUTE,
        b'{"age": 31, "country": "NL"}\n{"age": 47, "country": null}\n',
        Table(("age", "country"), ((31, "NL"), (47, None))),
        b'{"score": 0.25, "predicted_label": 0}\n{"score": 0.75, "predicted_label": 1}\n',
        Table(("score", "predicted_label"), ((0.25, 0), (0.75, 1))),
        _TYPE,
    ),
    Example(
        "/score",
        b'{"features": [0.5, 1.5]}\r\n\r\n{"features": [2.5, 3.5]}',
        Table(None, ((0.5, 1.5), (2.5, 3.5))),
        b'{"predictions": [1, 0]}',
        Table(("prediction",), ((1,), (0,))),
        b"application/x-ndjson; charset=utf-8",
    ),
    Example(
        _ROUTE,
        b"\x1e[0.5, true]\n\x1e[1.5, false]\n",
        Table(None, ((0.5, True), (1.5, False))),
        b"\x1e0.25\n\x1e0.75\n",
        Table(("prediction",), ((0.25,), (0.75,))),
        b"application/json-seq",
    ),
)


class JsonLines:
    """Reads bodies whose content type says that their lines are JSON."""

    name = "json_lines"
    routes: tuple[str, ...] = (_ROUTE,)
    examples: tuple[Example, ...] = _EXAMPLES

    @staticmethod
    def sized(rows: int, width: int) -> Example:
        """See `Decoder`."""
        inputs, scores = numbered(rows, width), numbered(rows, 1)
        asked = "\n".join(map(json.dumps, inputs)).encode()
        answered = "\n".join(json.dumps(score) for (score,) in scores).encode()
        return Example(_ROUTE, asked, Table(None, inputs), answered, Table(("prediction",), scores), _TYPE)

    def __init__(self, settings: DecodeSettings) -> None:
        self._tables = Tables(settings)
        self._paths = frozenset(settings.paths)

    def priority(self, exchange: Exchange) -> float:
        """High by the content type on the path of a protocol or one that the settings name; elsewhere that of a guess."""
        said = (exchange.request.header(b"content-type") or b"").lower()
        if exchange.method not in ("POST", "PUT") or said.partition(b";")[0].strip() not in _TYPES:
            return 0.0
        return priority_by_content_type(exchange, self._paths)

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        """One row per line."""
        return self._tables.of_lines(Side.INPUT, payload.replace(_SEPARATOR, b"\n"), "value")

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        """One row per line, or a document that may be laid out over several lines."""
        if payload.lstrip()[:1] in (b"{", b"["):
            try:
                document = self._tables.parse(payload)
            except DecodeError as error:
                if error.reason != "syntax":
                    raise
            else:
                predictions = document.get("predictions", document) if isinstance(document, dict) else document
                return self._tables.table(Side.OUTPUT, predictions, single=PREDICTION)
        return self._tables.of_lines(Side.OUTPUT, payload.replace(_SEPARATOR, b"\n"), PREDICTION)

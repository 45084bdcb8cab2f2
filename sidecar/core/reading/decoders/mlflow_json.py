"""MLflow's scoring server: one of four JSON forms on `/invocations`, and `predictions` back.

See https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/#json-input.
"""

from __future__ import annotations

import json
from typing import Any

from sidecar.core.reading.decoder import Example, Table, numbered
from sidecar.core.reading.tables import Tables
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_ROUTE = "/invocations"
_PREDICTIONS = b'{"predictions": [1, 0]}', Table(("prediction",), ((1,), (0,)))
_ROWS = ((31, "NL"), (47, None))
_EXAMPLES = (
    Example(
        _ROUTE,
        b'{"dataframe_split": {"columns": ["age", "country"], "index": [0, 1], "data": [[31, "NL"], [47, null]]}}',
        Table(("age", "country"), _ROWS),
        *_PREDICTIONS,
    ),
    Example(
        _ROUTE,
        b'{"dataframe_records": [{"age": 31, "country": "NL"}, {"country": null, "age": 47}]}',
        Table(("age", "country"), _ROWS),
        b'{"predictions": [{"no": 0.25, "yes": 0.75}, {"no": 0.5, "yes": 0.5}]}',
        Table(("no", "yes"), ((0.25, 0.75), (0.5, 0.5))),
    ),
    Example(
        _ROUTE,
        b'{"instances": [[0.5, 1.5, 2.5], [3.5, 4.5, 5.5]]}',
        Table(None, ((0.5, 1.5, 2.5), (3.5, 4.5, 5.5))),
        *_PREDICTIONS,
    ),
    Example(
        _ROUTE,
        b'{"inputs": {"age": [31, 47], "country": ["NL", null]}}',
        Table(("age", "country"), _ROWS),
        b"[0.25, 0.75]",
        Table(("prediction",), ((0.25,), (0.75,))),
    ),
)


class MlflowJson:
    """Reads `/invocations` unless it is CSV."""

    name = "mlflow_json"
    routes: tuple[str, ...] = (_ROUTE,)
    examples: tuple[Example, ...] = _EXAMPLES

    @staticmethod
    def sized(rows: int, width: int) -> Example:
        """See `Decoder`."""
        inputs, scores = numbered(rows, width), numbered(rows, 1)
        asked = json.dumps({"inputs": inputs}).encode()
        answered = json.dumps({"predictions": [score for (score,) in scores]}).encode()
        return Example(_ROUTE, asked, Table(None, inputs), answered, Table(("prediction",), scores))

    def __init__(self, settings: DecodeSettings) -> None:
        self._tables = Tables(settings)

    def priority(self, exchange: Exchange) -> float:
        """High by the path, a little lower than that of CSV by its content type."""
        return 0.8 if exchange.method == "POST" and exchange.path.endswith("/invocations") else 0.0

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        """dataframe_split, dataframe_records, inputs or instances."""
        document = self._tables.parse_object(payload)
        if "dataframe_split" in document:
            return self._split(document["dataframe_split"])
        for key in ("dataframe_records", "instances", "inputs"):
            if key in document:
                return self._either(document[key])
        raise DecodeError("structure", "none of dataframe_split, dataframe_records, inputs, instances")

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        """`predictions`, as rows or as columns; some models answer with the bare list."""
        document = self._tables.parse(payload)
        predictions = document.get("predictions", document) if isinstance(document, dict) else document
        if isinstance(predictions, dict):
            return self._tables.columns(Side.OUTPUT, predictions)
        return self._tables.rows(Side.OUTPUT, predictions, single="prediction")

    def _either(self, rows: Any) -> Frame:
        if isinstance(rows, dict):
            return self._tables.columns(Side.INPUT, rows)
        return self._tables.rows(Side.INPUT, rows)

    def _split(self, split: Any) -> Frame:
        if not isinstance(split, dict) or "data" not in split:
            raise DecodeError("structure", "dataframe_split has no data")
        names = split.get("columns")
        if names is not None and not isinstance(names, list):
            raise DecodeError("structure", "columns is not a list")
        return self._tables.rows(Side.INPUT, split["data"], tuple(map(str, names)) if names else None)

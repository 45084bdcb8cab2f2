"""MLflow's scoring server: one of four JSON forms on `/invocations`, and `predictions` back.

See https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/#json-input.
"""

from __future__ import annotations

from typing import Any

from sidecar.core.reading.tables import Tables
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings


class MlflowJson:
    """Reads `/invocations` unless it is CSV."""

    name = "mlflow_json"

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

"""KServe V1 and TensorFlow Serving over REST: `instances` row by row, or `inputs` column by column.

See https://www.tensorflow.org/tfx/serving/api_rest#predict_api.
"""

from __future__ import annotations

import re

from sidecar.core.reading.tables import Tables
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_PATH = re.compile(r"(?:/[^?]*)?/v1/models/[^/?:]+(?:/(?:versions|labels)/[^/?:]+)?:(?:predict|explain)")


class V1Json:
    """Reads `/v1/models/{model}:predict`."""

    name = "v1_json"

    def __init__(self, settings: DecodeSettings) -> None:
        self._tables = Tables(settings)

    def priority(self, exchange: Exchange) -> float:
        """1 if the path matches."""
        return 1.0 if exchange.method == "POST" and _PATH.fullmatch(exchange.path) else 0.0

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        """`instances` are rows; `inputs` are columns if it is an object, else rows."""
        document = self._tables.parse_object(payload)
        if "instances" in document:
            return self._tables.rows(Side.INPUT, document["instances"])
        inputs = document.get("inputs")
        if isinstance(inputs, dict):
            return self._tables.columns(Side.INPUT, inputs)
        if inputs is None:
            raise DecodeError("structure", "neither `instances` nor `inputs`")
        return self._tables.rows(Side.INPUT, inputs)

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        """`predictions` are rows; `outputs` are columns if it is an object, else rows."""
        document = self._tables.parse_object(payload)
        if "predictions" in document:
            return self._tables.rows(Side.OUTPUT, document["predictions"], single="prediction")
        outputs = document.get("outputs")
        if isinstance(outputs, dict):
            return self._tables.columns(Side.OUTPUT, outputs)
        if outputs is None:
            raise DecodeError("structure", "neither `predictions` nor `outputs`")
        return self._tables.rows(Side.OUTPUT, outputs, single="prediction")

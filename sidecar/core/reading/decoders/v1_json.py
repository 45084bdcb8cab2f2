"""KServe V1 and TensorFlow Serving over REST: `instances` row by row, or `inputs` column by column.

See https://www.tensorflow.org/tfx/serving/api_rest#predict_api.
"""

from __future__ import annotations

import json
import re

from sidecar.core.reading.decoder import Example, Table, numbered
from sidecar.core.reading.tables import Tables
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_PATH = re.compile(r"(?:/[^?]*)?/v1/models/[^/?:]+(?:/(?:versions|labels)/[^/?:]+)?:(?:predict|explain)")


_EXAMPLES = (
    Example(
        "/v1/models/loans:predict",
        b'{"instances": [[31, 0.5, "NL"], [47, null, "BE"]]}',
        Table(None, ((31, 0.5, "NL"), (47, None, "BE"))),
        b'{"predictions": [1, 0]}',
        Table(("prediction",), ((1,), (0,))),
    ),
    Example(
        "/v1/models/loans/versions/3:predict",
        b'{"signature_name": "serving_default", "instances": [{"age": 31, "owns": true}, {"age": 47, "owns": false}]}',
        Table(("age", "owns"), ((31, True), (47, False))),
        b'{"predictions": [[0.25, 0.75], [0.5, 0.5]]}',
        Table(None, ((0.25, 0.75), (0.5, 0.5))),
    ),
    Example(
        "/v1/models/loans:predict",
        b'{"inputs": {"age": [31, 47], "place": [[52.0, 4.5], [51.0, 3.5]]}}',
        Table(("age", "place[0]", "place[1]"), ((31, 52.0, 4.5), (47, 51.0, 3.5))),
        b'{"outputs": {"score": [0.25, 0.75], "class": ["yes", "no"]}}',
        Table(("score", "class"), ((0.25, "yes"), (0.75, "no"))),
    ),
)


class V1Json:
    """Reads `/v1/models/{model}:predict`."""

    name = "v1_json"
    routes: tuple[str, ...] = (
        "/v1/models/{model}:predict",
        "/v1/models/{model}:explain",
        "/v1/models/{model}/versions/{version}:predict",
    )
    examples: tuple[Example, ...] = _EXAMPLES

    @staticmethod
    def sized(rows: int, width: int) -> Example:
        """See `Decoder`."""
        inputs, scores = numbered(rows, width), numbered(rows, 1)
        asked = json.dumps({"instances": inputs}).encode()
        answered = json.dumps({"predictions": [score for (score,) in scores]}).encode()
        return Example("/v1/models/m:predict", asked, Table(None, inputs), answered, Table(("prediction",), scores))

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

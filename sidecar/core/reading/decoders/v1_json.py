"""KServe V1 and TensorFlow Serving over REST: `instances` row by row, or `inputs` column by column.

See https://www.tensorflow.org/tfx/serving/api_rest#predict_api.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sidecar.core.reading.decoder import Example, Table, numbered
from sidecar.core.reading.tables import Tables
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import PREDICTION, Frame, Side
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
    Example(
        "/v1/models/loans:predict",
        b'{"instances": [{"age": 31, "home": {"city": "Ulm", "at": [48.5, 10.0]}},'
        b' {"home": {"city": "Bonn", "at": [50.5, 7.0]}}]}',
        Table(("age", "home.city", "home.at[0]", "home.at[1]"), ((31, "Ulm", 48.5, 10.0), (None, "Bonn", 50.5, 7.0))),
        b'{"predictions": [{"label": "no", "scores": {"no": 0.75, "yes": 0.25}},'
        b' {"label": "yes", "scores": {"no": 0.5, "yes": 0.5}}]}',
        Table(("label", "scores.no", "scores.yes"), (("no", 0.75, 0.25), ("yes", 0.5, 0.5))),
    ),
    Example(
        "/v1/models/images:predict",
        b'{"instances": [{"b64": "AAECAw=="}, {"b64": "AAEC"}]}',
        Table(("value.bytes",), ((4,), (3,))),
        b'{"predictions": [1, 0]}',
        Table(("prediction",), ((1,), (0,))),
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
        return self._columns(Side.INPUT, document, "inputs", "value")

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        """`predictions` are rows; `outputs` are columns if it is an object, else rows. Custom models may say `probabilities`."""
        document = self._tables.parse_object(payload)
        predictions = document.get("predictions", document.get("probabilities"))
        if predictions is not None:
            return self._tables.table(Side.OUTPUT, predictions, None, PREDICTION)
        return self._columns(Side.OUTPUT, document, "outputs", PREDICTION)

    def _columns(self, side: Side, document: dict[str, Any], key: str, single: str) -> Frame:
        found = document.get(key)
        if found is None:
            other = "instances" if side is Side.INPUT else "predictions"
            raise DecodeError("structure", f"neither `{other}` nor `{key}`")
        if isinstance(found, dict):
            return self._tables.columns(side, found)
        return self._tables.table(side, found, single=single)

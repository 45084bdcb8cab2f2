"""Any other JSON: by the pointers in the settings (RFC 6901), or else by a guess at the usual formats of custom
servers.

Without a pointer the rows are the first of `data`, `instances`, `features`, `inputs`, `input`, `input_data`, `rows`,
`dataframe_records`, `dataframe_split`, or the document itself: a list of rows, or an object of cells, which is one row. A list of
texts is a column of them. Predictions are found in the same way, and messages of Seldon's form as they are. Whether a guess is an
inference at all, `inference_like` decides.
"""

from __future__ import annotations

import json
from typing import Any

from sidecar.core.reading.decoder import Example, Table, numbered
from sidecar.core.reading.inference_like import GUESS, path_allows
from sidecar.core.reading.seldon_message import message, unformed
from sidecar.core.reading.tables import Tables
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import PREDICTION, Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_ROWS = (
    "data",
    "instances",
    "features",
    "inputs",
    "input",
    "input_data",
    "rows",
    "dataframe_records",
    "dataframe_split",
)
_OF_ROWS = ("data", "features", "input_data")
"""Keys at which a list of words is one row of categories."""
_ASIDE = ("parameters", "params", "options")
"""Keys of what is no feature."""
_PROBABILITIES = ("probabilities", "probability", "probas", "proba", "probs")
_PREDICTIONS = ("predictions", "prediction", "result", "results", "outputs", "output", "data", "scores", "score")
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
        _PATH,
        b'{"feat": {"age": 31, "country": "NL"}, "flag": false, "at": [52.0, 4.5]}',
        Table(("feat.age", "feat.country", "flag", "at[0]", "at[1]"), ((31, "NL", False, 52.0, 4.5),)),
        b'{"prediction": "yes", "probabilities": [0.25, 0.75]}',
        Table(("prediction", "probabilities[0]", "probabilities[1]"), (("yes", 0.25, 0.75),)),
    ),
    Example(
        _PATH,
        b'{"inputs": ["good", "bad"]}',
        Table(("value",), (("good",), ("bad",))),
        b'{"probabilities": [[0.25, 0.75], [0.5, 0.5]]}',
        Table(None, ((0.25, 0.75), (0.5, 0.5))),
    ),
    Example(
        "/score",
        b'{"input_data": {"columns": ["age", "country"], "index": [0], "data": [[31, "NL"]]}, "params": {}}',
        Table(("age", "country"), ((31, "NL"),)),
        b'{"data": {"names": ["no", "yes"], "ndarray": [[0.25, 0.75]]}, "meta": {}}',
        Table(("no", "yes"), ((0.25, 0.75),)),
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
        """That of a guess, unless the settings name the path or say where its rows are."""
        if exchange.method not in ("POST", "PUT"):
            return 0.0
        said = (exchange.request.header(b"content-type") or b"").lower()
        if said.startswith(_NOT_JSON):
            return 0.0
        if exchange.path in self._settings.paths or exchange.route in self._settings.paths:
            return 0.95
        if self._settings.paths or not path_allows(exchange.path):
            return 0.0
        return 0.5 if self._settings.rows_pointer else GUESS / 2

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        """The rows of the request."""
        document = self._tables.parse(unformed(payload))
        names = self._names(document)
        if self._settings.rows_pointer:
            pointer = self._settings.rows_pointer
            return self._rows(Side.INPUT, point(document, pointer), names, pointer.rpartition("/")[2])
        frame = message(self._tables, Side.INPUT, document, "value")
        if frame is not None:
            return frame
        rows, found, key = _guess(document, _ROWS)
        return self._rows(Side.INPUT, rows, names or found, key)

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        """The predictions of the response."""
        if (exchange.response.header(b"content-type") or b"").lower().startswith(_NOT_JSON):
            raise DecodeError("unsupported", "the response is not JSON")
        document = self._tables.parse(payload)
        if self._settings.predictions_pointer:
            rows = point(document, self._settings.predictions_pointer)
            return self._tables.table(Side.OUTPUT, rows, single=PREDICTION)
        frame = message(self._tables, Side.OUTPUT, document, PREDICTION)
        if frame is not None:
            return frame
        rows, names = _predictions(document)
        return self._tables.table(Side.OUTPUT, rows, names, PREDICTION)

    def _names(self, document: Any) -> tuple[str, ...] | None:
        if not self._settings.names_pointer:
            return None
        names = point(document, self._settings.names_pointer)
        if not isinstance(names, list):
            raise DecodeError("structure", f"{self._settings.names_pointer} is no list of names")
        return tuple(map(str, names))

    def _rows(self, side: Side, rows: Any, names: tuple[str, ...] | None, key: str) -> Frame:
        """A list of cells is one row, but a list of texts is a column of them where it does not stand for features."""
        if isinstance(rows, list) and len(rows) > 1 and not any(isinstance(one, list | dict) for one in rows):
            texts = all(isinstance(one, str) for one in rows) and key not in _OF_ROWS
            if (key != "instances" and not texts) or (names and len(names) == len(rows)):
                rows = [rows]
        return self._tables.table(side, rows, names)


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


def _guess(document: Any, keys: tuple[str, ...]) -> tuple[Any, tuple[str, ...] | None, str]:
    """The likely rows, their column names if the document has them, and the key they were found at."""
    if not isinstance(document, dict):
        return document, None, ""
    if isinstance(document.get("columns"), list) and isinstance(document.get("data"), list):
        return *_named(document), "data"
    for key in keys:
        value = document.get(key)
        if isinstance(value, list | dict):
            return *(_named(value) if isinstance(value, dict) else (value, None)), key
    key = next((key for key in keys if key in document), "")
    is_only = key and document.keys() <= {key, *_ASIDE}
    return ([document[key]] if is_only else document), None, key


def _predictions(document: Any) -> tuple[Any, tuple[str, ...] | None]:
    """The likely predictions. A label and the probabilities of all classes are one answer."""
    given = document if isinstance(document, dict) else {}
    probable = next((key for key in _PROBABILITIES if isinstance(given.get(key), list | dict)), "")
    if not probable:
        return _guess(document, _PREDICTIONS)[:2]
    label = next((key for key in _PREDICTIONS if key in document), "")
    if not label:
        return document[probable], None
    return {PREDICTION: document[label], probable: document[probable]}, None


def _named(value: dict[str, Any]) -> tuple[Any, tuple[str, ...] | None]:
    """Pandas' `{"columns": [...], "data": [[...]]}`."""
    if not isinstance(value.get("data"), list):
        return value, None
    given = value.get("columns")
    return value["data"], tuple(map(str, given)) if isinstance(given, list) and given else None

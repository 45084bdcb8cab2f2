"""CSV with and without a header: MLflow requires one, SageMaker has none.

The first line of a request is a header if it contains only words, or if it has words where the second line has numbers.
So a request of strings has a header, unless it is a single line. Responses of strings have none, since models that
answer with class names send none. `,`, `;` and tab separate. Decimal commas are not supported.
"""

from __future__ import annotations

import csv
import io
from itertools import chain, islice

from sidecar.core.reading.decoder import Example, Table, numbered
from sidecar.core.reading.tables import Tables, cell_of
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_SEPARATORS = b",;\t"
_ROUTE, _TYPE = "/invocations", b"text/csv"
_EXAMPLES = (
    Example(
        _ROUTE,
        b'age,country,note\n31,NL,"a, ""b"""\n47,,c\n',
        Table(("age", "country", "note"), ((31.0, "NL", 'a, "b"'), (47.0, None, "c"))),
        b'{"predictions": [1, 0]}',
        Table(("prediction",), ((1,), (0,))),
        _TYPE,
    ),
    Example(
        _ROUTE,
        b"0.5;1.5;2.5\r\n3.5;4.5;5.5\r\n",
        Table(None, ((0.5, 1.5, 2.5), (3.5, 4.5, 5.5))),
        b"0.25\n0.75\n",
        Table(("prediction",), ((0.25,), (0.75,))),
        _TYPE + b"; charset=utf-8",
    ),
)


class Csv:
    """Reads bodies of content type text/csv."""

    name = "csv"
    routes: tuple[str, ...] = (_ROUTE,)
    examples: tuple[Example, ...] = _EXAMPLES

    @staticmethod
    def sized(rows: int, width: int) -> Example:
        """See `Decoder`."""
        inputs, scores = numbered(rows, width), numbered(rows, 1)
        asked, answered = ("\n".join(",".join(map(str, row)) for row in table).encode() for table in (inputs, scores))
        return Example(_ROUTE, asked, Table(None, inputs), answered, Table(("prediction",), scores), _TYPE)

    def __init__(self, settings: DecodeSettings) -> None:
        self._tables = Tables(settings)
        self._max_rows = settings.max_rows

    def priority(self, exchange: Exchange) -> float:
        """High by the content type."""
        said = exchange.request.header(b"content-type") or b""
        return 0.9 if exchange.method in ("POST", "PUT") and said.lower().startswith(b"text/csv") else 0.0

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        """One row per line."""
        return self._read(Side.INPUT, payload)

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        """Predictions as JSON or as CSV, whichever it looks like."""
        if payload.lstrip()[:1] in (b"{", b"["):
            document = self._tables.parse(payload)
            predictions = document.get("predictions", document) if isinstance(document, dict) else document
            if isinstance(predictions, dict):
                return self._tables.columns(Side.OUTPUT, predictions)
            return self._tables.rows(Side.OUTPUT, predictions, single="prediction")
        frame = self._read(Side.OUTPUT, payload)
        if frame.names is None and frame.width == 1:
            return Frame(frame.side, ("prediction",), frame.rows, 1, frame.values)
        return frame

    def _read(self, side: Side, payload: bytes) -> Frame:
        self._tables.guard(payload, b",;\t\n")
        rows = self._rows(payload)
        if not rows:
            raise DecodeError("syntax", "empty body")
        has_header = _has_header(rows, words_alone=side is Side.INPUT)
        names = tuple(cell.strip() for cell in rows.pop(0)) if has_header else None
        width = len(names) if names is not None else len(rows[0])
        if any(len(row) != width for row in rows):
            raise DecodeError("ragged", f"the first line has {width} cells, another has not")
        return self._tables.frame(side, names, len(rows), width, list(map(cell_of, chain.from_iterable(rows))))

    def _rows(self, payload: bytes) -> list[list[str]]:
        """The lines that are not blank, at most one more than is allowed after a header."""
        first = payload.partition(b"\n")[0]
        separator = chr(max(_SEPARATORS, key=first.count))
        lines = io.TextIOWrapper(io.BytesIO(payload), encoding="utf-8-sig", newline="")
        reader = csv.reader(lines, delimiter=separator, strict=True)
        try:
            return list(islice(filter(_is_filled, reader), self._max_rows + 2))
        except (csv.Error, UnicodeDecodeError) as error:
            raise DecodeError("syntax", str(error)) from error


def _is_filled(row: list[str]) -> bool:
    return len(row) > 1 or (len(row) == 1 and not row[0].isspace())


def _has_header(rows: list[list[str]], words_alone: bool) -> bool:
    """Whether the first row is a header; with `words_alone`, a first row of words is one whatever follows."""
    if len(rows) == 1:
        return False
    first, second = ([isinstance(cell_of(cell), str) for cell in row] for row in rows[:2])
    return any(first) and (first != second or (words_alone and all(first)))

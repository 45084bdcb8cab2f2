"""CSV with and without a header: MLflow requires one, SageMaker has none.

The first line of a request is a header if it holds nothing but words, or if it has words where the second line has numbers:
a request of strings only has a header unless it is a single line. Responses of strings only have none, as models that
answer with class names send them. `,` and `;` and tab separate. Cells are handed on as they are written: what they are, the
reference says.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from itertools import chain, islice

import msgspec

from sidecar.core.reading.decoder import Example, Table, numbered
from sidecar.core.reading.inference_like import priority_by_content_type
from sidecar.core.reading.tables import Tables
from sidecar.core.words.cell_texts import is_missing, number_of
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Lost, Side, named
from sidecar.core.words.lookalikes import kind_of_text
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_SEPARATORS = b",;\t"
_ROUTE, _TYPE = "/invocations", b"text/csv"
_EXAMPLES = (
    Example(
        _ROUTE,
        b'age,country,note\n31,NL,"a, ""b"""\n47,,c\n',
        Table(("age", "country", "note"), (("31", "NL", 'a, "b"'), ("47", "", "c"))),
        b'{"predictions": [1, 0]}',
        Table(("prediction",), ((1,), (0,))),
        _TYPE,
    ),
    Example(
        _ROUTE,
        b"0.5;1.5;2.5\r\n3.5;4.5;5.5\r\n",
        Table(None, (("0.5", "1.5", "2.5"), ("3.5", "4.5", "5.5"))),
        b"0.25\n0.75\n",
        Table(("prediction",), (("0.25",), ("0.75",))),
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
        written, given = (tuple(tuple(map(str, row)) for row in table) for table in (inputs, scores))
        return Example(_ROUTE, asked, Table(None, written), answered, Table(("prediction",), given), _TYPE)

    def __init__(self, settings: DecodeSettings) -> None:
        self._tables = Tables(settings)
        self._max_rows = settings.max_rows
        self._paths = frozenset(settings.paths)

    def priority(self, exchange: Exchange) -> float:
        """High by the content type on the path of a protocol or one that the settings name; elsewhere that of a guess."""
        said = exchange.request.header(b"content-type") or b""
        if exchange.method not in ("POST", "PUT") or not said.lower().startswith(b"text/csv"):
            return 0.0
        return priority_by_content_type(exchange, self._paths)

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
        self._tables.check_width(len(rows[0]))
        has_header = _has_header(rows, words_alone=side is Side.INPUT)
        names = named(rows.pop(0)) if has_header else None
        width = len(names) if names is not None else Counter(map(len, rows)).most_common(1)[0][0]
        kept = [row for row in rows if len(row) == width]
        if rows and not kept:
            raise DecodeError("ragged", f"the first line has {width} cells, and no other has")
        frame = self._tables.frame(side, names, len(kept), width, list(chain.from_iterable(kept)))
        return self._without(frame, rows, width) if len(kept) < len(rows) else frame

    def _without(self, frame: Frame, rows: list[list[str]], width: int) -> Frame:
        """The frame with word of the rows of other widths."""
        first = next(at for at, row in enumerate(rows) if len(row) != width)
        lost = Lost(len(rows) - frame.rows, {}, f"row {first}: not {width} cells")
        return msgspec.structs.replace(frame, lost=lost)

    def _rows(self, payload: bytes) -> list[list[str]]:
        """The lines that are not blank, at most one more than is allowed after a header."""
        first = payload.partition(b"\n")[0]
        separator = chr(max(_SEPARATORS, key=first.count))
        self._tables.guard_table(payload, separator.encode())
        lines = io.TextIOWrapper(io.BytesIO(payload), encoding="utf-8-sig", newline="")
        reader = csv.reader(lines, delimiter=separator, strict=True)
        try:
            return list(islice(filter(_is_filled, reader), self._max_rows + 2))
        except (csv.Error, UnicodeDecodeError) as error:
            raise DecodeError("syntax", str(error)) from error


def _is_filled(row: list[str]) -> bool:
    return len(row) > 1 or (len(row) == 1 and not row[0].isspace())


def _is_value(cell: str) -> bool:
    """A number, a gap, or a date, which may be somebody's and must not become the name of a column."""
    return number_of(cell) is not None or is_missing(cell) or kind_of_text(cell) == "date"


def _has_header(rows: list[list[str]], words_alone: bool) -> bool:
    """Whether the first row is a header; with `words_alone`, a first row of words is one whatever follows."""
    if len(rows) == 1:
        return False
    first, second = ([not _is_value(cell) for cell in row] for row in rows[:2])
    return any(first) and (first != second or (words_alone and all(first)))

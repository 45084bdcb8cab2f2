"""Columns of Arrow as columns of a frame: no Python object for each row. Only readers that have pyarrow import it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sidecar.core.words.arrays import Floats
from sidecar.core.words.cell_texts import EXACT, MISSING_NUMBERS
from sidecar.core.words.cells import Coded, CodedCells, Moments

_ZERO, _NINE, _MINUS = (ord(sign) for sign in "09-")
_SMALL_E, _CAPITAL_E = ord("e"), ord("E")
_EMPTY = pa.array([""])
_MISSING = pa.array(
    sorted(
        {
            spelt
            for text in MISSING_NUMBERS
            for spelt in (text, text.upper(), text.title(), text.capitalize(), "NaN", "NaT")
        }
    )
)
_EXACT_DIGITS = 15
_PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


class ArrowTexts:
    """A column of strings; null is an empty cell."""

    def __init__(self, texts: Any) -> None:
        self._texts = texts
        self._coded: Coded | None = None

    def __len__(self) -> int:
        return len(self._texts)

    def coded(self) -> Coded:
        """See `Cells`."""
        if self._coded is None:
            encoded = self._texts.dictionary_encode()
            self._coded = _coded(encoded)
        return self._coded

    def head(self, rows: int) -> list[Any]:
        """See `Cells`."""
        return list(self._texts.slice(0, rows).to_pylist())

    def plain(self) -> Floats | None:
        """See `Cells`. Texts that usually mean `missing` are NaN too. Where Arrow reads otherwise than Python, it is None."""
        texts = self._texts
        if _holds(texts, b" "):
            texts = pc.utf8_trim_whitespace(texts)
        if _holds(texts, b"+", b"_", b"(") or _has_bare_exponents(texts):  # Arrow takes nan(1) for NaN
            return None
        numbers = _cast(texts)
        if numbers is None or _has_codes(texts):
            return None
        return np.asarray(numbers.to_numpy(zero_copy_only=False), np.float64)


def column_of(column: Any) -> Any:
    """An Arrow array as a column of a frame; None where its type cannot be one."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        is_uuid = str(kind) == "extension<arrow.uuid>"
        return _uuids(column.storage) if is_uuid else column_of(column.storage)
    return next((read(column) for is_it, read in _READERS if is_it(kind)), None)


def _coded(encoded: Any, names: dict[str, Any] | None = None) -> Coded:
    cells: list[Any] = encoded.dictionary.to_pylist()
    if names:
        cells = [names.get(cell, cell) for cell in cells]
    codes = encoded.indices
    if codes.null_count:
        codes = codes.fill_null(len(cells))
        cells = [*cells, None]
    return Coded(codes.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), cells)


def _of_dictionary(column: Any) -> Any:
    kind = column.type.value_type
    if _is_text(kind) and len(column.dictionary) <= max(len(column), 1):
        return CodedCells(_coded(column))
    return column_of(column.dictionary_decode())


def _of_integers(column: Any) -> Any:
    """As numbers, unless they have more digits than a float: then they are names as likely, and are kept as written."""
    bounds = pc.min_max(column).as_py()
    if bounds["min"] is not None and max(abs(bounds["min"]), abs(bounds["max"])) > EXACT:
        return ArrowTexts(column.cast(pa.string()))
    return _of_numbers(column)


def _of_texts(column: Any) -> ArrowTexts:
    return ArrowTexts(column if pa.types.is_string(column.type) else column.cast(pa.string()))


def _of_truths(column: Any) -> CodedCells:
    return CodedCells(_coded(column.cast(pa.string()).dictionary_encode(), {"true": True, "false": False}))


def _of_numbers(column: Any) -> Floats:
    numbers = column if pa.types.is_floating(column.type) else column.cast(pa.float64())
    return np.asarray(numbers.to_numpy(zero_copy_only=False), np.float64)


def _of_moments(column: Any) -> Moments:
    return Moments(_counted(column.cast(pa.timestamp("s")) if pa.types.is_date(column.type) else column))


def _counted(column: Any) -> Floats:
    """Seconds."""
    unit = column.type.unit
    whole = column.cast(pa.int32() if column.type.bit_width == 32 else pa.int64())
    return np.asarray(whole.to_numpy(zero_copy_only=False), np.float64) / _PER_SECOND[unit]


def _of_bytes(column: Any) -> Any:
    """Bytes that are UTF-8 are texts."""
    try:
        return ArrowTexts(column.cast(pa.binary()).cast(pa.string()))
    except pa.ArrowInvalid:
        return None


def _uuids(column: Any) -> Any:
    return CodedCells(Coded.of([None if one is None else one.hex() for one in column.to_pylist()]))


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view")


def _is_whole(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0))


def _is_bytes(kind: Any) -> bool:
    plain = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    return bool(plain) or str(kind) == "binary_view"


def _bytes_of(texts: Any) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """The characters of all texts in a row, and where each begins and the last ends."""
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    characters = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
    return characters, starts


def _block(texts: Any) -> bytes:
    characters, starts = _bytes_of(texts)
    return characters[starts[0] : starts[-1]].tobytes()


def _holds(texts: Any, *signs: bytes) -> bool:
    block = _block(texts)
    return any(sign in block for sign in signs)


def _has_bare_exponents(texts: Any) -> bool:
    """Whether a digit follows on an e, as in codes, and in no number that a program wrote."""
    if not _holds(texts, b"e", b"E"):
        return False
    block = np.frombuffer(_block(texts) + b" ", np.uint8)
    follows = block[np.flatnonzero((block == _SMALL_E) | (block == _CAPITAL_E)) + 1]
    return bool(((follows >= _ZERO) & (follows <= _NINE)).any())


def _cast(texts: Any) -> Any:
    """As numbers, missing ones as null; None where one is none."""
    for missing in (_EMPTY, _MISSING):
        try:
            return pc.cast(pc.if_else(pc.is_in(texts, missing), None, texts), pa.float64())
        except pa.ArrowInvalid:
            continue
    return None


def _has_codes(texts: Any) -> bool:
    """Whether a plain number has a leading zero, or more digits than a float keeps."""
    characters, starts = _bytes_of(texts)
    if not len(characters):
        return False
    ends, lengths = starts[1:], np.diff(starts)
    padded = np.append(characters, np.zeros(2, np.uint8))
    begins = starts[:-1] + (padded[starts[:-1]] == _MINUS)
    follows = padded[begins[(padded[begins] == _ZERO) & (begins + 1 < ends)] + 1]
    if ((follows >= _ZERO) & (follows <= _NINE)).any():
        return True
    long = lengths > _EXACT_DIGITS
    if not long.any():
        return False
    signs = np.concatenate([[0], np.cumsum((characters < _ZERO) | (characters > _NINE), dtype=np.int64)])
    return bool((signs[ends[long]] == signs[begins[long]]).any())


_READERS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Any]], ...] = (
    (pa.types.is_dictionary, _of_dictionary),
    (_is_text, _of_texts),
    (pa.types.is_null, lambda column: np.full(len(column), np.nan)),
    (pa.types.is_boolean, _of_truths),
    (_is_whole, _of_integers),
    (lambda kind: pa.types.is_floating(kind) or pa.types.is_decimal(kind), _of_numbers),
    (pa.types.is_duration, _counted),
    (lambda kind: pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind), _of_moments),
    (_is_bytes, _of_bytes),
)

"""Open Inference Protocol V2 over REST: tensors as JSON, or as bytes after it (the binary tensor data extension).

A single tensor of two dimensions is a matrix whose columns have no names; with one column, the column has the tensor's
name. Several tensors are columns by name, those with more than one value per row as `name[0]`, `name[1]`, ... If there
would be too many columns, as for an image, wide tensors stay whole as vectors in addition to the columns. See
https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol.
"""

from __future__ import annotations

import functools
import json
import re
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from sidecar.core.reading.decoder import Example, Table, numbered
from sidecar.core.reading.flatten import BYTES, SCALARS, bytes_of
from sidecar.core.reading.shapes import extent, extent_of
from sidecar.core.reading.tables import Tables, kind
from sidecar.core.words.exchange import Exchange, Message
from sidecar.core.words.frame import Frame, Lost, Side, spread
from sidecar.core.words.lookalikes import quoted
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_PATH = re.compile(r"(?:/[^?]*)?/v2/models/[^/?]+(?:/versions/[^/?]+)?/infer")
_DTYPES = {
    "BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1", "INT16": "<i2",
    "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
_PRECISIONS = {"FP16": "float16", "BF16": "bfloat16", "FP32": "float32"}
"""The formats in which numbers are coarser than float64, as frames name them."""
_SMALL_BYTES = 4096
"""Up to this size a typed decoder is fastest; it also keeps integers below the number of digits that Python refuses to write."""
_HEAD_BYTES = 1024
_MOST_UNREADABLE = 200_000
"""Cells that stand for tensors of other lengths."""
_WIDE = 32
"""Values per row from which a tensor stays whole if there would be too many columns."""


class _Parameters(msgspec.Struct, gc=False):
    content_type: str | None = None


class _Flat(msgspec.Struct, gc=False):
    """A tensor whose data is a flat list of cells."""

    name: str
    shape: list[int]
    data: list[float | int | bool | str | None]
    datatype: str = ""
    parameters: _Parameters | None = None


class _Request(msgspec.Struct, gc=False):
    tensors: list[_Flat] = msgspec.field(name="inputs")
    parameters: _Parameters | None = None


class _Response(msgspec.Struct, gc=False):
    tensors: list[_Flat] = msgspec.field(name="outputs")
    model_version: str | None = None
    parameters: _Parameters | None = None


_REQUEST = msgspec.json.Decoder(_Request)
_RESPONSE = msgspec.json.Decoder(_Response)


class _Tensor(msgspec.Struct, gc=False):
    name: str
    rows: int
    width: int
    values: Any
    precision: str
    bad: Sequence[int] = ()
    """Places among the values that could not be read."""


_BINARY_HEAD = (
    b'{"inputs": [{"name": "age", "shape": [2], "datatype": "INT32", "parameters": {"binary_data_size": 8}},'
    b' {"name": "country", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": 12}}]}'
)
_SCORES = (
    b'{"model_name": "loans", "model_version": "7",'
    b' "outputs": [{"name": "score", "shape": [2], "datatype": "FP64", "data": [0.25, 0.75]}]}'
)
_EXAMPLES = (
    Example(
        "/v2/models/loans/infer",
        b'{"id": "a1", "inputs": [{"name": "x", "shape": [2, 3], "datatype": "FP64", "data": [0.5, 1.5, 2.5, 3.5, null, 5.5]}]}',
        Table(None, ((0.5, 1.5, 2.5), (3.5, None, 5.5))),
        _SCORES,
        Table(("score",), ((0.25,), (0.75,))),
    ),
    Example(
        "/v2/models/loans/versions/7/infer",
        b'{"parameters": {"content_type": "pd"}, "inputs": ['
        b'{"name": "age", "shape": [2, 1], "datatype": "INT64", "data": [31, 47]},'
        b' {"name": "country", "shape": [2, 1], "datatype": "BYTES", "data": ["NL", null]}]}',
        Table(("age", "country"), ((31, "NL"), (47, None))),
        b'{"outputs": [{"name": "p", "shape": [2, 2], "datatype": "FP32", "data": [[0.25, 0.75], [0.5, 0.5]]},'
        b' {"name": "label", "shape": [2], "datatype": "BOOL", "data": [true, false]}]}',
        Table(("p[0]", "p[1]", "label"), ((0.25, 0.75, True), (0.5, 0.5, False))),
    ),
    Example(
        "/v2/models/loans/infer",
        _BINARY_HEAD + struct.pack("<2i", 31, 47) + struct.pack("<I2sI2s", 2, b"NL", 2, b"BE"),
        Table(("age", "country"), ((31, "NL"), (47, "BE"))),
        _SCORES,
        Table(("score",), ((0.25,), (0.75,))),
        headers=b"Inference-Header-Content-Length: %d\r\n" % len(_BINARY_HEAD),
    ),
    Example(
        "/v2/models/images/infer",
        b'{"inputs": [{"name": "note", "shape": [2, 1], "datatype": "BYTES", "parameters": {"content_type": "str"},'
        b' "data": ["a", "b"]},'
        b' {"name": "image", "shape": [2, 1], "datatype": "BYTES", "parameters": {"content_type": "base64"},'
        b' "data": ["AAECAw==", "AAEC"]}]}',
        Table(("note", "image.bytes"), (("a", 4), ("b", 3))),
        _SCORES,
        Table(("score",), ((0.25,), (0.75,))),
    ),
)


def _sent(key: str, name: str, values: tuple[tuple[float, ...], ...]) -> bytes:
    """A message of one tensor."""
    flat = list(chain.from_iterable(values))
    tensor = {"name": name, "shape": [len(values), len(flat) // max(len(values), 1)], "datatype": "FP64", "data": flat}
    return json.dumps({key: [tensor]}).encode()


class V2Json:
    """Reads `/v2/models/{model}[/versions/{version}]/infer`."""

    name = "v2_json"
    routes: tuple[str, ...] = ("/v2/models/{model}/infer", "/v2/models/{model}/versions/{version}/infer")
    examples: tuple[Example, ...] = _EXAMPLES

    @staticmethod
    def sized(rows: int, width: int) -> Example:
        """See `Decoder`."""
        inputs, scores = numbered(rows, width), numbered(rows, 1)
        asked, answered = _sent("inputs", "x", inputs), _sent("outputs", "score", scores)
        return Example("/v2/models/m/infer", asked, Table(None, inputs), answered, Table(("score",), scores))

    def __init__(self, settings: DecodeSettings) -> None:
        self._tables = Tables(settings)

    def priority(self, exchange: Exchange) -> float:
        """1 if the path matches."""
        return 1.0 if exchange.method == "POST" and _PATH.fullmatch(exchange.path) else 0.0

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        """The input tensors, rows along their first dimension."""
        return self._frame(Side.INPUT, exchange.request, payload, "inputs")

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        """The output tensors, rows along their first dimension."""
        return self._frame(Side.OUTPUT, exchange.response, payload, "outputs")

    def _frame(self, side: Side, message: Message, payload: bytes, key: str) -> Frame:
        """A frame of the tensors under `key`. The common form has a fast path: few bytes, flat data, nothing after the JSON."""
        if len(payload) > _SMALL_BYTES:
            return self._any_frame(side, message, payload, key)
        try:
            document = (_REQUEST if side is Side.INPUT else _RESPONSE).decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._any_frame(side, message, payload, key)
        parameters = document.parameters
        as_columns = parameters is not None and parameters.content_type == "pd"
        frame = self._common(side, document.tensors, as_columns) or self._any_flat(side, document.tensors, as_columns)
        return _by_version(frame, document.model_version) if isinstance(document, _Response) else frame

    def _common(self, side: Side, tensors: list[_Flat], as_columns: bool) -> Frame | None:
        """What most clients send, a matrix or columns of one shape, without a look at each tensor for each question; None for
        anything else.
        """
        if len(tensors) != 1:
            return self._columns(side, tensors) if tensors else None
        (only,) = tensors
        rows, width = extent_of(only.name, only.shape, len(only.data))
        if only.parameters is not None or (width > 1 and as_columns) or not self._tables.fits(width):
            return None
        names = (only.name,) if width == 1 else None
        return self._tables.frame(side, names, rows, width, only.data, _of_datatypes((only.datatype,)))

    def _columns(self, side: Side, tensors: list[_Flat]) -> Frame | None:
        """Tensors of one column and one length."""
        shape, rows = tensors[0].shape, len(tensors[0].data)
        if extent_of(tensors[0].name, shape, rows)[1] != 1 or not self._tables.fits(len(tensors)):
            return None
        for one in tensors:
            if one.shape != shape or len(one.data) != rows or one.parameters is not None:
                return None
        names = tuple([one.name for one in tensors])
        values = list(chain.from_iterable(zip(*[one.data for one in tensors], strict=True)))
        precisions = _of_datatypes(tuple([one.datatype for one in tensors]))
        return self._tables.frame(side, names, rows, len(names), values, precisions)

    def _any_flat(self, side: Side, described: list[_Flat], as_columns: bool) -> Frame:
        tensors = [
            _Tensor(one.name, *extent_of(one.name, one.shape, len(one.data)), one.data, _precision(one.datatype))
            if one.parameters is None
            else _measured(one.name, one.shape, one.data, one.datatype, one.parameters.content_type)
            for one in described
        ]
        return self._assemble(side, tensors, as_columns)

    def _any_frame(self, side: Side, message: Message, payload: bytes, key: str) -> Frame:
        head, buffers = _split(message, payload)
        document = self._tables.parse_object(head)
        described = document.get(key)
        if not isinstance(described, list):
            raise DecodeError("structure", f"no `{key}` list of tensors")
        self._tables.check_width(len(described))
        known = _is_known_flat(head, document, described)
        tensors = []
        for one in described:
            tensor, buffers = _tensor(one, buffers, known)
            tensors.append(tensor)
        frame = self._assemble(side, tensors, _content_type(document) == "pd")
        return _by_version(frame, document.get("model_version")) if side is Side.OUTPUT else frame

    def _assemble(self, side: Side, tensors: list[_Tensor], as_columns: bool) -> Frame:
        if not tensors:
            raise DecodeError("structure", "no tensors")
        if len(tensors) == 1 and not tensors[0].bad:
            return self._joined(side, tensors, as_columns)
        tensors = _even(tensors)
        frame = self._joined(side, tensors, as_columns)
        return _with_lost(frame, tensors) if any(tensor.bad for tensor in tensors) else frame

    def _joined(self, side: Side, tensors: list[_Tensor], as_columns: bool) -> Frame:
        """The tensors, which have equal numbers of rows, side by side."""
        if not self._tables.fits(sum(tensor.width for tensor in tensors)):
            return self._with_vectors(side, tensors)
        for tensor in tensors:
            tensor.values = _listed(tensor.values)
        if len(tensors) == 1 and not as_columns:
            (only,) = tensors
            names = (only.name,) if only.width == 1 else None
            return _in_precision(self._tables.frame(side, names, only.rows, only.width, only.values), tensors)
        rows = tensors[0].rows
        if all(tensor.width == 1 for tensor in tensors):
            columns: tuple[str, ...] = tuple([tensor.name for tensor in tensors])
            values = list(chain.from_iterable(zip(*(tensor.values for tensor in tensors), strict=True)))
        else:
            columns = tuple(chain.from_iterable(spread(tensor.name, tensor.width) for tensor in tensors))
            values = [
                value for row in range(rows) for t in tensors for value in t.values[row * t.width : (row + 1) * t.width]
            ]
        return _in_precision(self._tables.frame(side, columns, rows, len(columns), values), tensors)

    def _with_vectors(self, side: Side, tensors: list[_Tensor]) -> Frame:
        """With too many columns: wide tensors stay whole, the others are spread."""
        rows = tensors[0].rows
        wide = {tensor.name: tensor.values for tensor in tensors if tensor.width >= _WIDE}
        columns = {
            name: _listed(tensor.values[at :: tensor.width])
            for tensor in tensors
            if tensor.width < _WIDE
            for at, name in enumerate(spread(tensor.name, tensor.width))
        }
        return _in_precision(
            self._tables.wide(side, rows, columns, wide), [one for one in tensors if one.width < _WIDE]
        )


def _in_precision(frame: Frame, tensors: list[_Tensor]) -> Frame:
    """The frame of tensors that became its columns, with their precision."""
    precisions = _precisions(tensors)
    return msgspec.structs.replace(frame, precisions=precisions) if precisions else frame


def _by_version(frame: Frame, version: Any) -> Frame:
    return msgspec.structs.replace(frame, version=version) if isinstance(version, str) and version else frame


def _is_known_flat(head: bytes, document: dict[str, Any], described: list[Any]) -> bool:
    """Whether the data of a single tensor certainly holds only cells, without checking each one.

    A list or object inside it would add a bracket to those of the document, its lists and its parameters. All brackets
    are counted, up to the last one; if that one is beyond `_HEAD_BYTES`, the answer is no. A bracket in a string only
    adds to the count.
    """
    last = max(head.rfind(b"["), head.rfind(b"{"))
    if len(described) != 1 or not isinstance(described[0], dict) or last > _HEAD_BYTES:
        return False
    (tensor,) = described
    lists = isinstance(tensor.get("shape"), list) + isinstance(tensor.get("data"), list)
    objects = isinstance(document.get("parameters"), dict) + isinstance(tensor.get("parameters"), dict)
    brackets = head.count(b"[", 0, last + 1) + head.count(b"{", 0, last + 1)
    return brackets == 3 + lists + objects  # the document, the list of tensors, the tensor


def _precision(datatype: Any) -> str:
    return _PRECISIONS.get(datatype, "") if isinstance(datatype, str) else ""


@functools.lru_cache(maxsize=256)  # clients repeat them
def _of_datatypes(datatypes: tuple[str, ...]) -> tuple[str, ...]:
    """The precision of columns with these datatypes, or of all; nothing where none is coarse."""
    precisions = tuple(_PRECISIONS.get(one, "") for one in datatypes)
    return tuple({*precisions} - {""}) if len({*precisions}) == 1 else precisions


def _precisions(tensors: Iterable[_Tensor]) -> tuple[str, ...]:
    """The precision of each column of tensors, or of all; nothing where none is coarse."""
    found = {tensor.precision for tensor in tensors}
    if len(found) == 1:
        return tuple(found - {""})
    return tuple(tensor.precision for tensor in tensors for _ in range(tensor.width))


def _content_type(described: dict[str, Any]) -> Any:
    """Of a message or a tensor."""
    parameters = described.get("parameters")
    return parameters.get("content_type") if isinstance(parameters, dict) else None


def _split(message: Message, payload: bytes) -> tuple[bytes, bytes]:
    """The JSON, and the buffers after it."""
    length = message.header(b"inference-header-content-length")
    if length is None:
        return payload, b""
    if not length.isdigit() or len(length) > 12 or int(length) > len(payload):
        raise DecodeError("structure", "Inference-Header-Content-Length does not fit the body")
    return payload[: int(length)], payload[int(length) :]


def _tensor(described: Any, buffers: bytes, known_flat: bool) -> tuple[_Tensor, bytes]:
    """One tensor, and the remaining buffers."""
    if not isinstance(described, dict) or not isinstance(described.get("name"), str):
        raise DecodeError("structure", "a tensor is an object with a name")
    name = described["name"]
    data = described.get("data")
    parameters = described.get("parameters")
    bad: Sequence[int] = ()
    if data is not None:
        values, bad = (data, ()) if known_flat and isinstance(data, list) else _flat(data)
    elif isinstance(parameters, dict) and isinstance(parameters.get("binary_data_size"), int):
        size = parameters["binary_data_size"]
        if not 0 <= size <= len(buffers):
            raise DecodeError("shape", f"binary_data_size of {quoted(name)} does not fit the body")
        values = _buffer(described.get("datatype"), buffers[:size])
        buffers = buffers[size:]
    else:
        raise DecodeError("structure", f"tensor {quoted(name)} has no data")
    about = described.get("datatype"), _content_type(described)
    return _measured(name, described.get("shape"), values, *about, bad), buffers


def _measured(name: str, shape: Any, values: Any, datatype: Any, content_type: Any, bad: Sequence[int] = ()) -> _Tensor:
    """A tensor; of MLServer's content type `base64` the sizes are kept and not the bytes."""
    rows, width = extent(name, shape, len(values))
    if content_type == "base64" and isinstance(values, list):
        values = [bytes_of(value) if isinstance(value, str) else value for value in values]
        name = f"{name}.{BYTES}"
    return _Tensor(name, rows, width, values, _precision(datatype), bad)


def _even(tensors: list[_Tensor]) -> list[_Tensor]:
    """Tensors with as many rows as most of them have; of those with other numbers no value can be read."""
    rows = Counter(tensor.rows for tensor in tensors).most_common(1)[0][0]
    others = sum(tensor.rows != rows for tensor in tensors)
    if others * rows > max(_MOST_UNREADABLE, sum(len(tensor.values) for tensor in tensors)):
        raise DecodeError("ragged", "tensors of unequal length")
    return [
        tensor if tensor.rows == rows else _unreadable(tensor, rows, _MOST_UNREADABLE // others) for tensor in tensors
    ]


def _unreadable(tensor: _Tensor, rows: int, most: int) -> _Tensor:
    width = tensor.width if rows * tensor.width <= most else 1
    return _Tensor(tensor.name, rows, width, [None] * (rows * width), "", range(rows * width))


def _with_lost(frame: Frame, tensors: list[_Tensor]) -> Frame:
    """The frame with word of the values that could not be read. Raises DecodeError("type") if none could."""
    if all(len(tensor.bad) == len(tensor.values) for tensor in tensors):
        raise DecodeError("type", "no value can be read")
    cells: Counter[int] = Counter()
    before = 0
    for tensor in tensors if frame.vectors is None else ():
        cells.update(before + at % tensor.width for at in tensor.bad)
        before += tensor.width
    first = next(tensor for tensor in tensors if tensor.bad)
    told = f"{quoted(first.name)} of row {first.bad[0] // first.width}: no cell, or a tensor of another length"
    return msgspec.structs.replace(frame, lost=Lost(0, dict(cells), told))


def _flat(data: Any) -> tuple[list[Any], Sequence[int]]:
    """The data as a flat list, and where in it is something unreadable; the protocol allows flat and nested data."""
    if not isinstance(data, list):
        raise DecodeError("structure", f"data is {kind(data)}, not a list")
    while data and all(type(part) is list for part in data):
        data = list(chain.from_iterable(data))
    if SCALARS.issuperset(map(type, data)):
        return data, ()
    bad = [at for at, value in enumerate(data) if type(value) not in SCALARS]
    return [value if type(value) in SCALARS else None for value in data], bad


def _listed(values: Any) -> list[Any]:
    listed: list[Any] = values.tolist() if isinstance(values, np.ndarray) else values
    return listed


def _buffer(datatype: Any, data: bytes) -> Any:
    """The values of a little-endian buffer; BYTES elements are preceded by their length."""
    if datatype == "BYTES":
        return _strings(data)
    if datatype == "BF16":  # the upper half of float32
        if len(data) % 2:
            raise DecodeError("shape", "a buffer is no whole number of values")
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    if datatype not in _DTYPES:
        raise DecodeError("unsupported", f"datatype {quoted(str(datatype))}")
    dtype = np.dtype(_DTYPES[datatype])
    if len(data) % dtype.itemsize:
        raise DecodeError("shape", "a buffer is no whole number of values")
    return np.frombuffer(data, dtype)


def _strings(data: bytes) -> list[Any]:
    values = []
    at = 0
    while at < len(data):
        if at + 4 > len(data):
            raise DecodeError("shape", "a BYTES buffer ends in a length")
        (size,) = struct.unpack_from("<I", data, at)
        if at + 4 + size > len(data):
            raise DecodeError("shape", "a BYTES buffer ends in an element")
        values.append(data[at + 4 : at + 4 + size].decode("utf-8", "replace"))
        at += 4 + size
    return values

"""Open Inference Protocol V2 over REST: tensors as JSON, or as bytes after it (the binary tensor data extension).

A single tensor of two dimensions is a matrix whose columns have no names; with one column, the column has the tensor's
name. Several tensors are columns by name, those with more than one value per row as `name[0]`, `name[1]`, ... If there
would be too many columns, as for an image, wide tensors stay whole as vectors in addition to the columns. See
https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol.
"""

from __future__ import annotations

import json
import math
import re
import struct
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from sidecar.core.reading.decoder import Example, Table, numbered
from sidecar.core.reading.tables import Tables, cells, kind
from sidecar.core.words.exchange import Exchange, Message
from sidecar.core.words.frame import Frame, Side, spread
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings

_PATH = re.compile(r"(?:/[^?]*)?/v2/models/[^/?]+(?:/versions/[^/?]+)?/infer")
_DTYPES = {
    "BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1", "INT16": "<i2",
    "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip


_SMALL_BYTES = 4096
"""Up to this size a typed decoder is fastest; it also keeps integers below the number of digits that Python refuses to write."""
_HEAD_BYTES = 1024
_WIDE = 32
"""Values per row from which a tensor stays whole if there would be too many columns."""


class _Flat(msgspec.Struct, gc=False):
    """A tensor whose data is a flat list of cells."""

    name: str
    shape: list[int]
    data: list[float | int | bool | str | None]


class _Parameters(msgspec.Struct, gc=False):
    content_type: str | None = None


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
        tensors = [
            _Tensor(one.name, *_extent(one.name, one.shape, len(one.data)), one.data) for one in document.tensors
        ]
        frame = self._assemble(side, tensors, parameters is not None and parameters.content_type == "pd")
        return _by_version(frame, document.model_version) if isinstance(document, _Response) else frame

    def _any_frame(self, side: Side, message: Message, payload: bytes, key: str) -> Frame:
        head, buffers = _split(message, payload)
        document = self._tables.parse_object(head)
        described = document.get(key)
        if not isinstance(described, list):
            raise DecodeError("structure", f"no `{key}` list of tensors")
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
        if not self._tables.fits(sum(tensor.width for tensor in tensors)):
            return self._with_vectors(side, tensors)
        for tensor in tensors:
            tensor.values = _listed(tensor.values)
        if len(tensors) == 1 and not as_columns:
            (only,) = tensors
            names = (only.name,) if only.width == 1 else None
            return self._tables.frame(side, names, only.rows, only.width, only.values)
        rows = tensors[0].rows
        if any(tensor.rows != rows for tensor in tensors):
            raise DecodeError("ragged", "tensors of unequal length")
        if all(tensor.width == 1 for tensor in tensors):
            columns: tuple[str, ...] = tuple([tensor.name for tensor in tensors])
            values = list(chain.from_iterable(zip(*(tensor.values for tensor in tensors), strict=True)))
        else:
            columns = tuple(chain.from_iterable(spread(tensor.name, tensor.width) for tensor in tensors))
            values = [
                value for row in range(rows) for t in tensors for value in t.values[row * t.width : (row + 1) * t.width]
            ]
        return self._tables.frame(side, columns, rows, len(columns), values)

    def _with_vectors(self, side: Side, tensors: list[_Tensor]) -> Frame:
        """With too many columns: wide tensors stay whole, the others are spread."""
        rows = tensors[0].rows
        if any(tensor.rows != rows for tensor in tensors):
            raise DecodeError("ragged", "tensors of unequal length")
        wide = {tensor.name: tensor.values for tensor in tensors if tensor.width >= _WIDE}
        columns = {
            name: _listed(tensor.values[at :: tensor.width])
            for tensor in tensors
            if tensor.width < _WIDE
            for at, name in enumerate(spread(tensor.name, tensor.width))
        }
        return self._tables.wide(side, rows, columns, wide)


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


def _content_type(document: dict[str, Any]) -> Any:
    parameters = document.get("parameters")
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
    if data is not None:
        values = data if known_flat and isinstance(data, list) else _flat(data)
    elif isinstance(parameters, dict) and isinstance(parameters.get("binary_data_size"), int):
        size = parameters["binary_data_size"]
        if not 0 <= size <= len(buffers):
            raise DecodeError("shape", f"binary_data_size of {name!r} does not fit the body")
        values = _buffer(described.get("datatype"), buffers[:size])
        buffers = buffers[size:]
    else:
        raise DecodeError("structure", f"tensor {name!r} has no data")
    rows, width = _shape(name, described.get("shape"), len(values))
    return _Tensor(name, rows, width, values), buffers


def _shape(name: str, shape: Any, size: int) -> tuple[int, int]:
    if not isinstance(shape, list) or set(map(type, shape)) != {int}:
        raise DecodeError("shape", f"tensor {name!r} has no shape")
    return _extent(name, shape, size)


def _extent(name: str, shape: list[int], size: int) -> tuple[int, int]:
    """Rows, and values per row."""
    if len(shape) == 2:
        rows, width = shape
    elif shape:
        rows, width = shape[0], math.prod(shape[1:])
    else:
        raise DecodeError("shape", f"tensor {name!r} has no shape")
    if rows * width != size or rows < 0 or width < 1:
        raise DecodeError("shape", f"tensor {name!r} of shape {shape} has {size} values")
    return rows, width


def _flat(data: Any) -> list[Any]:
    """The data as a flat list; the protocol allows flat and nested data."""
    if not isinstance(data, list):
        raise DecodeError("structure", f"data is {kind(data)}, not a list")
    while data and type(data[0]) is list:
        if not all(type(part) is list for part in data):
            raise DecodeError("ragged", "nested data of unequal depth")
        data = list(chain.from_iterable(data))
    return cells(data)


def _listed(values: Any) -> list[Any]:
    listed: list[Any] = values.tolist() if isinstance(values, np.ndarray) else values
    return listed


def _buffer(datatype: Any, data: bytes) -> Any:
    """The values of a little-endian buffer; BYTES elements are preceded by their length."""
    if datatype == "BYTES":
        return _strings(data)
    if datatype not in _DTYPES:
        raise DecodeError("unsupported", f"datatype {str(datatype)[:20]!r}")
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

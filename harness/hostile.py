"""Bodies that cost the observer the most: the worst shapes of every decoder, each as long as the tap keeps. One line joins.

`tests/faults/test_hostile.py` sends them to a sidecar that runs and looks at its memory; `benchmarks/hostile.py` measures the
time of each. A new decoder adds its worst shapes here.
"""

# ruff: noqa: E501  # a body is a line, which is read across

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Callable
from typing import NamedTuple

FULL = 1_048_576
"""The default of `tap.body_limit_bytes`."""
JSON = "application/json"
V1, V2, MLFLOW, SELDON = "/v1/models/m:predict", "/v2/models/m/infer", "/invocations", "/api/v1.0/predictions"


class Body(NamedTuple):
    """A request's path, content type, body and content coding."""

    path: str
    content: str
    data: bytes
    coding: str = ""


def filled(begin: bytes, unit: bytes, end: bytes, size: int = FULL) -> bytes:
    """`unit` between `begin` and `end`, as often as `size` bytes hold."""
    return begin + unit * ((size - len(begin) - len(end)) // len(unit)) + end


def numbered(begin: bytes, unit: str, end: bytes, size: int = FULL) -> bytes:
    """The same with a number in each unit, so that no two are alike."""
    count = (size - len(begin) - len(end)) // len(unit % 999_999)
    return begin + b"".join((unit % at).encode() for at in range(count)) + end


def csv_of(columns: int, cell: str) -> bytes:
    """As many rows of so many columns as there is room for."""
    head = ",".join(f"c{at}" for at in range(columns)) + "\n"
    row = ",".join([cell] * columns) + "\n"
    return (head + row * max(1, (FULL - len(head)) // len(row))).encode()[:FULL]


def table(rows: int, columns: int, cell: str) -> bytes:
    """V1 instances that are objects."""
    row = "{" + ",".join(f'"c{at}":{cell}' for at in range(columns)) + "}"
    return ('{"instances":[' + ",".join([row] * rows) + "]}").encode()


HOSTILE: dict[str, Callable[[], Body]] = {
    "numbers, one column": lambda: Body(V1, JSON, filled(b'{"instances":[0', b",1", b"]}")),
    "rows of one number": lambda: Body(V1, JSON, filled(b'{"instances":[[0]', b",[1]", b"]}")),
    "rows of twenty numbers": lambda: Body(V1, JSON, filled(b'{"instances":[[' + b"0," * 19 + b"0]", b",[" + b"1," * 19 + b"1]", b"]}")),
    "objects of one number": lambda: Body(V1, JSON, filled(b'{"instances":[{"a":0}', b',{"a":1}', b"]}")),
    "objects of twenty numbers": lambda: Body(V1, JSON, table(3_400, 20, "1.5")),
    "objects of other keys each": lambda: Body(V1, JSON, numbered(b'{"instances":[{"a":0}', ',{"k%d":1}', b"]}")),
    "different texts": lambda: Body(V1, JSON, numbered(b'{"instances":["a"', ',"t%d"', b"]}")),
    "texts and numbers by turns": lambda: Body(V1, JSON, filled(b'{"instances":[0', b',1,"a"', b"]}")),
    "empty objects": lambda: Body(V1, JSON, filled(b'{"instances":[{}', b",{}", b"]}")),
    "empty lists": lambda: Body(V1, JSON, filled(b'{"instances":[[]', b",[]", b"]}")),
    "nested objects": lambda: Body(V1, JSON, filled(b'{"instances":[{"a":{"b":{"c":0}}}', b',{"a":{"b":{"c":1}}}', b"]}")),
    "a row of 100,000 columns": lambda: Body(V1, JSON, filled(b'{"instances":[[0', b",1", b"]]}", 200_000)),
    "an object of 100,000 columns": lambda: Body(V1, JSON, numbered(b'{"instances":[{"a":0', ',"%d":1', b"}]}")),
    "depth": lambda: Body(V1, JSON, b"[" * FULL),
    "depth that is closed": lambda: Body(V1, JSON, b'{"instances":' + b"[" * 500_000 + b"]" * 500_000 + b"}"),
    "depth of 900": lambda: Body(V1, JSON, filled(b'{"instances":[0', b"," + b"[" * 900 + b"]" * 900, b"]}")),
    "huge numbers": lambda: Body(V1, JSON, filled(b'{"instances":[0', b",1e308,-1e308,1e-320", b"]}")),
    "a number of a million digits": lambda: Body(V1, JSON, filled(b'{"instances":[1', b"1", b"]}")),
    "numbers of 4,000 digits": lambda: Body(V1, JSON, filled(b'{"instances":[0', b"," + b"9" * 4000, b"]}")),
    "escapes": lambda: Body(V1, JSON, filled(b'{"instances":["', b"\\u00e9", b'"]}')),
    "V2 numbers": lambda: Body(V2, JSON, v2(b"FP64", b"1.5")),
    "V2 whole numbers": lambda: Body(V2, JSON, v2(b"INT64", b"1")),
    "V2 texts": lambda: Body(V2, JSON, v2(b"BYTES", b'"a"')),
    "V2 truths": lambda: Body(V2, JSON, v2(b"BOOL", b"true")),
    "V2 tensors of one number": lambda: Body(V2, JSON, numbered(b'{"inputs":[{"name":"a","shape":[1],"datatype":"FP64","data":[1]}', ',{"name":"a%d","shape":[1],"datatype":"FP64","data":[1]}', b"]}")),
    "V2 rows of nested lists": lambda: Body(V2, JSON, v2_nested()),
    "a shape that no number holds": lambda: Body(V2, JSON, b'{"inputs":[{"name":"a","datatype":"FP64","shape":[0,99999999999999999999999999],"data":[]}]}'),
    "MLflow split": lambda: Body(MLFLOW, JSON, filled(b'{"dataframe_split":{"columns":["a","b"],"data":[[0,"a"]', b',[1,"b"]', b"]}}")),
    "MLflow records": lambda: Body(MLFLOW, JSON, filled(b'{"dataframe_records":[{"a":0}', b',{"a":1}', b"]}")),
    "Seldon ndarray": lambda: Body(SELDON, JSON, filled(b'{"data":{"names":["a"],"ndarray":[[0]', b",[1]", b"]}}")),
    "CSV of one column": lambda: Body(MLFLOW, "text/csv", csv_of(1, "1")),
    "CSV of texts": lambda: Body(MLFLOW, "text/csv", csv_of(4, "a")),
    "CSV of quotes": lambda: Body(MLFLOW, "text/csv", filled(b"a\n", b'""""\n', b"")),
    "CSV of 100,000 columns": lambda: Body(MLFLOW, "text/csv", csv_of(100_000, "1")),
    "JSON lines": lambda: Body(MLFLOW, "application/jsonlines", filled(b'{"a":0}\n', b'{"a":1}\n', b"")),
    "a gzip bomb": lambda: Body(V1, JSON, gzip.compress(bytes(1_000_000_000), 1)[:FULL], "gzip"),
    "a deflate bomb": lambda: Body(V1, JSON, zlib.compress(bytes(1_000_000_000), 1)[:FULL], "deflate"),
    "a br bomb": lambda: Body(V1, JSON, bytes(FULL), "br"),
    "gzip up to its limit": lambda: Body(V1, JSON, gzip.compress(filled(b'{"instances":[0', b",1", b"]}", 16 * FULL), 6), "gzip"),
    "gzip of different texts": lambda: Body(V1, JSON, gzip.compress(numbered(b'{"instances":["a"', ',"t%d"', b"]}", 3 * FULL), 6), "gzip"),
    "as many lists as may be": lambda: Body(V1, JSON, filled(b'{"instances":[[0]', b",[1]", b"]}", 24_900 * 4)),
    "as many objects as may be": lambda: Body(V1, JSON, filled(b'{"instances":[{"a":0}', b',{"a":1}', b"]}", 24_900 * 8)),
    "as many keys as may be": lambda: Body(V1, JSON, numbered(b'{"instances":[{"a":0}', ',{"k%d":1}', b"]}", 24_900 * 14)),
    "as many nested objects as may be": lambda: Body(V1, JSON, filled(b'{"instances":[{"a":{"b":{"c":0}}}', b',{"a":{"b":{"c":1}}}', b"]}", 8_300 * 20)),
    "as many cells in lists as may be": lambda: Body(V1, JSON, filled(b'{"instances":[[' + b"0," * 19 + b"0]", b",[" + b"1," * 19 + b"1]", b"]}", 3_400 * 42)),
    "as many cells of texts as may be": lambda: Body(V1, JSON, filled(b'{"instances":[[' + b'"b",' * 19 + b"0]", b",[" + b'"a",' * 19 + b"1]", b"]}", 3_400 * 80)),
    "as many empty objects as may be": lambda: Body(V1, JSON, filled(b'{"instances":[{}', b",{}", b"]}", 24_900 * 3)),
    "as many tensors as may be": lambda: Body(V2, JSON, numbered(b'{"inputs":[{"name":"a","shape":[1],"datatype":"FP64","data":[1]}', ',{"name":"a%d","shape":[1],"datatype":"FP64","data":[1]}', b"]}", 1_990 * 60)),
    "as many nested numbers as may be": lambda: Body(V2, JSON, b'{"inputs":[{"name":"a","shape":[24900,1],"datatype":"FP64","data":[' + b",".join([b"[1]"] * 24_900) + b"]}]}"),
    "as many lines of CSV as may be": lambda: Body(MLFLOW, "text/csv", b"a\n" + b"1\n" * 24_900),
    "as many cells of CSV as may be": lambda: Body(MLFLOW, "text/csv", csv_of(20, "a")[: 68_000 * 2]),
    "as many columns of CSV as may be": lambda: Body(MLFLOW, "text/csv", csv_of(1_999, "1.5")[:200_000].rpartition(b"\n")[0]),
    "as many quotes of CSV as may be": lambda: Body(MLFLOW, "text/csv", filled(b"a\n", b'""""\n', b"", 24_900 * 5)),
    "as many rows of a split as may be": lambda: Body(MLFLOW, JSON, filled(b'{"dataframe_split":{"columns":["a","b"],"data":[[0,"a"]', b',[1,"b"]', b"]}}", 18_700 * 8)),
    "as many rows of an ndarray as may be": lambda: Body(SELDON, JSON, filled(b'{"data":{"names":["a"],"ndarray":[[0]', b",[1]", b"]}}", 24_900 * 4)),
    "as many lines of JSON as may be": lambda: Body(MLFLOW, "application/jsonlines", filled(b'{"a":0}\n', b'{"a":1}\n', b"", 24_900 * 8)),
    "broken lines of JSON": lambda: Body(MLFLOW, "application/jsonlines", filled(b'{"a":0}\n', b"x\n", b"", 199_000)),
    "depth of 900 as often as may be": lambda: Body(V1, JSON, filled(b'{"instances":[0', b"," + b"[" * 900 + b"]" * 900, b"]}", 27 * 1801)),
    "not JSON": lambda: Body(V1, JSON, bytes(range(256)) * (FULL // 256)),
}  # fmt: skip


def v2(datatype: bytes, cell: bytes) -> bytes:
    """One tensor of one column, as long as there is room."""
    count = (FULL - 100) // (len(cell) + 1)
    data = b",".join(itertools.repeat(cell, count))
    return b'{"inputs":[{"name":"a","shape":[%d,1],"datatype":"%s","data":[%s]}]}' % (count, datatype, data)


def v2_nested() -> bytes:
    """The same number of lists of one number."""
    count = (FULL - 100) // 4
    return b'{"inputs":[{"name":"a","shape":[%d,1],"datatype":"FP64","data":[%s]}]}' % (
        count,
        b",".join([b"[1]"] * count),
    )

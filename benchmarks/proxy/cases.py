"""The requests that are sent: their bodies, paths and numbers of connections.

The rows are drawn from the distribution that the reference is made from, and differ from request to request, so that the
sidecar does the work of a quiet day: it bins fresh values and raises no alarm. Neighbour: `load` sends them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

MIB = 1_048_576
SEED = 20_240_611

RESPONSE = (
    b'{"model_name":"m","model_version":"1","id":"1","outputs":[{"name":"predict","shape":[1],"datatype":"FP64",'
    b'"data":[0.5038461538]}]}'
)
"""What the upstream answers to everything: 130 bytes of Open Inference Protocol V2 JSON."""


@dataclass(frozen=True)
class Case:
    """One kind of request. `bodies` are sent in turn; `features` is the width of the reference the sidecar holds."""

    name: str
    title: str
    connections: int
    features: int
    model: str
    bodies: tuple[bytes, ...]
    content_type: str = "application/json"
    fresh_heads: bool = False

    @property
    def path(self) -> str:
        """Where it is posted. The upstream reads `whole` bodies before it answers."""
        return f"/v2/models/{self.model}/infer"


def feature_names(features: int) -> list[str]:
    """Names of the columns, in order."""
    return [f"f{number:04d}" for number in range(features)]


def reference_csv(features: int, rows: int) -> str:
    """A data file of the distribution the requests are drawn from."""
    values = _rows(np.random.default_rng(SEED), rows, features)
    lines = [",".join(feature_names(features))]
    lines += [",".join(f"{value:.6f}" for value in row) for row in values]
    return "\n".join(lines) + "\n"


def all_cases() -> tuple[Case, ...]:
    """Every case, in the order in which the tables show them."""
    one_row = _bodies(4096, 1, 20)
    batch = _bodies(64, 100, 50)
    large = tuple(_filled(body) for body in _bodies(4, _rows_within(MIB, 20), 20))
    noise = (np.random.default_rng(SEED).integers(33, 127, MIB, dtype=np.uint8).tobytes(),)
    return (
        Case("one", "20 floats, 1 connection", 1, 20, "small", one_row),
        Case("many", "20 floats, 32 connections", 32, 20, "small", one_row),
        Case("fresh", "20 floats, 32 connections, every head differs", 32, 20, "small", one_row, fresh_heads=True),
        Case("batch", "batch of 100x50 floats, 32 connections", 32, 50, "whole", batch),
        Case("large", "1 MiB of bytes, 8 connections", 8, 20, "whole", noise, "application/octet-stream"),
        Case("large-json", "1 MiB of V2 JSON, 8 connections", 8, 20, "whole", large),
    )


def wide_case(features: int) -> Case:
    """Rows as wide as the reference; for the memory they take, not for the tables."""
    return Case("wide", f"{features} floats, 8 connections", 8, features, "whole", _bodies(64, 1, features))


def _rows(rng: np.random.Generator, rows: int, features: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return rng.normal(loc=np.arange(features) % 7, scale=1 + np.arange(features) % 3, size=(rows, features))


def _bodies(count: int, rows: int, features: int) -> tuple[bytes, ...]:
    """`count` V2 requests with one FP64 tensor of shape [rows, features] each."""
    values = _rows(np.random.default_rng(SEED + rows), count * rows, features).reshape(count, -1)
    return tuple(_request(row.tolist(), rows, features) for row in values)


def _request(values: list[float], rows: int, features: int) -> bytes:
    data = [round(value, 6) for value in values]
    tensor = {"name": "x", "shape": [rows, features], "datatype": "FP64", "data": data}
    return json.dumps({"id": "1", "inputs": [tensor]}, separators=(",", ":")).encode()


def _rows_within(limit: int, features: int) -> int:
    """Rows that surely fit: a value takes at most 10 bytes with its comma, as the values stay within +-100."""
    return (limit - 200) // (10 * features)


def _filled(body: bytes) -> bytes:
    """Blanks before the last brace make it exactly 1 MiB."""
    return body[:-1] + b" " * (MIB - len(body)) + b"}"

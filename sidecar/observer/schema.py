"""The API's own description, in OpenAPI 3.1: `/api/v1/schema` answers it, and docs/api.md is made from it.

Made from the types of `answers`, with the docstrings beneath their fields as descriptions. What is answered is `api`'s business.
See https://spec.openapis.org/oas/v3.1.0.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from sidecar import __version__
from sidecar.observer import answers
from sidecar.observer.score_history import FeatureScores
from sidecar.settings import Settings
from sidecar.settings.catalogue import attribute_docstrings


class Endpoint(NamedTuple):
    """One path of the API: what it answers, and how a table names it."""

    path: str
    answer: type[msgspec.Struct] | None
    """None where that is a file with a description of its own."""
    what: str
    media: str = "application/json"


ENDPOINTS = (
    Endpoint("/api/v1/status", answers.Status, "traffic, sides, reference, decoding, violations, sinks"),
    Endpoint("/api/v1/history", answers.History, "traffic of the last five minutes, a point a second"),
    Endpoint("/api/v1/features", answers.Features, "every feature with scores, evidence, effect, verdict"),
    Endpoint(
        "/api/v1/features/{side}/{name}",
        answers.FeatureDetail,
        "one of them with its bins; `?stream=` names another stream than the primary one",
    ),
    Endpoint(
        "/api/v1/trail/{side}/{name}", FeatureScores, "its scores and verdicts since the start; `?stream=` likewise"
    ),
    Endpoint("/api/v1/constraints", answers.Constraints, "every rule of the reference's constraints with its verdict"),
    Endpoint("/api/v1/segments", answers.Segments, "segments of the traffic with their features"),
    Endpoint("/api/v1/changes", answers.Changes, "the last 50 changes, newest first"),
    Endpoint("/api/v1/faults", answers.Faults, "the last fault of the observer of each kind, newest first"),
    Endpoint("/api/v1/exchanges", answers.Exchanges, "the last 50 exchanges as metadata, newest first"),
    Endpoint("/api/v1/live", answers.Look, "all that the page shows, as server-sent events", "text/event-stream"),
    Endpoint(
        "/api/v1/profile",
        None,
        "the live profile as a reference file; `?since=` (Unix seconds) `&by=` gives the rows since then, with their lineage",
    ),
    Endpoint("/api/v1/settings", Settings, "the settings in force, without credentials"),
    Endpoint("/api/v1/schema", None, "this description, as OpenAPI 3.1"),
)
"""Every path, in the order of the docs."""

_PLACES = "#/components/schemas/{name}"


@functools.cache
def schema_json() -> bytes:
    """The whole document."""
    components = described()
    known = [endpoint for endpoint in ENDPOINTS if endpoint.answer is not None]
    refs = {one.path: {"$ref": _PLACES.format(name=one.answer.__name__)} for one in known if one.answer is not None}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "drift-sidecar", "version": __version__},
        "paths": {one.path: {"get": _operation(one, refs.get(one.path, {"type": "object"}))} for one in ENDPOINTS},
        "components": {"schemas": components},
    }
    return msgspec.json.encode(document)


def described() -> dict[str, dict[str, Any]]:
    """The schema of every type that is answered, by its name, with the descriptions of its fields."""
    types = [endpoint.answer for endpoint in ENDPOINTS if endpoint.answer] + [answers.Problem]
    _, components = msgspec.json.schema_components(types, ref_template=_PLACES)
    structs = {struct.__name__: struct for struct in _structs(types)}
    for name, component in components.items():
        for field, text in _docstrings(structs[name]) if name in structs else ():
            component["properties"][field]["description"] = " ".join(text.split())
    return components


def _operation(endpoint: Endpoint, schema: dict[str, Any]) -> dict[str, Any]:
    named = [part.strip("{}") for part in endpoint.path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in named]
    problem = {"description": "No answer, and why", "content": _content(_PLACES.format(name="Problem"))}
    answer = {"description": endpoint.what, "content": {endpoint.media: {"schema": schema}}}
    return {"summary": endpoint.what, "parameters": parameters, "responses": {"200": answer, "default": problem}}


def _content(ref: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": ref}}}


def _structs(types: list[type[msgspec.Struct]]) -> Iterator[type[msgspec.Struct]]:
    """All structs that the types are made of."""
    waiting: list[Any] = list(msgspec.inspect.multi_type_info(types))
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, msgspec.inspect.StructType):
            yield one.cls
        for name in getattr(one, "__struct_fields__", ()):
            inner = getattr(one, name)
            waiting += inner if isinstance(inner, tuple) else [inner]


def _docstrings(struct: type[msgspec.Struct]) -> Iterator[tuple[str, str]]:
    """Of the fields, those that are inherited first."""
    for one in reversed(struct.__mro__):
        if isinstance(one, type(msgspec.Struct)) and one is not msgspec.Struct:
            yield from attribute_docstrings(one).items()

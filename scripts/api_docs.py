"""Writes docs/api.md from the types of the API's answers (`make docs`). A test checks that it is fresh."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sidecar.observer.schema import ENDPOINTS, Endpoint, described
from sidecar.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
_INTRO = """\
# The API

What the admin port (9481) answers beside `/metrics` and [the live page](live-page.md): JSON, read only. `{side}` is `input` or
`output`. A request that cannot be answered has a status of 400 or above and `{"detail": "..."}`. `/api/v1/schema` says the same
for tools, as OpenAPI 3.1.

In the tables `[]` is each item of a list and `*` each key of an object. Times are Unix seconds unless a field says otherwise.
Fields may be added; none is renamed or removed. This page is made by `make docs` from `sidecar/observer/answers`.
"""
_ELSEWHERE = {
    "/api/v1/profile": "It is for `--reference`, and for `drift-sidecar compare`.",
    "/api/v1/settings": "An object for each section; keys and types are those of [settings](settings.md).",
    "/api/v1/schema": "",
}
Schema = dict[str, Any]
Row = tuple[str, str, str]
_TYPES = described()


def page() -> str:
    """The whole page."""
    return "\n".join([_INTRO, *(_section(endpoint) for endpoint in ENDPOINTS)])


def _section(endpoint: Endpoint) -> str:
    head = f"## `{endpoint.path}`\n\n{endpoint.what[0].upper()}{endpoint.what[1:]}."
    if endpoint.answer is None or endpoint.answer is Settings:
        return f"{head} {_ELSEWHERE[endpoint.path]}".rstrip() + "\n"
    lines = "\n".join(f"| `{path}` | {kind} | {text} |" for path, kind, text in _rows(endpoint))
    return f"{head}\n\n| field | type | what it is |\n|---|---|---|\n{lines}\n"


def _rows(endpoint: Endpoint) -> Iterator[Row]:
    """What another endpoint answers under the same name is only named."""
    assert endpoint.answer is not None
    for name, schema in _TYPES[endpoint.answer.__name__]["properties"].items():
        same = _same(endpoint, name, schema) if endpoint.path.endswith("/live") else None
        if same:
            yield name, "as there", f"`{same}`"
        else:
            yield from _field(name, schema)


def _same(endpoint: Endpoint, name: str, schema: Schema) -> str | None:
    for other in ENDPOINTS:
        if other.answer is not None and other is not endpoint:
            whole = {"$ref": f"#/components/schemas/{other.answer.__name__}"}
            if schema in (whole, _TYPES[other.answer.__name__].get("properties", {}).get(name)):
                return other.path
    return None


def _field(path: str, schema: Schema, text: str = "", null: bool = False) -> Iterator[Row]:
    """The field, and all that is within it."""
    text = schema.get("description", text)
    if "$ref" in schema:
        named = _TYPES[schema["$ref"].rpartition("/")[2]]
        yield from _field(path, named | {"description": text or _first(named.get("description", ""))}, null=null)
    elif "discriminator" in schema:
        for tag, ref in schema["discriminator"]["mapping"].items():
            yield from _field(f"{path[:-1]}{schema['discriminator']['propertyName']}={tag}]", {"$ref": ref})
    elif "anyOf" in schema:
        (known,) = (one for one in schema["anyOf"] if one != {"type": "null"})
        yield from _field(path, known, text, null=True)
    elif "enum" in schema:
        yield path, _kind(", ".join(f"`{one}`" for one in schema["enum"]), null), text
    elif "properties" in schema:
        yield path, _kind("object", null), text
        for name, inner in schema["properties"].items():
            yield from _field(f"{path}.{name}", inner)
    else:
        yield from _collection(path, schema, text, null)


def _collection(path: str, schema: Schema, text: str, null: bool) -> Iterator[Row]:
    """A list or an object of many alike; else it is a plain value."""
    if "prefixItems" in schema:
        yield path, _kind(f"list of {', '.join(one['type'] for one in schema['prefixItems'])}", null), text
    elif "items" in schema:
        yield from _within(path, "list", f"{path}[]", schema["items"], text, null)
    elif "additionalProperties" in schema:
        yield from _within(path, "object", f"{path}.*", schema["additionalProperties"], text, null)
    else:
        yield path, _kind(schema["type"], null), text


def _within(path: str, kind: str, inner_path: str, inner: Schema, text: str, null: bool) -> Iterator[Row]:
    """One row where the many are plain, else one for each of their fields too."""
    first, *rest = _field(inner_path, inner)
    if "discriminator" in inner:
        yield path, _kind(f"{kind} of these, told apart by `{inner['discriminator']['propertyName']}`", null), text
        yield from (first, *rest)
    elif rest:
        yield path, _kind(kind, null), text or first[2]
        yield from rest
    else:
        yield path, _kind(f"{kind} of {first[1]}", null), text


def _kind(kind: str, null: bool) -> str:
    return f"{kind} or null" if null else kind


def _first(text: str) -> str:
    """The first sentence, in one line."""
    return " ".join(text.split()).partition(". ")[0].rstrip(".") + "." if text else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}", file=sys.stderr)

"""Which stream an exchange is of: the model's name from URL or header, and the endpoint as a template. Bodies are `body_model`'s.

What a client may choose freely must not become a name without end: versions are left out, and in a path that no template
knows, segments that look like identifiers become `{id}`. How many streams there may be is the monitor's business.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from sidecar.core.reading.paths import path_of
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.lookalikes import NAMES_OF_THINGS, kind_of_text
from sidecar.core.words.stream import StreamKey
from sidecar.core.words.templates import pattern_of
from sidecar.plain_text import HIDDEN

_OTHER_ROUTE = "other"
_VERSION = re.compile(r"(?:/(?:versions|labels))?/\{(?:(?:model_)?version|label)\}")
_PREFIXED = re.compile(
    r"(?P<prefix>(?:/[^/]+)*?)(?:"
    r"/v2/models/(?P<v2>[^/]+)(?:/versions/[^/]+)?(?P<v2_verb>/[a-z_]+)"
    r"|/v1/models/(?P<v1>[^/:]+)(?:/(?:versions|labels)/[^/:]+)?(?P<v1_verb>:[a-z]+)"
    r"|/models/(?P<sagemaker>[^/:]+)(?P<sagemaker_verb>/invoke)"
    r"|/predictions/(?P<torchserve>[^/:]+)(?:/[^/:]+)?(?P<torchserve_verb>)"
    r")"
)
"""Paths that name a model behind a prefix, as an ingress or Seldon puts there."""
_STEMS = {
    "v2": "/v2/models/{model}",
    "v1": "/v1/models/{model}",
    "sagemaker": "/models/{model}",
    "torchserve": "/predictions/{model}",
}
_HEADERS = (b"x-amzn-sagemaker-target-model", b"x-amzn-sagemaker-inference-component", b"seldon-model")
"""Headers that name one of several models behind one path."""
_BY_BODY = re.compile(
    r".*/(?:chat/completions|completions|embeddings|responses|messages|rerank|score|pooling|classify|tokenize"
    r"|api/(?:generate|chat|embed))"
)
"""Endpoints of OpenAI's API and its kin, whose requests name the model in the body."""
_WORD = re.compile(r"[A-Za-z_.~][A-Za-z_.~-]*(?:\d{1,3}[A-Za-z_.~-]+){0,2}\d{0,3}")
_HEX = re.compile(r"(?=.*\d)[0-9a-fA-F]{8,}")
_LONGEST_WORD = 40
_LONGEST_NAME = 128
_LONGEST_ENDPOINT = 200


class Place(NamedTuple):
    """Where an exchange belongs by its head alone."""

    key: StreamKey
    declared: str = ""
    """The template of `decode.routes` that it matches; empty if none."""
    by_body: bool = False
    """The body may name the model."""


class StreamKeys:
    """Finds places; `declared` are the templates of `decode.routes` with the model's name where they give one."""

    def __init__(self, declared: Iterable[tuple[str, str]] = ()) -> None:
        self._declared = [(template, pattern_of(template), model) for template, model in declared]

    def place(self, exchange: Exchange) -> Place:
        """The place of an exchange, by its route, path and headers."""
        path = path_of(exchange.target)
        path = path.rstrip("/") or "/"
        for template, pattern, model in self._declared:
            found = pattern.fullmatch(path)
            if found or exchange.route == template:
                return _placed(exchange, template, model or _group(found), template)
        if exchange.route != _OTHER_ROUTE:
            return _placed(exchange, exchange.route, _group(_known(exchange.route).fullmatch(path)))
        prefixed = _PREFIXED.fullmatch(path)
        if prefixed:
            kind = next(kind for kind in _STEMS if prefixed[kind])
            endpoint = without_ids(prefixed["prefix"]) + _STEMS[kind] + prefixed[f"{kind}_verb"]
            return _placed(exchange, endpoint, prefixed[kind])
        return _placed(exchange, without_ids(path), "")


@functools.lru_cache(maxsize=256)
def _known(template: str) -> re.Pattern[str]:
    return pattern_of(template)


def _group(found: re.Match[str] | None) -> str:
    return (found.groupdict().get("model") or "") if found else ""


def _placed(exchange: Exchange, template: str, model: str, declared: str = "") -> Place:
    endpoint = _VERSION.sub("", template)[:_LONGEST_ENDPOINT]
    for header in _HEADERS if not model else ():
        model = model or (exchange.request.header(header) or b"").decode("latin-1")
    key = StreamKey(name_of(unquote(model)), endpoint)
    return Place(key, declared, not key.model and _BY_BODY.fullmatch(endpoint) is not None)


def name_of(text: str) -> str:
    """A model's name as a client gave it, fit to be shown; empty if it looks like a secret, or was one before it was captured."""
    name = "".join(filter(str.isprintable, text.strip()))[:_LONGEST_NAME]
    return name if name != HIDDEN and kind_of_text(name) in NAMES_OF_THINGS else ""


def without_ids(path: str) -> str:
    """The path with `{id}` for each segment that looks like an identifier: numbers, hex, UUIDs, and whatever is no plain word."""
    return "/".join(map(_segment, path.split("/")))


def _segment(text: str) -> str:
    name, colon, verb = text.partition(":")
    if colon and _is_word(verb):
        return (name if not name or _is_word(name) else "{id}") + colon + verb
    return text if not text or _is_word(text) else "{id}"


def _is_word(text: str) -> bool:
    is_plain = len(text) <= _LONGEST_WORD and _WORD.fullmatch(text) is not None and not _HEX.fullmatch(text)
    return is_plain and not kind_of_text(text)


class _Named(msgspec.Struct, gc=False):
    model: str = ""


_BODY = msgspec.json.Decoder(_Named)


def body_model(payload: bytes) -> str:
    """The `model` of a JSON request; empty if there is none."""
    try:
        return name_of(_BODY.decode(payload).model)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""

"""Paths of requests as they may be shown: in captures, in spans and in complaints. What is forwarded is never changed here.

Clients put into a path what they like: an e-mail address, a number of a card, a key. `shown_path` keeps what a decoder and a
reader of a trace need, which is the shape of the path and its plain words. `stream_keys` makes templates of paths, with fewer
different segments.
"""

from __future__ import annotations

import functools
from urllib.parse import unquote

from sidecar.core.words.lookalikes import NAMES_OF_THINGS, kind_of_text
from sidecar.plain_text import HIDDEN, printable

_NAMING = frozenset({"models", "versions", "labels", "predictions"})
"""Segments before the name of a model or of a version, which may be a date, a number or a digest."""
_LONGEST_SEGMENT = 256
"""Characters as sent; what is longer is not looked at, and not shown."""
_ENCODINGS = 3
"""As often is a segment decoded: proxies encode what was encoded."""


def path_of(target: str) -> str:
    """The path of a request target, without query and fragment, and without user and host if it is an absolute URL."""
    if not target.startswith("/") and "://" in target:
        target = "/" + target.partition("://")[2].partition("/")[2]
    return target.partition("?")[0].partition("#")[0]


def shown_path(target: str) -> str:
    """As `path_of`, with `***` for each segment that looks like a secret or personal, and without control characters."""
    path = path_of(target)
    return _remembered(path) if len(path) <= _LONGEST_SEGMENT else _shown_path(path)


def _shown_path(path: str) -> str:
    segments = path.split("/")
    before = ("", *segments[:-1])
    return printable("/".join(map(_shown, segments, before)))


_remembered = functools.lru_cache(maxsize=256)(_shown_path)  # clients repeat paths, and looking at one takes 10 us


def _shown(segment: str, before: str) -> str:
    harmless = NAMES_OF_THINGS if before in _NAMING else frozenset({""})
    if _is_shown(segment, harmless):
        return segment
    name, _, verb = segment.rpartition(":")
    return f"{HIDDEN}:{verb}" if name and verb.isascii() and verb.isalpha() and verb.islower() else HIDDEN


def _is_shown(segment: str, harmless: frozenset[str]) -> bool:
    """Whether neither the segment nor what it encodes looks like a secret."""
    if len(segment) > _LONGEST_SEGMENT:
        return False
    for _ in range(_ENCODINGS + 1):
        if not {kind_of_text(segment), kind_of_text(segment.rpartition(":")[0])} <= harmless:
            return False
        if segment == (decoded := unquote(segment)):
            return True
        segment = decoded
    return False

"""Makes inputs of a corpus: bytes are changed, doubled, cut and joined, JSON and YAML-like texts get other values. Seeded.

What a reader knows by heart (its keywords and extreme numbers) is put in more often than chance would.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

NUMBERS = (
    b"0", b"-1", b"1", b"255", b"65536", b"2147483648", b"4294967295", b"9223372036854775808", b"99999999999999999999999999",
    b"-99999999999999999999999999", b"1e400", b"-1e-400", b"0.1", b"1.5", b"NaN", b"Infinity", b"1" + b"0" * 400,
)  # fmt: skip
BYTES = (
    b"\x00",
    b"\xff",
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b'"',
    b"\\",
    b"{",
    b"[",
    b",",
    b":",
    b"\xef\xbb\xbf",
)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.5, 2**31, 2**63, 2**64, 10**30, 1e308, -0.0, "", "a", "NaN", "\ud800", "é" * 3, [], {}, [[]],
    [None], [1, "a", None], {"a": {"b": {"c": {"d": {"e": 1}}}}}, [[1, 2], [3]], "x" * 300, list(range(40)),
)  # fmt: skip
_MOST_STEPS = 5
_MOST_BYTES = 65_536
_JSON_SHARE = 0.5


class Mutator:
    """Inputs without end; the same for the same seed."""

    def __init__(self, corpus: Sequence[bytes], tokens: Sequence[bytes], seed: int) -> None:
        self._rng = random.Random(seed)
        self._corpus = list(corpus)
        self._parsed = [_parsed(one) for one in self._corpus]
        self._tokens = [*tokens, *NUMBERS, *BYTES]
        self._steps: tuple[Callable[[bytes], bytes], ...] = (
            self._flip, self._insert, self._overwrite, self._delete, self._double, self._join, self._digits,
        )  # fmt: skip

    def one(self) -> bytes:
        """The next input."""
        rng = self._rng
        at = rng.randrange(len(self._corpus))
        data = self._corpus[at]
        if self._parsed[at] is not None and rng.random() < _JSON_SHARE:
            data = self._json(json.loads(data))
            if rng.random() < _JSON_SHARE:
                return data
        for _ in range(rng.randint(1, _MOST_STEPS)):
            data = rng.choice(self._steps)(data)
        return data[:_MOST_BYTES]

    def _place(self, data: bytes) -> int:
        return self._rng.randint(0, len(data))

    def _flip(self, data: bytes) -> bytes:
        if not data:
            return data
        at = self._rng.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << self._rng.randrange(8))]) + data[at + 1 :]

    def _insert(self, data: bytes) -> bytes:
        at = self._place(data)
        return data[:at] + self._rng.choice(self._tokens) + data[at:]

    def _overwrite(self, data: bytes) -> bytes:
        at, token = self._place(data), self._rng.choice(self._tokens)
        return data[:at] + token + data[at + len(token) :]

    def _delete(self, data: bytes) -> bytes:
        at = self._place(data)
        return data[:at] + data[at + self._rng.choice((1, 1, 2, 4, 16, 256)) :]

    def _double(self, data: bytes) -> bytes:
        start = self._place(data)
        part = data[start : start + self._rng.choice((1, 4, 16, 64, 512))]
        at = self._place(data)
        return data[:at] + part * self._rng.choice((1, 1, 2, 8)) + data[at:]

    def _join(self, data: bytes) -> bytes:
        other = self._rng.choice(self._corpus)
        return data[: self._place(data)] + other[self._place(other) :]

    def _digits(self, data: bytes) -> bytes:
        """Another number in the place of one."""
        start = next((at for at in range(self._place(data), len(data)) if data[at] in b"0123456789"), len(data))
        end = start
        while end < len(data) and data[end] in b"0123456789":
            end += 1
        return data[:start] + self._rng.choice(NUMBERS) + data[end:]

    def _json(self, document: Any) -> bytes:
        """One to three places with another value, none, or what is elsewhere."""
        for _ in range(self._rng.randint(1, 3)):
            places = list(_places(document))
            if not places:
                break
            container, key = self._rng.choice(places)
            act = self._rng.randrange(4)
            if act == 0:
                del container[key]
            elif act == 1:
                other, its = self._rng.choice(places)
                container[key] = copy.deepcopy(other[its])
            elif act == 2 and isinstance(container, list):
                container.extend(copy.deepcopy(container[key]) for _ in range(self._rng.choice((1, 2, 40))))
            else:
                container[key] = copy.deepcopy(self._rng.choice(VALUES))
        return json.dumps(document).encode()


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data) or None
    except (ValueError, RecursionError):
        return None


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Each value within a document, as its container and its key."""
    found: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        found += [(one, key) for key in keys]
        waiting += [one[key] for key in keys]
    return found

"""Free text: its length, which characters it is made of, and which words it contains.

The set of words is projected on fixed random directions: each word has a random sign, and a projection is the sum of the signs
over the square root of their number. Common words give a projection its mean, so another language or topic shifts it. No text is
kept.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

import numpy as np

from sidecar.core.binning.bins import plain_name
from sidecar.core.binning.derivation import PROJECTIONS, signs
from sidecar.core.words.arrays import Floats

READ = 10_000
"""Characters of a text that are read; its length is counted in full."""
_CHUNK = 64
_ALPHABETS = 0x530
"""Code points of Latin, Greek and Cyrillic are below; later scripts mostly have no capitals."""
_WORD = re.compile(r"\w+")
_LETTERS = [chr(at) for at in range(_ALPHABETS)]
_CLASSES = np.array(
    [
        [*(not letter.isascii() for letter in _LETTERS), True],
        [*(letter.isdigit() for letter in _LETTERS), False],
        [*(letter.isupper() for letter in _LETTERS), False],
    ],
    np.uint8,
)
"""Rows non-ASCII, digit, capital; a column per code point, the last one for all code points beyond."""


class Text:
    """Reads cells; other values than strings are read as JSON writes them. Empty texts are missing, as everywhere."""

    name = "text"
    parts = ("length", "words", "non_ascii", "digits", "upper", *(f"p{at}" for at in range(PROJECTIONS)))
    wide = False

    def derive(self, values: Any) -> Floats:
        """See `Derivation`. `length` in characters; `non_ascii`, `digits` and `upper` are ratios of the characters."""
        found = np.full((len(self.parts), len(values)), np.nan)
        texts = [plain_name(value) for value in values]
        present = [at for at, text in enumerate(texts) if text]
        for start in range(0, len(present), _CHUNK):
            chosen = present[start : start + _CHUNK]
            found[:, chosen] = _parts([texts[at] or "" for at in chosen])
        return found


def _parts(texts: list[str]) -> Floats:
    """The parts (parts, texts) of texts that have at least one character."""
    lengths = [len(text) for text in texts]
    read = [text[:READ] for text in texts]
    words = [_WORD.findall(text.casefold()) for text in read]
    return np.vstack([lengths, [len(found) for found in words], _shares(read), _views([set(one) for one in words]).T])


def _shares(texts: list[str]) -> Floats:
    """Ratios of non-ASCII characters, digits and capitals: (3, texts)."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<u4")
    sizes = np.array([len(text) for text in texts])
    starts = np.cumsum(sizes) - sizes
    hits = _CLASSES[:, np.minimum(points, _ALPHABETS)]
    return np.asarray(np.add.reduceat(hits, starts, axis=1, dtype=np.int64) / sizes)


def _views(words: list[set[str]]) -> Floats:
    """Projections of sets of words (texts, PROJECTIONS); zero for a text without words."""
    keys = [zlib.crc32(word.encode("utf-8", "surrogatepass")) for found in words for word in sorted(found)]
    sizes = np.array([len(found) for found in words])
    sums = np.zeros((len(words), PROJECTIONS))
    np.add.at(sums, np.repeat(np.arange(len(words)), sizes), signs(np.array(keys, np.uint64)))
    return np.asarray(sums / np.sqrt(np.maximum(sizes, 1))[:, None])

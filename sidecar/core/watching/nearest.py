"""The nearest explanation of a mismatch, from the last few rows as they came: names, types, order, ways of writing.

Asked only when a mismatch is told. What clients sent is compared and never repeated: an explanation is one of a closed set.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from sidecar.core.binning.binner import Binner
from sidecar.core.binning.bins import Feature, Kind, category
from sidecar.core.binning.derive import columns_of
from sidecar.core.binning.matching import Names, names_for
from sidecar.core.binning.time_texts import seconds_of_text
from sidecar.core.reference.profile import SideProfile
from sidecar.core.words.cell_texts import is_missing, number_of, seems_local
from sidecar.core.words.cells import Columnar, head_of, listed
from sidecar.core.words.frame import Frame
from sidecar.core.words.mismatch import Explanation
from sidecar.core.words.mismatch import Kind as Wrong

_FRAMES, _ROWS = 3, 3
"""Frames that are kept, and rows of each."""
_MOST = 0.8
"""An explanation holds for at least this share of the cells that are kept."""
_KNOWN = 0.5
"""Share of the reference's columns that came, from which it seems to be of the same model."""
_TRUTHS = frozenset({"true", "false", "yes", "no", "y", "n", "t", "f", "on", "off"})
_LONGEST_CODE = 12
_SEPARATORS = re.compile(r"[\s_./:\[\]-]+")
_NUMBERED = re.compile(r"[A-Za-z_-]{0,12}\[?\d+\]?")
_WITH_UNIT = re.compile(r"[+-]?\d[\d.,]*\s*[^\W\d_°µ]{1,6}(?:/[^\W\d_]{1,3})?|[+-]?\d[\d.,]*\s*[°µ]\S{0,3}")


class Nearest:
    """Keeps the last rows of one side as they came, and explains."""

    def __init__(self, reference: SideProfile, binner: Binner, configured: Names = ()) -> None:
        self._features = reference.features
        self._columns = columns_of(reference.features)
        self._ignored = {one.name for one in reference.left_out} | reference.withheld
        self._binner = binner
        self._configured = configured
        self._samples: deque[Frame] = deque(maxlen=_FRAMES)

    def keep(self, frames: Sequence[Frame]) -> None:
        """Keep the first rows of the last frame that has any."""
        for frame in reversed(frames):
            if frame.rows:
                self._samples.append(_sample(frame))
                return

    def is_unreadable(self, at: int) -> bool:
        """See `Explainer`; of a time."""
        feature = self._features[at]
        reading, cells = feature.reading, self._of_column(_source(feature), feature, last=1)
        texts = [one for one in cells if isinstance(one, str)]
        return bool(cells) and all(seconds_of_text(one, reading) is None for one in texts) and len(texts) == len(cells)

    def explained(self, at: int, kind: Wrong) -> Explanation:
        """See `Explainer`."""
        match kind:
            case Wrong.UNREAD:
                return Explanation.UNREAD
            case Wrong.MISSING_FEATURE:
                return self._of_names(self._features[at])
            case Wrong.TYPE:
                return self._of_type(at)
            case Wrong.UNSEEN:
                return self._of_values(at)

    def name_explained(self) -> Explanation:
        """Why none of the reference's columns is among those that came."""
        return self._of_names(self._features[0]) if self._features else Explanation.ABSENT

    def _of_names(self, feature: Feature) -> Explanation:
        if not self._samples:
            return Explanation.ABSENT
        last = self._samples[-1]
        if last.names is None and not last.vectors:
            return Explanation.WIDTH
        wanted = _source(feature)
        came = [*names_for(last.names, last.width, self._configured, self._columns), *(last.vectors or ())]
        if any(name.startswith((f"{wanted}.", f"{wanted}[")) for name in came):
            return Explanation.NESTED
        known = set(self._columns) | {_source(one) for one in self._features}
        others = [name for name in came if name not in known and name not in self._ignored]
        return _of_name(wanted, others) or _of_all_names(known, set(came), others)

    def _of_type(self, at: int) -> Explanation:
        feature, cells = self._features[at], self._cells(at)
        if feature.derived is not None and not feature.derived.size:
            return Explanation.TIMES
        if not cells:
            return Explanation.NESTED
        texts = [one for one in cells if isinstance(one, str)]
        if _holds(texts, lambda text: text.strip().lower() in _TRUTHS):
            return Explanation.BOOLEANS
        local = seems_local(texts) if texts else None
        if local is not None:
            return Explanation.UNITS if local.signs else Explanation.LOCALE
        if _holds(texts, lambda text: _WITH_UNIT.fullmatch(text.strip()) is not None):
            return Explanation.UNITS
        return Explanation.ORDER if self._is_elsewhere(at) else Explanation.TEXTS

    def _of_values(self, at: int) -> Explanation:
        feature, cells = self._features[at], self._cells(at)
        texts = [name for one in cells if (name := category(one))]
        if not texts:
            return Explanation.VALUES
        folded = {one.strip().casefold() for one in feature.categories}
        if (feature.kind is Kind.BOOLEAN or folded <= _TRUTHS) and _holds(texts, _is_truth):
            return Explanation.BOOLEANS
        for explanation, fold, guesses in _WAYS:
            known = {fold(one) for one in feature.categories}
            had = [fold(one) in known or self._has(at, guesses(one)) for one in texts]
            if _holds(had, bool):
                return explanation
        if self._is_elsewhere(at):
            return Explanation.ORDER
        numbers = _holds(cells, lambda one: isinstance(one, int | float))
        named = all(number_of(one) is None for one in feature.categories)
        return Explanation.NUMBERS if numbers and named else Explanation.VALUES

    def _has(self, at: int, names: Iterable[str]) -> bool:
        """Whether the reference has one of these names, though it be a label of it."""
        feature = self._features[at]
        return any(code < feature.other for code in self._binner.bins_of_names(at, list(names)))

    def _cells(self, at: int) -> list[Any]:
        """The last values of a feature, or of what it is derived from, without missing ones."""
        return self._of_column(_source(self._features[at]), self._features[at])

    def _of_column(self, column: str, feature: Feature, last: int = _FRAMES) -> list[Any]:
        found: list[Any] = []
        for sample in list(self._samples)[-last:]:
            names = names_for(sample.names, sample.width, self._configured, self._columns)
            if column in names:
                found += listed(sample.column(names.index(column)))
        null = feature.ordered or feature.derived is not None
        return [one for one in found if not _is_null(one) and not (null and isinstance(one, str) and is_missing(one))]

    def _is_elsewhere(self, at: int) -> bool:
        """Whether the values of another column, which do not suit their own feature, suit this one."""
        for other, feature in enumerate(self._features):
            cells = self._of_column(feature.name, feature) if other != at and feature.derived is None else []
            if cells and self._suits(at, cells) and not self._suits(other, cells):
                return True
        return False

    def _suits(self, at: int, cells: list[Any]) -> bool:
        feature = self._features[at]
        if not feature.ordered:
            return all(code < feature.unseen for code in self._binner.bins_of_names(at, cells))
        numbers = [number_of(one, feature.reading) if isinstance(one, str) else float(one) for one in cells]
        edges = feature.edges
        return bool(edges) and all(one is not None and edges[0] <= one <= edges[-1] for one in numbers)


def _sample(frame: Frame) -> Frame:
    """The first rows of a frame, and the names of its vectors; numbers as an array, which takes a quarter of a list's memory."""
    rows, head = min(frame.rows, _ROWS), frame.values
    if isinstance(head, Columnar):
        head = Columnar(listed(head_of(one, rows)) for one in head.columns)
    else:
        head = head[: rows * frame.width]
        if isinstance(head, np.ndarray) or set(map(type, head)) == {float}:
            head = np.array(head)  # no view, which would keep the whole message
    return Frame(frame.side, frame.names, rows, frame.width, head, vectors=dict.fromkeys(frame.vectors or ()))


def _source(feature: Feature) -> str:
    return feature.derived.of if feature.derived else feature.name


def _of_name(wanted: str, others: Sequence[str]) -> Explanation | None:
    """By what one of the names that came differs from the one that is wanted."""
    plain, spelled = wanted.strip().casefold(), _spelled(wanted)
    if any(name.strip().casefold() == plain for name in others):
        return Explanation.NAME_CASE
    if spelled and any(_spelled(name) == spelled for name in others):
        return Explanation.NAME_SPELLING
    if any(_has_prefix(name, wanted) or _has_prefix(wanted, name) for name in others):
        return Explanation.NAME_PREFIX
    return None


def _of_all_names(known: set[str], came: set[str], others: Sequence[str]) -> Explanation:
    """By what all names that came differ from those that are known."""
    if not others:
        return Explanation.ABSENT
    numbered = [all(map(_NUMBERED.fullmatch, names)) for names in (known, others)]
    if numbered[0] != numbered[1] and not known & came:
        return Explanation.NAME_POSITIONS
    few = len(known & came) < _KNOWN * len(known)
    return Explanation.OTHER_MODEL if few else Explanation.OTHER_VERSION


def _spelled(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


def _has_prefix(name: str, rest: str) -> bool:
    """Whether a name is a prefix, a separator, and the rest."""
    before = name.casefold().removesuffix(rest.casefold())
    return bool(rest) and 0 < len(before) < len(name) and _SEPARATORS.fullmatch(before[-1]) is not None


def _holds(cells: Sequence[Any], is_so: Callable[[Any], bool]) -> bool:
    return bool(cells) and sum(map(is_so, cells)) >= _MOST * len(cells)


def _is_truth(text: str) -> bool:
    return text.strip().lower() in _TRUTHS | {"0", "1"}


def _is_null(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and bool(np.isnan(value)))


def _without_zeros(text: str) -> str:
    stripped = text.strip()
    return stripped.lstrip("0") or "0" if stripped.isdigit() else stripped


def _padded(text: str) -> tuple[str, ...]:
    stripped = text.strip()
    return tuple(stripped.zfill(size) for size in range(1, _LONGEST_CODE)) if stripped.isdigit() else ()


def _cased(text: str) -> tuple[str, ...]:
    stripped = text.strip()
    return stripped.lower(), stripped.upper(), stripped.title(), stripped.capitalize()


_WAYS: tuple[tuple[Explanation, Callable[[str], str], Callable[[str], tuple[str, ...]]], ...] = (
    (Explanation.PADDING, str.strip, lambda text: (text.strip(),)),
    (Explanation.CASE, lambda text: text.strip().casefold(), _cased),
    (Explanation.ZEROS, _without_zeros, lambda text: (_without_zeros(text), *_padded(text))),
)
"""How names may differ: what is left when the difference is taken away, and what they may have been, for labels."""

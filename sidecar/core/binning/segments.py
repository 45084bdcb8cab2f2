"""Which segment of the traffic a row belongs to: by a feature's value, or by a header of the request.

A segment is a number, 0 being `other`: values that are not declared, absent values, and rows whose exchange does not tell.
How many segments there are is bounded whatever clients send. It only routes; what is watched in a segment is `segments`'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from sidecar.core.binning.bins import Feature, Kind, category, truth
from sidecar.core.binning.matching import Names, names_for
from sidecar.core.words.arrays import Codes, Numbers
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import SegmentSettings

OTHER = 0
_SPECIAL = "other"
_FEATURE, _HEADER = "feature", "header"
VALUE_CHARACTERS = 64
"""A header's value is cut here."""
_MAX_PLACES = 256
"""Lists of names in which the feature's place is remembered."""


class By(NamedTuple):
    """What segments go by; both are empty where there are none."""

    kind: str
    name: str

    @classmethod
    def of(cls, text: str) -> By:
        """Of the setting `segments.by`, which has been checked against its pattern."""
        kind, _, name = text.partition(":")
        return cls(kind, name)

    @property
    def feature(self) -> str:
        """The name of the feature; empty if it is none."""
        return self.name if self.kind == _FEATURE else ""


def shown(value: str) -> str:
    """How a segment is called: by its value, in quotes where that reads like the rest (`other`) or is empty."""
    return f'"{value}"' if value in (_SPECIAL, "") else value


class Router:
    """Numbers segments and says for each row in which it is. `names[number]` is how a segment is called."""

    def __init__(self, settings: SegmentSettings, configured: Names) -> None:
        self.by = By.of(settings.by)
        self.names = [_SPECIAL]
        self.known = self.by.kind == _FEATURE or bool(settings.values)
        """The values are declared, or those of the reference: none of them was made up by a client."""
        self.most = min(settings.max, len(settings.values)) if settings.values else settings.max
        """Segments that there may be, beside `other`."""
        self._configured = configured
        self._reference: Names = ()
        self._numbers: dict[str, int] = {}
        self._name_of: Callable[[Any], str | None] = category
        self._places: dict[tuple[Names | None, int], int | None] = {}
        self._header = self.by.name.lower().encode("latin-1") if self.by.kind == _HEADER else b""
        self._declared = bool(settings.values)
        for value in settings.values[: self.most]:
            self._add(value)

    def know(self, features: Sequence[Feature]) -> None:
        """The reference of the input side is known: its names, and its categories if no values were declared."""
        self._reference = tuple(feature.name for feature in features)
        self._places.clear()
        for feature in features:
            if feature.name == self.by.feature:
                self._name_of = truth if feature.kind is Kind.BOOLEAN else category
                for value in feature.categories[: self.most] if not self._declared else ():
                    self._add(value)

    def route(self, exchange: Exchange, frames: list[Frame]) -> list[Frame]:
        """The frames of one exchange, each with the segments of its rows.

        Rows of an answer are in the segments of the rows that were asked about if there are as many, else in the
        exchange's only segment, else in `other`.
        """
        if self._header:
            number = self._of_header(exchange)
            return [_with_segments(frame, [number] * frame.rows) for frame in frames]
        asked = next((self.rows(frame) for frame in frames if frame.side is Side.INPUT), [])
        return [_with_segments(frame, following(asked, frame.rows)) for frame in frames]

    def rows(self, frame: Frame) -> list[int]:
        """The segment of each row of an input frame, by the value of its feature."""
        place = self._place(frame)
        if place is None:
            return [OTHER] * frame.rows
        column = frame.values[place :: frame.width]
        numbers, name_of = self._numbers, self._name_of
        values = column.tolist() if isinstance(column, np.ndarray) else column
        return [
            numbers[value] if value.__class__ is str and value in numbers else numbers.get(name_of(value) or "", OTHER)
            for value in values
        ]

    def _of_header(self, exchange: Exchange) -> int:
        value = exchange.request.header(self._header)
        if not value:
            return OTHER
        text = value[:VALUE_CHARACTERS].decode("latin-1")
        number = self._numbers.get(text, OTHER)
        if number is OTHER and not self.known and len(self._numbers) < self.most:
            return self._add(text)
        return number

    def _place(self, frame: Frame) -> int | None:
        """The column that the feature is in, if there is one."""
        shape = frame.names, frame.width
        if shape not in self._places:
            if len(self._places) >= _MAX_PLACES:
                self._places.clear()
            names = names_for(*shape, self._configured, self._reference)
            self._places[shape] = names.index(self.by.name) if self.by.name in names else None
        return self._places[shape]

    def _add(self, value: str) -> int:
        if value not in self._numbers:
            self._numbers[value] = len(self.names)
            self.names.append(shown(value))
        return self._numbers[value]


def following(asked: list[int], rows: int) -> list[int]:
    """The segments of the `rows` of an answer to rows in the segments `asked`."""
    if len(asked) == rows:
        return asked
    return [asked[0] if asked and len(set(asked)) == 1 else OTHER] * rows


def _with_segments(frame: Frame, segments: list[int]) -> Frame:
    return msgspec.structs.replace(frame, segments=segments)


def split(codes: Codes, segments: Numbers) -> Iterable[tuple[int, Codes]]:
    """The columns of codes (F, n) by segment, in their order; a segment without rows has no part."""
    order = np.argsort(segments, kind="stable")
    numbers, starts = np.unique(segments[order], return_index=True)
    if len(numbers) == 1:
        return [(int(numbers[0]), codes)]
    parts = np.split(codes[:, order], starts[1:], axis=1)
    return zip(numbers.tolist(), parts, strict=True)

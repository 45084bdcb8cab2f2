"""Which segment of the traffic a row belongs to: by the value of a feature, or by a header of the request.

A segment is a number. 0 is `other`: values that are not declared, missing values, and rows whose exchange does not say.
The number of segments is bounded whatever clients send. Rows are only routed here; `watching.segment_watches` watches
each segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from sidecar.core.binning.bins import Feature, category
from sidecar.core.binning.matching import Names, names_for
from sidecar.core.words.arrays import Codes, Numbers
from sidecar.core.words.cells import listed
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.lookalikes import kind_of_column, kind_of_text
from sidecar.settings import SegmentSettings

OTHER = 0
_SPECIAL = "other"
_FEATURE, _HEADER = "feature", "header"
VALUE_CHARACTERS = 64
"""Characters of a header's value that are kept."""
_MAX_PLACES = 256
"""Lists of names for which the column of the feature is cached."""


class SegmentBy(NamedTuple):
    """What determines the segment: `kind` is `feature` or `header`; both are empty without segments."""

    kind: str
    name: str

    @classmethod
    def of(cls, text: str) -> SegmentBy:
        """From the setting `segments.by`, which was checked against its pattern."""
        kind, _, name = text.partition(":")
        return cls(kind, name)

    @property
    def feature(self) -> str:
        """The name of the feature; empty for a header."""
        return self.name if self.kind == _FEATURE else ""


def display_name(value: str) -> str:
    """The name of a segment: its value, quoted if that is `other` or empty."""
    return f'"{value}"' if value in (_SPECIAL, "") else value


class Router:
    """Numbers the segments and assigns each row to one. `names[number]` is the name of a segment."""

    def __init__(self, settings: SegmentSettings, configured: Names) -> None:
        self.by = SegmentBy.of(settings.by)
        self.names = [_SPECIAL]
        self.known = self.by.kind == _FEATURE or bool(settings.values)
        """Whether the values are declared or from the reference, so that no client made them up."""
        self.most = min(settings.max, len(settings.values)) if settings.values else settings.max
        """Most segments, beside `other`."""
        self._configured = configured
        self._reference: Names = ()
        self._numbers: dict[str, int] = {}
        self._name_of: Callable[[Any], str | None] = category
        self._places: dict[tuple[Names | None, int], int | None] = {}
        self._header = self.by.name.lower().encode("latin-1") if self.by.kind == _HEADER else b""
        self._declared = bool(settings.values)
        for value in settings.values[: self.most]:
            self._add(value)

    def use_reference(self, features: Sequence[Feature]) -> None:
        """Take up the reference of the input side: its names, and its categories if no values are declared."""
        self._reference = tuple(feature.name for feature in features)
        self._places.clear()
        for feature in features:
            if feature.name == self.by.feature:
                self._name_of = feature.named
                for value in feature.categories[: self.most] if not self._declared else ():
                    self._add(value)

    def route(self, exchange: Exchange, frames: list[Frame]) -> list[Frame]:
        """The frames of one exchange, each with the segments of its rows.

        Rows of a response are in the segments of the request's rows if there are as many, else in the only segment of the
        exchange, else in `other`.
        """
        if self._header:
            number = self._of_header(exchange)
            return [_with_segments(frame, [number] * frame.rows) for frame in frames]
        asked = next((self.rows(frame) for frame in frames if frame.side is Side.INPUT), [])
        return [_with_segments(frame, segments_of_answer(asked, frame.rows)) for frame in frames]

    def rows(self, frame: Frame) -> list[int]:
        """The segment of each row of an input frame, by the value of its feature."""
        place = self._place(frame)
        if place is None:
            return [OTHER] * frame.rows
        numbers, name_of = self._numbers, self._name_of
        values = listed(frame.column(place))
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
        if number is OTHER and self._may_name(text) and len(self._numbers) < self.most:
            return self._add(text)
        return number

    def _may_name(self, value: str) -> bool:
        """Whether a value that nobody declared may become a segment: only a header's that does not look like a secret."""
        return not (self.known or kind_of_column(self.by.name) or kind_of_text(value))

    def _place(self, frame: Frame) -> int | None:
        """The column of the feature; None if there is none."""
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
            self.names.append(display_name(value))
        return self._numbers[value]


def segments_of_answer(asked: list[int], rows: int) -> list[int]:
    """The segments of the `rows` rows of a response to rows in the segments `asked`."""
    if len(asked) == rows:
        return asked
    return [asked[0] if asked and len(set(asked)) == 1 else OTHER] * rows


def _with_segments(frame: Frame, segments: list[int]) -> Frame:
    return msgspec.structs.replace(frame, segments=segments)


def split(codes: Codes, segments: Numbers) -> Iterable[tuple[int, Codes]]:
    """(segment, its columns of codes (F, n)), in order; segments without rows are left out."""
    order = np.argsort(segments, kind="stable")
    numbers, starts = np.unique(segments[order], return_index=True)
    if len(numbers) == 1:
        return [(int(numbers[0]), codes)]
    parts = np.split(codes[:, order], starts[1:], axis=1)
    return zip(numbers.tolist(), parts, strict=True)

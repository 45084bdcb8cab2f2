"""What each endpoint but `/api/v1/status` answers, made of the other types of this package."""

from __future__ import annotations

import msgspec

from sidecar.observer.answers.changes import Change
from sidecar.observer.answers.features import Feature, RuleVerdict, Segment, SegmentBrief
from sidecar.observer.answers.status import Status
from sidecar.observer.complaints import Fault
from sidecar.observer.history import Point
from sidecar.observer.memory import Seen


class Features(msgspec.Struct, frozen=True):
    """Every feature of both sides of all streams."""

    features: list[Feature]


class Constraints(msgspec.Struct, frozen=True):
    """Every rule of the references' constraints; none where they have none."""

    rules: list[RuleVerdict]


class Segments(msgspec.Struct, frozen=True):
    """Every segment of the traffic by side; none where `segments.by` is not set."""

    segments: list[Segment]


class Changes(msgspec.Struct, frozen=True):
    """What changed last, newest first."""

    changes: list[Change]


class Faults(msgspec.Struct, frozen=True):
    """The last fault of the observer of each kind, newest first; none where nothing failed."""

    faults: list[Fault]


class Exchanges(msgspec.Struct, frozen=True):
    """The last exchanges as metadata, newest first."""

    exchanges: list[Seen]


class History(msgspec.Struct, frozen=True):
    """The traffic of the last minutes, oldest first."""

    points: list[Point]


class Look(msgspec.Struct, frozen=True):
    """All that the live page shows at one look: the data of each server-sent event."""

    status: Status
    features: list[Feature]
    segments: list[SegmentBrief]
    rules: list[RuleVerdict]
    """Those in state `violated`, the most evident first; at most 50."""
    changes: list[Change]
    exchanges: list[Seen]


class Problem(msgspec.Struct, frozen=True):
    """Why a request was not answered."""

    detail: str

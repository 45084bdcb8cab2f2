"""What `/api/v1/status` says of references, streams and what was counted of their messages."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sidecar.core.words.events import JointReport
from sidecar.core.words.frame import Side
from sidecar.core.words.view import AllFeaturesView
from sidecar.observer.answers.traffic import Model, Observer, Traffic
from sidecar.observer.history import Point


class Reference(msgspec.Struct, frozen=True):
    """What the reference says of itself."""

    name: str
    created: str
    """When it was made (ISO 8601); empty where it does not say."""


class SideStatus(msgspec.Struct, frozen=True):
    """One side of the model: what goes in, or what comes out."""

    stream: str
    """Name of its stream; empty for the primary one."""
    side: Side
    rows_total: int
    """Of accepted requests, since the observer's start."""
    window_rows: int
    """Of the open window."""
    profile: str
    """First 8 digits of the reference's digest; empty while there is none."""
    source: str
    """`file`, `learned` or `learning`."""
    learned_rows: int
    """Gathered so far while learning."""
    learn_rows: int
    """How many are needed."""
    features: int
    drifted: int
    """Features in state `drift`."""
    mismatched: Mapping[str, int]
    """Features in state `mismatch`, by the nearest explanation."""
    rules: int
    """Of the reference's constraints."""
    violated: int
    """Rules in state `violated`."""
    together: AllFeaturesView | None
    """Null while there is no reference, or one of a single feature."""
    joint: JointReport | None
    """Null before the first test, and without a reference that knows how features are correlated."""


class DecodedCount(msgspec.Struct, frozen=True):
    """Messages that a decoder read, or why it did not."""

    decoder: str
    result: str
    """`ok`, or the reason."""
    count: int


class AnsweredCount(msgspec.Struct, frozen=True):
    """Answers that name this version of the model."""

    stream: str
    """Name of its stream; empty for the primary one."""
    version: str
    count: int


class ViolationCount(msgspec.Struct, frozen=True):
    """Rows that broke the reference's schema."""

    stream: str
    """Name of its stream; empty for the primary one."""
    feature: str
    kind: str
    count: int


class StreamStatus(msgspec.Struct, frozen=True):
    """One model at one endpoint, which is watched for itself."""

    stream: str
    """Its name; empty for the primary one, which `model.name` stands for."""
    model_name: str
    """Label `model_name` of its metrics."""
    model: str
    """As requests name it; empty where they do not."""
    endpoint: str
    """The path as a template; empty before its first request."""
    digest: str
    """Of its reference; empty while there is none."""
    reference: Reference
    rows: Mapping[str, int]
    """Rows that went in, by what became of their requests: `accepted`, `refused`, `unanswered`; only the first are watched."""


class UnwatchedCount(msgspec.Struct, frozen=True):
    """Exchanges of no stream."""

    why: str
    """`full`: there are `streams.max`; `refused`, `unanswered`: no accepted answer has shown that a model is there."""
    count: int


class Status(msgspec.Struct, frozen=True):
    """How everything is, without the features' details."""

    version: str
    """Of the sidecar."""
    now: float
    """Unix seconds."""
    model: Model
    observer: Observer
    traffic: Traffic | None
    """Null until the traffic process has sent its first snapshot."""
    recent: Point | None
    """The last point of the history; null while there is none."""
    digest: str
    """Of the primary stream's reference; empty while there is none."""
    reference: Reference
    """Of the primary stream."""
    streams: list[StreamStatus]
    """The primary one first."""
    unwatched: list[UnwatchedCount]
    sides: list[SideStatus]
    """Of all streams, in their order."""
    decoded: list[DecodedCount]
    answered: list[AnsweredCount]
    violations: list[ViolationCount]
    sinks: Mapping[str, Mapping[str, int]]
    """Sink, result, events."""

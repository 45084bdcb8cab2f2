"""What a monitor watches: a stream, which is one model at one endpoint; and what became of the requests that its rows came in."""

from __future__ import annotations

import enum
from typing import NamedTuple

OTHER = "_other"
"""Stands for the name of a stream where traffic belongs to none: it is counted and not watched."""


class StreamKey(NamedTuple):
    """What a stream is told by. Versions and decoders are no part of it: a canary, or CSV beside JSON, is the same stream."""

    model: str = ""
    """The model's name as requests give it; empty where they give none."""
    endpoint: str = ""
    """The path as a template, e.g. `/v2/models/{model}/infer`; empty for rows that came in no request."""


class Answered(enum.StrEnum):
    """What became of a request. Label values `answered`; only rows of accepted ones are watched."""

    ACCEPTED = "accepted"
    """Its answer has a status of `decode.statuses`."""
    REFUSED = "refused"
    """It has another one."""
    UNANSWERED = "unanswered"
    """There was no answer, or not the whole of it: client or model went away, or the model took no connection."""
